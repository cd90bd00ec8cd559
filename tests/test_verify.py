"""The report of kernels and of training: what is wrong is told, and stops nothing else."""

import inspect
import re

import numpy as np
import pytest

import fastscratch
from fastscratch import cli
from fastscratch.cases import CASES, Case
from fastscratch.comparison import EACH, TERMS, compare
from fastscratch.examples import FILES
from fastscratch.examples import comparison as training
from fastscratch.kernels import KERNELS

FEW = [case for case in CASES if case.kernel in ("random_uniform", "relu_forward", "matmul")]
FEW = [case for case in FEW if not case.typical]

FEW_EXAMPLES = {"dense": FILES["dense"][:2], "learning": FILES["learning"][:1]}


@pytest.fixture
def few_cases(monkeypatch):
    names = [example.name for examples in FEW_EXAMPLES.values() for example in examples]
    monkeypatch.setattr("fastscratch.cases.CASES", FEW)
    monkeypatch.setattr("fastscratch.examples.FILES", FEW_EXAMPLES)
    monkeypatch.setattr("fastscratch.examples.EXAMPLES", dict.fromkeys(names))


def slightly_wrong(a, z):
    """ReLU, but for one result that is off by 17 ulp; the bound is 16."""
    a[:] = np.maximum(z, 0)
    worst = a.argmax()
    for _ in range(17):
        a[worst] = np.nextafter(a[worst], a.dtype.type(np.inf))


def unwritten(a, z):
    """A kernel that writes nothing."""


def raising(a, z):
    raise ZeroDivisionError("by zero")


@pytest.mark.usefixtures("few_cases")
def test_report_of_right_kernels():
    before = fastscratch.get_num_threads()
    report = fastscratch.verify()
    assert report.wrong == []
    assert [comparison.case for comparison in report.comparisons[::2]] == FEW
    assert {
        file: [trained.example for trained in compared[::2]]
        for file, compared in report.trainings.items()
    } == {file: [example.name for example in group] for file, group in FEW_EXAMPLES.items()}
    assert fastscratch.get_num_threads() == before
    text = str(report)
    for name in ("fastscratch", "numba", "llvmlite", fastscratch.threading_layer(), "bytes"):
        assert name in text
    for kernel, count in (("random_uniform", 2), ("relu_forward", 3), ("matmul", 18)):
        assert re.search(rf"^{kernel} +{count} ", text, re.MULTILINE)
    for file, count in (("dense", 2), ("learning", 1)):
        for dtype in ("float32", "float64"):
            assert re.search(rf"^{file} +{dtype} +{count} ", text, re.MULTILINE)
    last = f"All right: {2 * len(FEW)} comparisons of kernels and twins and 6 of trained networks"
    assert text.splitlines()[-1].startswith(last)


@pytest.mark.parametrize(
    ("kernel", "trouble"),
    [
        (slightly_wrong, "off by 17 ulp, bound 16"),
        pytest.param(
            unwritten, "a result is not finite, or was not written", marks=pytest.mark.slow
        ),
        pytest.param(raising, "raises ZeroDivisionError: by zero", marks=pytest.mark.slow),
    ],
)
@pytest.mark.usefixtures("few_cases")
def test_a_wrong_kernel_is_reported_and_stops_nothing(monkeypatch, capsys, kernel, trouble):
    kernel.__module__ = KERNELS["relu_forward"].__module__  # where its twin is looked for
    monkeypatch.setitem(KERNELS, "relu_forward", kernel)
    assert cli.main(["verify"]) == 1
    out, err = capsys.readouterr()
    assert f"relu_forward-odd float32: {trouble}" in out
    assert f"relu_forward-odd float64: {trouble}" in out
    assert re.search(r"^relu_forward .* WRONG$", out, re.MULTILINE)
    assert re.search(r"^matmul .* terms$", out, re.MULTILINE)
    assert "WRONG: 6 of" in out.splitlines()[-1]  # three cases, two types
    assert "Traceback" not in err


@pytest.mark.slow
@pytest.mark.usefixtures("few_cases")
def test_bits_that_hang_on_the_threads_are_reported(monkeypatch):
    monkeypatch.setattr("fastscratch.comparison.same_bits", lambda case, dtype: case != FEW[0])
    monkeypatch.setattr(training, "_same_bits", lambda one, other: False)
    monkeypatch.setattr(training, "get_num_threads", lambda: 2)
    wrong = [
        f"{name} {dtype}: other bits on one thread than on all"
        for name in (FEW[0], *(e.name for group in FEW_EXAMPLES.values() for e in group))
        for dtype in ("float32", "float64")
    ]
    assert fastscratch.verify().wrong == wrong


@pytest.mark.slow
@pytest.mark.usefixtures("few_cases")
def test_wrong_training_is_reported_and_stops_nothing(monkeypatch, capsys):
    right, first = training.train, FEW_EXAMPLES["dense"][0]

    def train(example, model, threads):
        if example is first:
            raise FloatingPointError("diverged")
        trained = right(example, model, threads)
        if example.optimizer is FEW_EXAMPLES["learning"][0].optimizer:
            trained.weights[0][0, 0] += 0.125
        return trained

    monkeypatch.setattr(training, "train", train)
    assert cli.main(["verify"]) == 1
    out, err = capsys.readouterr()
    for dtype in ("float32", "float64"):
        assert f"{first.name} {dtype}: raises FloatingPointError: diverged" in out
        assert re.search(rf"SGD, decaying {dtype}: weights off by \S+ units of roundoff", out)
        assert re.search(rf"^dense +{dtype} +2 .* WRONG$", out, re.MULTILINE)
    assert "WRONG: 4 of" in out.splitlines()[-1]
    assert "Traceback" not in err


def off_by_24(name):
    """A kernel of that name whose result is the known one and 24."""

    def kernel(*arguments):
        arguments[0][...] = KNOWN[name] + 24

    kernel.__signature__ = inspect.signature(KERNELS[name])
    kernel.__module__ = KERNELS[name].__module__
    return kernel


# In float32 neighbours are 16 apart at 2e8 + 1, 8 apart at 1e8.
KNOWN = {"matmul": 1.0, "relu_forward": 1e8, "sgd_step": -200.0}
HAND_WORKED = [
    # 1 + 1e8 - 1e8: the terms are of another size than their sum
    ("matmul", {"c": [[0]], "a": [[1, 1, 1]], "b": [[1], [1e8], [-1e8]]}, "c", 24 / 16),
    ("relu_forward", {"a": [0], "z": [1e8]}, "a", 24 / 8),
    # the case's scale, 1e8, is larger than the result
    ("sgd_step", {"parameters": [-100], "gradient": [50], "learning_rate": 2.0}, "parameters", 3),
]


@pytest.mark.parametrize(("name", "arguments", "output", "ulp"), HAND_WORKED)
def test_ulp_by_hand(monkeypatch, name, arguments, output, ulp):
    monkeypatch.setitem(KERNELS, name, off_by_24(name))
    arrays = {
        key: np.array(value, float) if isinstance(value, list) else value
        for key, value in arguments.items()
    }
    case = Case(name, "by hand", lambda rng: arrays, (), (output,), 2, scale=1e8)
    comparison = compare(case, np.float32)
    assert comparison.ulp == ulp
    assert comparison.share == ulp / 2
    assert bool(comparison.trouble) == (ulp > 2)


def test_kinds_name_kernels():
    assert not EACH & TERMS
    assert set(KERNELS) >= EACH | TERMS
