"""The demo: every step meets its known answers, says so if not, and draws its pictures."""

import io
import sys
import time

import numpy as np
import pytest
from children import run

from fastscratch import cli
from fastscratch.datasets import load_mnist
from fastscratch.demo import (
    convolution,
    convolutional_network,
    linear_regression,
    logistic_regression,
    neural_network,
    softmax_regression,
)
from fastscratch.demo.report import Report, counted, duration
from fastscratch.kernels import cache

PNG = b"\x89PNG\r\n"


@pytest.fixture
def report(tmp_path):
    return Report(tmp_path / "pictures")


def few_digits(n=300):
    (x, y), (x_test, y_test) = load_mnist()
    return (x[:n], y[:n]), (x_test[:n], y_test[:n])


@pytest.mark.parametrize(
    ("run", "answers", "names"),
    [
        (linear_regression.run, 6, ["1-linear-regression.png"]),
        (logistic_regression.run, 3, ["2-logistic-regression.png"]),
        pytest.param(
            *(softmax_regression.run, 5, ["3-softmax-regression.png"]), marks=pytest.mark.slow
        ),
        pytest.param(
            lambda report: convolution.run(report, 1),
            2,
            ["5-filters.png", "5-feature-maps.png"],
            marks=pytest.mark.slow,
        ),
    ],
    ids=["linear", "logistic", "softmax", "convolution"],
)
def test_step_meets_its_known_answers(report, capsys, run, answers, names):
    run(report)
    assert report.met == [True] * answers, capsys.readouterr().out
    assert report.pictures == names
    for name in names:
        assert (report.folder / name).read_bytes().startswith(PNG)


def test_iris_network_meets_the_essay(report):
    losses = neural_network.iris(report, seed=0)
    assert report.met == [True]
    assert len(losses) == 30
    assert losses[-1] < losses[0] / 5


@pytest.mark.slow
def test_digits_are_learnt_and_a_missed_answer_is_said(report, capsys, monkeypatch):
    monkeypatch.setattr(neural_network, "IRIS_SPLITS", 2)
    neural_network.run(report, few_digits(), seed=0)
    # 300 digits do not make a network as good as 14,000 do.
    assert report.met[1:] == [False, False]
    assert report.pictures == ["4-training.png", "4-mistakes.png"]
    assert not report.finish()
    out = capsys.readouterr().out
    assert "DOES NOT MATCH within 1" in out
    assert "2 of 3 known answers MISSED." in out
    assert str(report.folder) in out


def test_convolutional_network_draws_what_it_learned(report, monkeypatch):
    monkeypatch.setattr(convolutional_network, "EPOCHS", 1)
    convolutional_network.run(report, few_digits(), seed=0)
    assert report.met == [False]
    assert report.pictures == ["6-filters.png", "6-feature-maps.png"]


def test_training_is_reproducible():
    (x, labels), _ = few_digits(100)
    x, y = x.reshape(100, -1) / 255, np.eye(10)[labels]

    def losses():
        neural_network.set_random_seed(3)
        model = neural_network.network((784, 100, 10), neural_network.RELU_SOFTMAX, 0.1)
        return neural_network.train(model, x, y, 2)[0]

    assert losses() == losses()


CHILD = """
    import numpy as np

    from fastscratch import demo
    from fastscratch.demo.report import Report
    from fastscratch.kernels.activations import relu_forward

    for step in (demo.logistic_regression, demo.softmax_regression, demo.neural_network,
                 demo.convolution, demo.convolutional_network):
        step.run = lambda *_: None
    demo.linear_regression.run = lambda _: relu_forward(np.zeros(3), np.zeros(3))
    demo.run(Report("pictures"), None)
    print("missing:", demo.cache.missing)
"""


def test_no_notice_of_compiling_inside_the_report(tmp_path, monkeypatch):
    """The report tells how long it took; the notice would stand in the middle of it."""
    monkeypatch.chdir(tmp_path)
    out, err = run(CHILD, NUMBA_CACHE_DIR=tmp_path / "cache")
    assert err == ""
    assert "All 0 known answers met." in out
    assert out.endswith("missing: activations.relu_forward")


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_the_clock_tells_which_kernel_is_compiled_and_for_which_step(report, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    seconds = iter((2.5, 0))

    def compile_something():
        monkeypatch.setattr(cache, "missing", "activations.sigmoid_forward")
        time.sleep(next(seconds))

    report.title("2. Logistic regression: versicolor or virginica")
    report.compile(compile_something)
    assert "compiling for step 2 of 6, activations.sigmoid_forward: 00:0" in terminal.getvalue()


@pytest.mark.slow
def test_whole_demo(capsys, tmp_path):
    assert cli.main(["demo", "--output", str(tmp_path), "--seed", "1"]) == 0
    out = capsys.readouterr().out
    assert "All 20 known answers met." in out
    assert max(len(line) for line in out.splitlines()) <= 100
    assert str(tmp_path) in out
    written = sorted(path.name for path in tmp_path.iterdir())
    assert len(written) == 10
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 1.5e6
    assert all(f"  {name}\n" in out for name in written)


def test_speeds_are_drawn_by_step(report):
    report.title("1. Linear regression: sepal length")
    report.speed("closed form", 1e-3, 0.25)
    assert report.ratios == {"Linear regression, closed form": 250}
    report.picture_of_speeds()
    assert (report.folder / "speed-ups.png").read_bytes().startswith(PNG)


@pytest.mark.parametrize(
    ("found", "known", "within", "met", "verdict"),
    [
        ((1.0, 2.0), (1.0, 2.0005), 1e-3, True, "matches within 0.001"),
        ((1.0, 2.0), (1.0, 2.002), 1e-3, False, "DOES NOT MATCH within 0.001"),
        (np.nan, 1.0, 1e-3, False, "DOES NOT MATCH within 0.001"),
        (3, 3, 0, True, "matches exactly"),
        (97.2, 97, None, True, "reached"),
        (96.9, 97, None, False, "NOT REACHED"),
        (np.nan, 97, None, False, "NOT REACHED"),
    ],
)
def test_verdicts_are_computed(report, capsys, found, known, within, met, verdict):
    report.check("a number", (), found, known, "someone", within=within)
    assert report.met == [met]
    assert capsys.readouterr().out.endswith(f"   {verdict}\n")


def test_a_missing_error_is_a_missed_answer(report, capsys):
    report.refusal("a call", lambda: None)
    assert report.met == [False]
    assert "a call: NO ERROR" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (4.56e-8, "0.05 us"),
        (4.56e-6, "4.56 us"),
        (0.0123, "12.3 ms"),
        (1.5, "1.50 s"),
        (119, "119 s"),
        (150, "2.50 min"),
        (7000, "117 min"),
        (36000, "10.0 h"),
    ],
)
def test_duration(seconds, text):
    assert duration(seconds) == text


def test_counted():
    assert list(counted(3, "title", "unit")) == [0, 1, 2]
