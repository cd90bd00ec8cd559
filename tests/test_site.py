"""The site: its examples run and show what they say, its pages are made of the real source.

`sphinx-build -W docs docs/_build/html` builds it; here is what does not need Sphinx.
"""

import ast
import json
import re
import runpy
import shutil
import subprocess
import tempfile
import warnings
from pathlib import Path

import by_hand
import gallery_order
import kernel_pages
import notebooks
import numpy as np
import pytest
import sources
from children import PATIENCE

ROOT = Path(__file__).parent.parent

EXAMPLES = sorted((ROOT / "examples").glob("plot_*.py"))
PAGES = sorted((ROOT / "docs" / "essay").glob("[0-9]*.md"))

#: What the text of an example says of its numbers.
STATEMENTS = {
    "plot_boosted_trees": lambda n: (
        np.mean(n["results"]["trees on its 30 features"])
        > np.mean(n["results"]["trees on the pixels"]) + 2
    ),
    "plot_cost_of_a_convolution": lambda n: (
        n["costs"]["dense, 100 units"][0] == 785 * 100
        and n["costs"]["8 filters 5x5"][:2] == (26 * 8, 24 * 24 * 25 * 8 / 1e6)
    ),
    "plot_filters": lambda n: n["pictures"][0][76, 183] == 52 + 43 + 39 + 26 - 4 * 34,
    "plot_descent_path": lambda n: (np.diff(n["likelihoods"]) > 0).all(),
    "plot_equal_weights": lambda n: (
        n["different"] == 1 and min(n["random_right"]) > n["equal_right"]
    ),
    "plot_exciting_inputs": lambda n: (n["made"] > n["strongest"]).mean() > 0.5,
    "plot_fixed_and_adaptive_steps": lambda n: n["final"]["SGD", 0.3] < n["final"]["SGD", 0.01],
    "plot_flame": lambda n: n["left"]["sigmoid"].max() < 1e-4 < 0.1 < n["left"]["ReLU"].min(),
    "plot_hidden_units": lambda n: min(n["right"][50]) > 95 > max(n["right"][1]),
    "plot_iris_settings": lambda n: (
        np.mean(n["results"][n["names"][0]]) < np.mean(n["results"][n["names"][2]])
    ),
    "plot_overfitting": lambda n: min(n["last"]) > np.mean(n["lowest"]),
    "plot_sharp_and_flat_minima": lambda n: (
        n["loss"]["SGD, batch 10"][:, :, -1].mean() < n["loss"]["SGD, batch 500"][:, :, -1].mean()
    ),
    "plot_squared_loss": lambda n: (
        n["negative"]["cross-entropy"] == 0 < n["negative"]["squared error"]
    ),
    "plot_swapped_pixels": lambda n: (
        min(n["results"]["convolutional", "as they are"])
        > max(n["results"]["dense", "swapped"])
        > min(n["results"]["dense", "swapped"])
        > max(n["results"]["convolutional", "swapped"])
    ),
    "plot_table": lambda n: min(map(np.mean, n["scores"].values())) > 0.9,
    "plot_upside_down": lambda n: (
        n["results"]["convolutional"][:, 1].max() < 50
        and n["results"]["convolutional"][:, 4].min() > n["results"]["dense"][:, 4].max()
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda file: file.stem)
def test_example_shows_what_it_says(example):
    namespace = runpy.run_path(str(example))
    assert STATEMENTS[example.stem](namespace)


def test_the_gallery_has_an_order():
    assert {f"plot_{name}" for name in gallery_order.ORDER} == {file.stem for file in EXAMPLES}


def test_a_kernel_is_shown_with_an_example_of_its_twin():
    lines = list(kernel_pages.example_of("tanh_forward"))
    (z,) = (line for line in lines if line.startswith("   z = "))
    (a,) = (line for line in lines if line.startswith("   # a: "))
    z, a = ast.literal_eval(z[7:]), ast.literal_eval(a[8:])
    assert "   tanh_forward(a, z)" in lines
    np.testing.assert_allclose(a, np.tanh(z), rtol=1e-3)


def test_pages_of_kernels_and_twins_lead_to_each_other():
    pages = dict(kernel_pages.pages())
    for kernel in ("dense.dense_forward", "hinges.hinge_forward"):
        module, _, name = kernel.partition(".")
        assert f".. beside:: {kernel}\n" in pages[f"kernels/{module}"]
        assert f":func:`{name} <fastscratch.kernels.{kernel}>`" in pages[f"twins/{module}"]
    assert ".. autofunction:: fastscratch.reference.train.SGD" in pages["twins/train"]


def test_source_is_shown_without_its_docstring():
    file, code = sources.source_of("twin", "activations.sigmoid_forward")
    assert file == "fastscratch/reference/activations.py"
    assert code.splitlines()[:2] == ["def sigmoid_forward(a, z):", "    for o in range(len(z)):"]
    with pytest.raises(LookupError, match=r"kernels/dense\.py has no function nothing"):
        sources.source_of("kernel", "dense.nothing")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_notebook_has_the_code_of_its_page(page):
    text = page.read_text(encoding="utf-8")
    notebook = notebooks.notebook_of(text)
    cells = [cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "code"]
    code = re.findall(r"^```\{code-cell\}\n(.*?)\n```$", text, re.DOTALL | re.MULTILINE)
    assert cells == [notebooks.NEEDS, *code]
    words = "\n".join(cell["source"] for cell in notebook["cells"])
    assert "```{" not in words
    assert ".md)" not in words  # links to other pages
    assert "def " in words  # the lines of a twin
    assert json.loads(json.dumps(notebook)) == notebook


@pytest.mark.slow
def test_a_notebook_runs_from_its_first_cell():
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    notebook = nbformat.from_dict(notebooks.notebook_of(PAGES[0].read_text(encoding="utf-8")))
    nbformat.validate(notebook)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of Jupyter itself
        nbclient.NotebookClient(notebook, kernel_name="python3").execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    printed = [output.text for output in outputs if output.get("name") == "stdout"]
    assert printed[1] == "[2.24914 0.59552 0.47192]\n"


def last_values(data, name):
    return {tuple(s["index"]): s["value"] for s in data["steps"] if s["name"] == name}


def test_training_step_by_hand():
    data = by_hand.training_step()
    x, y = np.array([[1.0, 2.0]]), 1.0
    w1, w2 = np.array([[0.5, -0.3], [0.2, 0.8]]), np.array([[1.0], [-1.0]])
    a1 = 1 / (1 + np.exp(-x @ w1))
    dz2 = 1 / (1 + np.exp(-a1 @ w2)) - y
    dz1 = dz2 @ w2.T * a1 * (1 - a1)
    moved = {"W1": w1 - 0.5 * x.T @ dz1, "W2": w2 - 0.5 * a1.T @ dz2, "b1": -0.5 * dz1[0]}
    for name, wanted in moved.items():
        for index, value in last_values(data, name).items():
            assert value == pytest.approx(wanted[index], rel=1e-12)
        assert len(last_values(data, name)) == wanted.size


def test_arithmetic_by_hand():
    data = by_hand.training_step()
    first = data["steps"][2]
    assert (first["arithmetic"], first["value"]) == (f"0.5 + 2 {by_hand.TIMES} 0.2", 0.9)
    assert data["steps"][6]["arithmetic"] == "1 / (1 + exp(-0.9))"


def test_convolution_by_hand():
    data = by_hand.convolution()
    image, kernel = np.array(data["start"]["image"]), np.array(data["start"]["kernel"])
    for (y, x), value in last_values(data, "out").items():
        assert value == (image[y : y + 3, x : x + 3] * kernel).sum()
    assert len(data["steps"]) == 9 * (1 + 9)


CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chrome"))), None)


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
def test_by_hand_in_a_browser():
    script = (ROOT / "docs" / "_static" / "by-hand.js").read_text(encoding="utf-8")
    press = (
        "const next = document.querySelectorAll('#{0} button')[2]; for (let i = 0; i < {1}; i++)"
    )
    clicks = "".join(
        f"{{{press.format(kind, count)} next.click();}}"
        for kind, count in (("network", 15), ("convolution", 10))
    )
    fragments = by_hand.fragment("network") + by_hand.fragment("convolution")
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        page.write_text(
            f"<meta charset='utf-8'>{fragments}<script>{script}\n{clicks}</script>",
            encoding="utf-8",
        )
        options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}"]
        finished = subprocess.run(
            [CHROMIUM, *options, "--dump-dom", page.as_uri()],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=True,
        )
    shown = re.findall(r'<p class="arithmetic">(.*?)</p>', finished.stdout)
    assert shown == ["db2[0] = 0 = 0", f"out[0][0] = 3 + 1 {by_hand.TIMES} 1 = 4"]
    assert 'data-step="15"' in finished.stdout
    assert 'data-step="10"' in finished.stdout
