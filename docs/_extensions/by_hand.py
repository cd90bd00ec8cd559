"""Every number that a naive twin writes, with the line that writes it.

The twin runs on lists that remember what is written to them, by which line, and from which numbers.
``_static/by-hand.js`` draws what is remembered, one number after the other.
"""

import ast
import html
import inspect
import json
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from fastscratch.reference import activations, conv2d, dense, losses, optimizers

DIGITS = 4
TIMES = "\N{MULTIPLICATION SIGN}"


class Recorder:
    """Runs functions of the reference, and remembers each number that they write."""

    def __init__(self) -> None:
        self.steps: list[dict[str, Any]] = []
        self.functions: dict[str, str] = {}
        self.title = ""

    def matrix(self, name: str, numbers: list[Any]) -> "Written":
        """Lists of numbers, nested as those given, that remember under this name."""
        return Written(self, name, (), numbers)

    def run(self, title: str, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function; the title says what its numbers are for."""
        self.title = title
        return function(*arguments)

    def wrote(self, name: str, index: tuple[int, ...], value: float, frame: FrameType) -> None:
        """Remember a number, the line that wrote it, and the arithmetic of that line."""
        code = frame.f_code
        lines, first = inspect.getsourcelines(code)
        self.functions[code.co_name] = "".join(lines)
        statement = _statement_at("".join(lines), frame.f_lineno - first + 1)
        known = frame.f_globals | frame.f_locals
        self.steps.append(
            {
                "title": self.title,
                "name": name,
                "index": index,
                "value": value,
                "function": code.co_name,
                "line": statement.lineno,
                "arithmetic": _arithmetic(statement, known),
                "at": {k: v for k, v in frame.f_locals.items() if k in ("y", "x", "ky", "kx")},
            }
        )


class Written(list[Any]):
    """A list that tells a recorder what is written to it, and by whom."""

    def __init__(self, recorder: Recorder, name: str, index: tuple[int, ...], numbers: list[Any]):
        def inner(i: int, entry: Any) -> Any:
            nested = isinstance(entry, list)
            return Written(recorder, name, (*index, i), entry) if nested else entry

        super().__init__(inner(i, entry) for i, entry in enumerate(numbers))
        self.recorder, self.name, self.index_of_list = recorder, name, index

    def __setitem__(self, i: Any, value: Any) -> None:
        # Before the list changes: the arithmetic needs the number that is replaced.
        self.recorder.wrote(self.name, (*self.index_of_list, i), value, sys._getframe(1))
        super().__setitem__(i, value)


def _statement_at(source: str, line: int) -> ast.Assign | ast.AugAssign:
    """The assignment of a function that has this line, counted from the function's first."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assign | ast.AugAssign) and _covers(node, line):
            return node
    raise LookupError(f"line {line} assigns nothing")


def _covers(node: ast.stmt, line: int) -> bool:
    return node.lineno <= line <= (node.end_lineno or node.lineno)


def _arithmetic(statement: ast.Assign | ast.AugAssign, known: dict[str, Any]) -> str:
    """The right side of an assignment, with numbers in the place of names."""
    right: ast.expr = statement.value
    if isinstance(statement, ast.AugAssign):
        old = ast.parse(ast.unparse(statement.target), mode="eval").body
        right = ast.BinOp(old, statement.op, right)
    return ast.unparse(_Numbers(known).visit(right)).replace("math.", "").replace("*", TIMES)


class _Numbers(ast.NodeTransformer):
    """Puts numbers in the place of names and of elements of lists."""

    def __init__(self, known: dict[str, Any]) -> None:
        self.known = known

    def _number(self, node: ast.expr) -> ast.expr:
        value = eval(ast.unparse(node), self.known)
        if not isinstance(value, int | float):
            return node
        rounded = round(value, DIGITS)
        return ast.Constant(int(rounded) if rounded == int(rounded) else rounded)

    visit_Name = visit_Subscript = _number  # noqa: N815 -- names of ast

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        """A number of the source, written like the others."""
        return self._number(node)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """The arguments of a function, but not its name; a length is a number."""
        if ast.unparse(node.func) == "len":
            return self._number(node)
        node.args = [self.visit(argument) for argument in node.args]
        return node


def training_step() -> dict[str, Any]:
    """One step of a network with two inputs, two hidden units and an output.

    Returns
    -------
    dict
        The numbers at the start, the steps, and the lines of the functions.
    """
    r = Recorder()
    start = {
        "x": [[1.0, 2.0]],
        "W1": [[0.5, -0.3], [0.2, 0.8]],
        "b1": [0.0, 0.0],
        "W2": [[1.0], [-1.0]],
        "b2": [0.0],
        "y": [1.0],
    }
    x, y = start["x"], start["y"]
    w1, b1, w2, b2 = (r.matrix(name, start[name]) for name in ("W1", "b1", "W2", "b2"))
    z1, a1 = r.matrix("z1", [[0.0, 0.0]]), r.matrix("a1", [[0.0, 0.0]])
    z2, a2 = r.matrix("z2", [[0.0]]), r.matrix("a2", [[0.0]])
    dz1, da1 = r.matrix("dz1", [[0.0, 0.0]]), r.matrix("da1", [[0.0, 0.0]])
    dz2 = r.matrix("dz2", [[0.0]])
    dw1, db1 = r.matrix("dW1", [[0.0, 0.0], [0.0, 0.0]]), r.matrix("db1", [0.0, 0.0])
    dw2, db2 = r.matrix("dW2", [[0.0], [0.0]]), r.matrix("db2", [0.0])

    r.run("Forward: the scores of the hidden units", dense.dense_forward, z1, x, w1, b1)
    r.run("Forward: the hidden units", activations.sigmoid_forward, a1[0], z1[0])
    r.run("Forward: the score of the output", dense.dense_forward, z2, a1, w2, b2)
    r.run("Forward: the output", activations.sigmoid_forward, a2[0], z2[0])
    backward = losses.multilabel_crossentropy_backward
    r.run("Backward: the output less the target", backward, dz2[0], z2[0], y)
    weight, hand_down = dense.dense_backward_weight, dense.dense_backward_input
    r.run("Backward: the weights of the output", weight, dw2, db2, a1, dz2)
    r.run("Backward: handed down to the hidden units", hand_down, da1, dz2, w2)
    sigmoid = activations.sigmoid_backward
    r.run("Backward: through the sigmoids", sigmoid, dz1[0], z1[0], a1[0], da1[0])
    r.run("Backward: the weights of the hidden units", weight, dw1, db1, x, dz1)
    for weights, gradient in ((w1, dw1), ([b1], [db1]), (w2, dw2), ([b2], [db2])):
        for row, slope in zip(weights, gradient, strict=True):
            r.run("Update, at the learning rate 0.5", optimizers.sgd_step, row, slope, 0.5)
    return {"kind": "network", "start": start, "steps": r.steps, "functions": r.functions}


def convolution() -> dict[str, Any]:
    """One filter of 3 x 3 over an image of 5 x 5.

    Returns
    -------
    dict
        As :func:`training_step` returns.
    """
    r = Recorder()
    image = [[0.0, 0.0, 1.0, 2.0, 2.0] for _ in range(5)]
    image[4] = [2.0, 2.0, 2.0, 2.0, 2.0]
    kernel = [[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]
    out = r.matrix("out", [[0.0] * 3 for _ in range(3)])
    r.run("The window slides over the image", conv2d.conv2d_image_forward, out, image, kernel)
    start = {"image": image, "kernel": kernel}
    return {"kind": "convolution", "start": start, "steps": r.steps, "functions": r.functions}


PAGES = {"network": training_step, "convolution": convolution}


def fragment(kind: str) -> str:
    """The part of a page that the script fills, with all numbers in a table for those without it.

    Parameters
    ----------
    kind : {"network", "convolution"}

    Returns
    -------
    str
        HTML.
    """
    data = PAGES[kind]()
    for name, source in data["functions"].items():
        lines = source.splitlines()
        body = ast.parse(source).body[0]
        assert isinstance(body, ast.FunctionDef)
        docstring = body.body[0]
        hidden = range(docstring.lineno, (docstring.end_lineno or docstring.lineno) + 1)
        numbered = [[i, line] for i, line in enumerate(lines, 1) if i not in hidden]
        data["functions"][name] = numbered
    rows = "".join(
        f"<tr><td>{step['name']}{list(step['index'])}</td>"
        f"<td>{html.escape(step['arithmetic'])}</td><td>{step['value']:.{DIGITS}f}</td></tr>"
        for step in data["steps"]
    )
    text = json.dumps(data).replace("<", "\\u003c")
    return (
        f'<div class="by-hand" id="{kind}"><script type="application/json">{text}</script></div>'
        f"<details><summary>All {len(data['steps'])} numbers at once</summary>"
        f'<div class="pst-scrollable-table-container"><table class="table">{rows}</table></div>'
        "</details>"
    )
