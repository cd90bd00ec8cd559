"""The comparison with peers: what it claims to compute, what its table says, and that it runs."""

import json
import os
import pathlib
import subprocess
import sys
from importlib import import_module

import numba
import numpy as np
import pytest

ROOT = pathlib.Path(__file__).parents[1]


def module(name):
    """A module of the comparison, which is run from the checkout and not installed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT)
        return import_module(f"asv_benchmarks.compare.{name}")


data, drawing, hard, records, summary, task, table, workloads = map(
    module, ("data", "drawing", "hard", "records", "summary", "task", "table", "workloads")
)


def test_lenet_is_the_one_of_the_books():
    """The sizes that textbooks print for 28 x 28 digits: 44,426 parameters."""
    shapes = [shape for _, _, weights, _ in workloads.LENET.walk() for shape in weights]
    assert sum(np.prod(shape) for shape in shapes) == 44_426
    # 2 x (outputs x taps x input channels) of each layer.
    first, second = 24 * 24 * 6 * 25, 8 * 8 * 16 * 25 * 6
    dense = 256 * 120 + 120 * 84 + 84 * 10
    assert workloads.LENET.flops(training=False) == 2 * (first + second + dense)
    # Backpropagation needs no gradient of the images.
    assert workloads.LENET.flops(training=True) == 2 * (2 * first + 3 * (second + dense))


def test_channels_first_computes_the_same():
    """A flatten of channels-first images meets the dense weights in the right order."""
    network = workloads.Network((2, 3, 4), (("flatten",), ("dense", 5, "softmax")))
    rng = np.random.default_rng(0)
    images, kernel = rng.standard_normal((7, 2, 3, 4)), rng.standard_normal((24, 5))
    *_, (_, (turned, _)) = task.channels_first(network, [kernel, np.zeros(5)])
    first = images.transpose(0, 3, 1, 2).reshape(7, -1)
    # 24 products are added in another order; the sums are below 24 in magnitude.
    np.testing.assert_allclose(
        first @ turned.T, images.reshape(7, -1) @ kernel, atol=24**2 * 2**-53
    )


class Measured:
    """A measurement with given numbers."""

    def __init__(self, variant, best, check=1.0):
        self.variant, self.best, self.check = variant, best, check
        self.first, self.spread = 2.5, 0.04


@pytest.fixture
def results():
    tile, copy = workloads.ROOFS
    workload = workloads.training(
        "train",
        workloads.dense(4, 3, hidden="relu", read_out="softmax"),
        {"PyTorch": 5},
        peers=("PyTorch", "NumPy", "JAX: scan", "SciPy"),
        dataset="iris",
        rows=150,
        batch_size=10,
        optimizer="SGD",
    )
    return {
        tile: {("fastscratch", 2): [Measured("tile", 0.01)]},  # 1e9 flops: 100 GF/s
        copy: {("fastscratch", 2): [Measured("copy", 0.01)]},
        workload: {
            ("fastscratch", 2): [Measured("fit", 1e-6)],
            ("PyTorch", 2): [Measured("stock", 5e-6), Measured("fused", 4e-6)],
            ("NumPy", 2): [Measured("arrays", 0.5e-6, check=1.1)],
            ("JAX", 2): [Measured("scan", 9e-6, check=1.2), Measured("step", 3e-6)],
            ("SciPy", 2): "not installed: No module named 'scipy'",
        },
    }


def test_table_names_every_win_and_every_loss(results):
    text = table.render(results, [2], {"SciPy": None})
    lines = text.splitlines()
    # 2 x 10 x 12 multiply-adds forward and as many for the weights: 480 flops in a microsecond.
    start = "| train | 1.00 µs | 2.50 s | 0.48 GF/s, 0% of peak | "
    missed = "PyTorch: fused | 4.00 µs | 2.50 s | 4.00x | 5x | **missed** | 4% | 1, 1 |"
    assert start + missed in lines
    blank = "|  |  |  |  | "
    assert blank + "NumPy: arrays | 0.50 µs | 2.50 s | 0.50x |  | slower | 4% | 1, 1.1 |" in lines
    scan = "JAX: scan | 9.00 µs | 2.50 s | 9.00x |  |  | 4% | 1, 1.2 **differs** |"
    assert blank + scan in lines
    assert blank + "SciPy | - | - | - |  |  |  |  |" in lines
    assert "- train, SciPy, 2 thr: not installed: No module named 'scipy'" in lines
    assert "SciPy absent" in lines[0]


def test_saved_figures_are_those_of_the_table(results):
    saved = json.loads(json.dumps(records.records(results, [2], {"SciPy": None})))
    assert saved["threads"] == 2
    assert saved["versions"] == {"SciPy": None}
    found = [tuple(one.values()) for one in saved["comparisons"]]
    assert found == [
        ("train", "PyTorch", "fused", 1e-6, 4e-6),
        ("train", "NumPy", "arrays", 1e-6, 0.5e-6),
        ("train", "JAX", "scan", 1e-6, 9e-6),
    ]


def test_table_has_as_many_cells_in_each_row(results):
    rows = [line for line in table.render(results, [2], {}).splitlines() if line.startswith("|")]
    assert len({row.count("|") for row in rows}) == 1


def test_summary_takes_the_fastest_peer(results):
    """0.5 µs against our 1 µs, 480 flops at 100 GF/s: half the speed, 0.48% of the limit."""
    text = summary.render(results, 2)
    assert "1 workloads beside the fastest peer of each, 2 thr" in text
    assert "- lost: 1; under 0.95x: 1" in text
    assert "- worst: 0.50x; quartiles: 0.50x, 0.50x, 0.50x" in text
    assert "| 0.50x | train | 1.00 µs | NumPy: arrays | 0.50 µs |" in text


def test_a_search_is_the_same_in_both_libraries():
    """The networks of fastscratch find the same in the search of scikit-learn."""
    grid = {"learning_rate_init": (1e-3, 0.1)}
    parameters = {"hidden_layer_sizes": (3,), "max_iter": 5, "batch_size": 30}
    workload = workloads.searching("search", "iris", (30, 5), parameters, grid)
    assert workload.floors == dict(zip(workload.peers, (30, 5), strict=True))
    arrays = data.make(workload)
    assert arrays["x"].shape == (150, 4)
    assert arrays["x"].std(axis=0) == pytest.approx(np.ones(4))
    ours, theirs = (
        side.prepare(workload, arrays, 1)
        for side in map(module, ("fastscratch_side", "sklearn_side"))
    )
    found = ours["GridSearchCV"].check()
    assert found == theirs["networks of fastscratch"].check()
    assert found == pytest.approx(theirs["MLPClassifier"].check(), abs=0.1)


def test_drawn_workloads_depend_on_the_seed_alone():
    drawn = drawing.draw(30, seed=1)
    assert [vars(w) for w in drawing.draw(40, seed=1)[:30]] == [vars(w) for w in drawn]
    assert [w.name for w in drawing.draw(30, seed=2)] != [w.name for w in drawn]
    assert {w.kind for w in drawn} == {"train", "predict", "product", "op", "estimator"}


def test_drawn_workloads_are_limited():
    for workload in drawing.draw(40, seed=3):
        assert workload.flops <= drawing.MOST_FLOPS
        arrays = data.make(workload)
        assert sum(array.size for array in arrays.values()) < 3 * drawing.MOST_NUMBERS


def test_only_the_named_variants_of_a_library_are_run(results):
    *_, workload = results
    assert workload.compares_with("JAX", "scan")
    assert not workload.compares_with("JAX", "step")
    assert workload.compares_with("PyTorch", "stock")
    assert list(workload.libraries) == ["fastscratch", "PyTorch", "NumPy", "JAX", "SciPy"]


@pytest.mark.slow
@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="the comparison is of compiled kernels")
def test_comparison_runs():
    """One quick round on one thread: no library ends with another loss than ours."""
    command = [sys.executable, "-m", "asv_benchmarks.compare", "--quick", "--threads", "1"]
    run = subprocess.run(
        [*command, "--only", "4-40-3"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    assert "NumPy: whole arrays" in run.stdout
    assert "differs" not in run.stdout


@pytest.mark.slow
@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="the comparison is of compiled kernels")
def test_random_comparison_runs():
    """The small ones among the first workloads of a seed: drawn, run and summed up."""
    command = [sys.executable, "-m", "asv_benchmarks.compare", "--quick", "--threads", "1"]
    run = subprocess.run(
        [*command, "--random", "12", "--seed", "1", "--only", "product"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    assert "| 1/10 product 4 x 16 x 20; float32 |" in run.stdout
    assert "## 1 workloads beside the fastest peer of each, 1 thr" in run.stdout


def test_hard_workloads_are_made():
    for workload in hard.HARD:
        assert workload.flops > 0
        assert workload.floors.keys() == set(workload.peers), workload.name
        if workload.network is not None:
            shapes = [shape for *_, shape in workload.network.walk()]
            assert all(n > 0 for shape in shapes for n in shape), workload.name
