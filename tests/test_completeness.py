"""The house is complete and its walls hold; the truth is the source text itself.

Every kernel has a twin, a case, a docstring and a caller, every twin a kernel or an operation of a
program, and each module imports only what it may (`CONTRIBUTING.md`, "The walls").
"""

import ast
import doctest
import functools
import importlib
import inspect
import os
import pkgutil
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import fastscratch
from fastscratch import kernels, reference
from fastscratch.cases import CASES
from fastscratch.kernels import KERNELS

PACKAGE = Path(fastscratch.__file__).parent
KERNELS_FOLDER = Path(kernels.__file__).parent
KERNEL_SOURCES = sorted(KERNELS_FOLDER.rglob("*.py"))
REFERENCE_SOURCES = sorted((PACKAGE / "reference").rglob("*.py"))
LAYER_SOURCES = sorted(set(PACKAGE.rglob("*.py")) - set(REFERENCE_SOURCES) - set(KERNEL_SOURCES))
#: Where kernels and twins stand side by side.
SIDE_BY_SIDE = ("cases", "demo", "examples")
SOURCES = [*KERNEL_SOURCES, *REFERENCE_SOURCES, *LAYER_SOURCES]

TWIN_MODULES = {
    module.name: importlib.import_module(f"fastscratch.reference.{module.name}")
    for module in pkgutil.iter_modules(reference.__path__)
}
TWINS = {
    f"{file}.{name}": twin
    for file, module in TWIN_MODULES.items()
    for name, twin in vars(module).items()
    if inspect.isfunction(twin) and twin.__module__ == module.__name__ and name[0] != "_"
}

#: Files of the reference that are not twins of kernels: together with the package of its layers
#: they are the naive network, whose counterparts are the models of the package.
NAIVE_NETWORK = {"initializers", "nested", "network", "neural_network", "objective", "train"}


@functools.cache
def tree(source):
    return ast.parse(source.read_text(encoding="utf-8"))


def module_name(source):
    if source in KERNEL_SOURCES:
        parts = source.relative_to(KERNELS_FOLDER).with_suffix("").parts
        return ".".join(["fastscratch.kernels", *parts])
    return ".".join(source.relative_to(PACKAGE.parent).with_suffix("").parts)


def file_of(function):
    return function.__module__.rpartition(".")[2]


def parameters(function):
    return list(inspect.signature(function).parameters)


def documented_parameters(function):
    """Names under "Parameters" in a numpydoc docstring, or None without that section."""
    section = re.search(
        r"^Parameters\n-{10}\n(.*?)(?:\n\n[A-Z]\w+( \w+)?\n-+\n|\Z)",
        inspect.getdoc(function) or "",
        re.DOTALL | re.MULTILINE,
    )
    if section is None:
        return None
    heads = re.findall(r"^(\w[\w, ]*?)(?: :.*)?$", section[1], re.MULTILINE)
    return [name for head in heads for name in head.split(", ")]


# --- kernels and twins ----------------------------------------------------------------------------


def test_every_kernel_has_a_twin_with_its_parameters():
    for name, kernel in KERNELS.items():
        twin = TWINS[f"{file_of(kernel)}.{name}"]
        assert parameters(twin) == parameters(kernel), name


def test_every_kernel_has_cases():
    typical = [case.kernel for case in CASES if case.typical]  # those that benchmarks take
    assert sorted(typical) == sorted(KERNELS)
    assert len({str(case) for case in CASES}) == len(CASES)


#: What only the operations of a program do (`kernels/program/`).
OF_PROGRAMS = (
    "dense.dense_backward_input",
    "dense.dense_backward_weight",
    "dropout.dropout_backward",
    "dropout.dropout_forward",
    "normalization.batch_norm_backward",
    "normalization.batch_norm_forward",
    "optimizers.optimizer_step",
    "pooling.global_average_pool2d_backward",
    "pooling.global_average_pool2d_forward",
)


def test_every_twin_has_a_kernel():
    for name in TWINS:
        file, _, function = name.partition(".")
        if file not in NAIVE_NETWORK:
            kernels_of_file = importlib.import_module(f"fastscratch.kernels.{file}")
            assert hasattr(kernels_of_file, function) != (name in OF_PROGRAMS), name


def definitions(source):
    """What each name at the top of a file of kernels refers to, as (file, name)."""
    statements = tree(source).body
    known = {
        alias.asname or alias.name: (node.module, alias.name)
        for node in statements
        if isinstance(node, ast.ImportFrom) and node.level
        for alias in node.names
    }
    for node in statements:
        targets = getattr(node, "targets", [node])
        names = [getattr(target, "name", getattr(target, "id", None)) for target in targets]
        known |= {name: (source.stem, name) for name in names if name}
    for node in statements:
        found = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} & set(known)
        for target in getattr(node, "targets", [node]):
            name = getattr(target, "name", getattr(target, "id", None))
            yield (source.stem, name), {known[used] for used in found}


def used_kernels(source):
    """The kernels, as (file, name), that a file imports, or takes from a module of them."""
    for name in imports(source):
        parts = name.split(".")
        if parts[:2] == ["fastscratch", "kernels"] and len(parts) == 4:
            yield parts[2], parts[3]
    for node in ast.walk(tree(source)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, (ast.Attribute, ast.Name)):
            yield getattr(node.value, "attr", getattr(node.value, "id", "")), node.attr


def test_every_kernel_is_called():
    """By the engine, an operation of a program, a public function or an estimator."""
    own = [source for source in KERNEL_SOURCES if source.parent == KERNELS_FOLDER]
    uses = {name: used for source in own for name, used in definitions(source)}
    callers = [
        source
        for source in [*LAYER_SOURCES, *KERNEL_SOURCES]
        if source not in own and source.parent.name not in SIDE_BY_SIDE
    ]
    reached = set()
    waiting = {name for source in callers for name in used_kernels(source)} & set(uses)
    while waiting:
        name = waiting.pop()
        reached.add(name)
        waiting |= (uses[name] & set(uses)) - reached
    assert {name for _, name in reached} >= set(KERNELS)


def test_docstrings_name_every_parameter():
    for function in [*KERNELS.values(), *TWINS.values()]:
        assert documented_parameters(function) == parameters(function), function


def test_every_kernel_module_is_listed():
    """A module with `__all__` that `MODULES` forgets would be tested by nothing."""
    policy = {"ahead", "cache", "claims", "entry", "interrupts", "jit", "jobs"}
    policy |= {"machine_code", "threads"}
    hardware = {"denormals", "instructions", "llvm", "machine", "tile_code", "tiles"}
    parts = {"call", "chunks", "codes", "depthwise", "dropout", "elementary", "finite", "sums"}
    parts |= {"checks", "conv2d_maxima", "past_caches", "powers", "runs", "wide", "windows"}
    helpers = policy | hardware | parts | {"custom", "mostly_zeros", "winograd"}
    files = {source.stem for source in KERNELS_FOLDER.glob("*.py")} - {"__init__"} - helpers
    assert files == {file_of(module_kernel) for module_kernel in KERNELS.values()}
    assert files == {module.__name__.rpartition(".")[2] for module in kernels.MODULES}


@pytest.mark.slow
def test_names_of_tests_are_the_same_in_every_process(request):
    """No address, time or order of a set: the processes of pytest share out the tests by name."""
    files = {str(item.path) for item in request.session.items}
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
    out = subprocess.run(
        [*command, *files],
        cwd=request.config.rootpath,
        env=os.environ | {"PYTHONHASHSEED": "12345"},
        capture_output=True,
        text=True,
    )
    assert {item.nodeid for item in request.session.items} <= set(out.stdout.splitlines())


@pytest.mark.parametrize(
    "how",
    [
        ["-c", "import script"],
        pytest.param(["script.py"], marks=pytest.mark.slow),
        pytest.param(["-m", "script"], marks=pytest.mark.slow),
    ],
)
def test_a_script_beside_a_checkout_of_the_same_name(tmp_path, how):
    """Python would import the folder as a namespace if the package were not on the path too."""
    checkout = Path(__file__).parents[1]
    settings = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))
    assert settings["tool"]["hatch"]["build"]["dev-mode-dirs"] == ["."]  # what PYTHONPATH is below
    try:
        (tmp_path / "fastscratch").symlink_to(checkout, target_is_directory=True)
    except OSError:
        pytest.skip("links need a right here")
    script = "import fastscratch; print(fastscratch.Sequential.__name__, fastscratch.kernels)"
    (tmp_path / "script.py").write_text(script)
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "fastscratch")}
    out = subprocess.run(
        [sys.executable, *how], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert out.stdout.startswith("Sequential <module 'fastscratch.kernels'"), out.stderr


def test_public_names_exist_and_have_docstrings():
    for name in fastscratch.__all__:
        assert getattr(fastscratch, name).__doc__, name


#: The modules that the reference of the site shows.
REFERENCE_PAGES = re.findall(
    r"^   fastscratch\.([a-z_.]+)$",
    (PACKAGE.parent / "docs" / "reference" / "index.rst").read_text(encoding="utf-8"),
    re.MULTILINE,
)


def test_the_reference_has_every_public_name():
    assert set(fastscratch.__all__) <= {
        *REFERENCE_PAGES,
        *(name for page in ("models", "layers", "callbacks") for name in public_names(page)),
    }


def public_names(page):
    """What has a page of its own on the site: the functions and classes of a module."""
    thing = getattr(fastscratch, page, None)
    if callable(thing):
        return {page: thing}
    thing = importlib.import_module(f"fastscratch.{page}")
    things = {name: getattr(thing, name) for name in thing.__all__}
    return {name: one for name, one in things.items() if callable(one)}


@pytest.mark.parametrize("page", REFERENCE_PAGES)
def test_public_names_have_an_example_and_say_what_they_return(page):
    """Of a use that is right; `test_docstring_examples_run` runs it."""
    for name, thing in public_names(page).items():
        text = inspect.getdoc(thing)
        assert "\nExamples\n--------\n>>> " in text, name
        if inspect.isfunction(thing) and inspect.signature(thing).return_annotation is not None:
            assert "\nReturns\n-------\n" in text, name


@pytest.mark.parametrize(
    "source",
    [source for source in SOURCES if ">>> " in source.read_text(encoding="utf-8")],
    ids=module_name,
)
def test_docstring_examples_run(source):
    """Each example shows what it really prints."""
    assert doctest.testmod(importlib.import_module(module_name(source))).failed == 0


# --- the walls ------------------------------------------------------------------------------------


@functools.cache
def imports(source):
    """Absolute names of all modules that a file imports, at its top or inside functions."""
    package = module_name(source).split(".")[:-1]
    found = []
    for node in ast.walk(tree(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else []
            path = ".".join([*base, *filter(None, [node.module])])
            found += [f"{path}.{alias.name}" for alias in node.names]
    return found


def stands_under(name, packages):
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def assert_none_imports(sources, forbidden):
    """No file imports a module that is forbidden, of which a function of its name decides."""
    found = {
        module_name(source): wrong
        for source in sources
        if (wrong := [name for name in imports(source) if forbidden(name)])
    }
    assert found == {}


def test_kernels_import_numpy_numba_and_themselves():
    speak_numba = {"ahead", "cache", "elementary", "entry", "jit", "jobs"}
    speak_llvm = {"denormals", "instructions", "llvm", "machine", "tile_code", "tiles"}
    speak_llvm |= {"cache", "threads", "call", "machine_code", "powers", "program.atomics", "runs"}
    for source in KERNEL_SOURCES:
        allowed = ["numpy", "fastscratch.kernels", *sys.stdlib_module_names]
        name = module_name(source).removeprefix("fastscratch.kernels.")
        if name in speak_numba | speak_llvm:
            allowed += ["numba"]
        if name in speak_llvm:
            allowed += ["llvmlite"]
        assert_none_imports([source], lambda name, allowed=allowed: not stands_under(name, allowed))


def test_kernels_know_nothing_of_programs():
    """The operations of a program call the kernels, and never the other way round."""
    own = [source for source in KERNEL_SOURCES if source.parent == KERNELS_FOLDER]
    assert_none_imports(own, lambda name: "fastscratch.kernels.program" in name)


#: What each part of the Python layer imports, apart from itself, the kernels, `addresses`,
#: `validation` and `wording`.
PARTS = {
    "layers": {"activations", "constraints", "initializers", "regularizers"},
    "engine": {"activations", "constraints", "layers", "output", "regularizers", "utils"},
    "models": {
        *("activations", "callbacks", "conversion", "engine", "layers", "losses", "metrics"),
        *("notebook", "optimizers", "output", "utils"),
    },
}


def test_models_stand_on_the_engine_and_the_engine_on_layers():
    for part, others in PARTS.items():
        allowed = {part, "kernels", "addresses", "validation", "wording", *others}
        assert_none_imports(
            [source for source in LAYER_SOURCES if source.parent.name == part],
            lambda name, allowed=allowed: (
                name.startswith("fastscratch.") and name.split(".")[1] not in allowed
            ),
        )


def test_reference_imports_math_and_itself():
    allowed = ["math", "fastscratch.reference"]
    assert_none_imports(REFERENCE_SOURCES, lambda name: not stands_under(name, allowed))


def test_python_layer_leaves_numba_to_the_kernels_and_twins_to_tests():
    assert_none_imports(LAYER_SOURCES, lambda name: stands_under(name, ["numba", "llvmlite"]))
    apart = [source for source in LAYER_SOURCES if source.parent.name not in SIDE_BY_SIDE]
    assert_none_imports(apart, lambda name: stands_under(name, ["fastscratch.reference"]))


def test_compiler_flags_stand_in_one_module():
    decorators = {"njit", "jit", "vectorize", "guvectorize", "stencil", "cfunc", "prange"}
    others = [source for source in SOURCES if source != KERNELS_FOLDER / "jit.py"]
    assert_none_imports(others, lambda name: name in {f"numba.{d}" for d in decorators})
    for source in others:
        for node in ast.walk(tree(source)):
            if isinstance(node, ast.keyword):
                assert node.arg != "fastmath", source
            elif isinstance(node, ast.Constant):
                assert node.value != "fastmath", source
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                assert not (node.value.id == "numba" and node.attr in decorators), source


def test_estimators_need_neither_pandas_nor_formulaic(child):
    code = """
import sys
sys.modules["pandas"] = sys.modules["formulaic"] = None
from fastscratch.linear_model import LinearRegression
print(LinearRegression().fit([[0.0], [1.0], [3.0]], [0.0, 1.0, 2.0]).summary().df_resid)
"""
    assert child(code).strip() == "1"


def test_import_is_light(child):
    extras = ["matplotlib", "pandas", "sklearn", "formulaic", "onnx", "mpi4py", "tqdm", "asv"]
    code = f"import sys, fastscratch; print(sorted(set({extras}) & set(sys.modules)))"
    assert child(code).strip() == "[]"
