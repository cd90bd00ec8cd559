"""The lines of twins and kernels, read from the source, without their docstrings."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = {"twin": "fastscratch/reference", "kernel": "kernels"}


def source_of(kind: str, name: str) -> tuple[str, str]:
    """The file of a function, from the root, and its lines.

    Parameters
    ----------
    kind : {"twin", "kernel"}
    name : str
        Module and function, with a dot between them.

    Returns
    -------
    file, code : str
    """
    module, function = name.rsplit(".", 1)
    file = f"{FOLDERS[kind]}/{module.replace('.', '/')}.py"
    text = (ROOT / file).read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == function:
            return file, _without_docstring(text.splitlines(), node)
    raise LookupError(f"{file} has no function {function}")


def _without_docstring(lines: list[str], node: ast.FunctionDef | ast.ClassDef) -> str:
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    kept = list(range(first, (node.end_lineno or first) + 1))
    if ast.get_docstring(node) is not None:
        docstring = node.body[0]
        hidden = range(docstring.lineno, (docstring.end_lineno or docstring.lineno) + 1)
        kept = [number for number in kept if number not in hidden]
    return "\n".join(lines[number - 1].partition("  # noqa")[0] for number in kept)


def columns(directive: str, names: str, kernels: str | None = None) -> list[list[tuple[str, str]]]:
    """What a directive shows, side by side.

    Parameters
    ----------
    directive : {"twin", "kernel", "beside"}
    names : str
        Its argument.
    kernels : str, optional
        Its option ``:kernel:``.

    Returns
    -------
    list of list of (str, str)
        For each column the files and the lines.
    """
    if directive != "beside":
        return [[source_of(directive, name) for name in names.split()]]
    twins = [source_of("twin", name) for name in names.split()]
    return [twins, [source_of("kernel", name) for name in (kernels or names).split()]]
