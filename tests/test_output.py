"""What is shown must not end the work: consoles that are missing, closed, full or too simple."""

import errno
import io
import os
import shlex
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest
from children import fork

from fastscratch import Sequential, cli, layers, load_model, output, regression, verify
from fastscratch.datasets import iris as iris_module
from fastscratch.demo import report
from fastscratch.models import progress

IRIS = str(iris_module.FILE)


class Failing(io.StringIO):
    """A stream that fails as a full disk or a broken pipe does; a terminal, if it is asked."""

    def __init__(self, error, encoding="utf-8"):
        super().__init__()
        self.error = error

    def write(self, text):
        raise self.error

    def flush(self):
        raise self.error

    def isatty(self):
        return True


def closed():
    stream = io.StringIO()
    stream.close()
    return stream


STREAMS = {
    "missing": lambda: None,
    "closed": closed,
    "full": lambda: Failing(OSError(errno.ENOSPC, "No space left on device")),
    "broken pipe": lambda: Failing(BrokenPipeError(errno.EPIPE, "Broken pipe")),
    "ASCII": lambda: io.TextIOWrapper(io.BytesIO(), "ascii"),
    "cp1252": lambda: io.TextIOWrapper(io.BytesIO(), "cp1252"),
}


@pytest.fixture(params=STREAMS)
def no_console(request, monkeypatch):
    """Both streams are of one kind, and bars appear at once."""
    monkeypatch.setattr(output, "DELAY", 0.0)
    monkeypatch.setattr(sys, "stdout", STREAMS[request.param]())
    monkeypatch.setattr(sys, "stderr", STREAMS[request.param]())


@pytest.mark.usefixtures("no_console")
def test_a_bar_and_lines_need_no_console():
    for stream in (None, sys.stdout, sys.stderr):
        bar = output.progress_bar(3, "a title, \N{GREEK SMALL LETTER MU}", "step", stream)
        for _ in range(3):
            bar.update()
            bar.refresh()
        bar.set_postfix({"loss": "\N{INFINITY}"})
        bar.close()
    output.say("a text, \N{GREEK SMALL LETTER MU}, and \ud800")


@pytest.mark.usefixtures("no_console")
@pytest.mark.parametrize("verbose", ["auto", 1, 2])
@pytest.mark.parametrize("validation", [0.0, 0.5])
def test_a_fit_needs_no_console(verbose, validation):
    x, y = np.eye(6, dtype=np.float32), np.arange(6.0)

    def trained(verbose):
        model = Sequential([layers.Input((6,)), layers.Dense(1, kernel_initializer="zeros")])
        model.compile("sgd", "mse", ["mae"])
        model.seed = 1
        model.fit(x, y, 2, 3, verbose=verbose, validation_split=validation)
        return [weight.tolist() for weight in model.get_weights()]

    assert trained(verbose) == trained(0)


@pytest.mark.usefixtures("no_console")
def test_a_regression_needs_no_console():
    x, y = np.arange(4.0), np.arange(4.0)
    options = {"family": "linear", "learning_rate": 0.1, "n_iterations": 50}
    shown = regression.gradient_descent(x[:, None], y, progress=True, **options)
    assert shown.tolist() == regression.gradient_descent(x[:, None], y, **options).tolist()


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_summary_on_simple_consoles(monkeypatch, encoding):
    name = "\N{GREEK SMALL LETTER MU}\N{SNOWMAN}"
    model = Sequential([layers.Input((2,)), layers.Dense(1, name=name)])
    bytes_written = io.BytesIO()
    stream = io.TextIOWrapper(bytes_written, encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    model.summary()
    stream.flush()
    shown = bytes_written.getvalue().decode(encoding)
    assert (name if encoding == "utf-8" else r"\u2603 (Dense)") in shown
    assert "-" * 20 in shown
    assert "Total params: 3" in shown


def test_what_is_a_live_stream():
    class OutStream(io.StringIO):
        """As a notebook has it: no terminal, and yet a line can be overwritten."""

    OutStream.__module__ = "ipykernel.iostream"
    assert output.is_live(OutStream())
    assert output.is_live(Failing(OSError()))
    for stream in (None, closed(), io.StringIO()):
        assert not output.is_live(stream)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_progress_bar_shows_after_a_second_only():
    terminal = Terminal()
    bar = output.progress_bar(3, "fit", "step", terminal)
    bar.update(3)
    bar.close()
    assert terminal.getvalue() == ""
    bar = output.progress_bar(3, "fit", "step", terminal)
    bar.start_t -= 2
    bar.last_print_t -= 2
    bar.update(1)
    bar.close()
    assert "fit" in terminal.getvalue()
    assert "1/3" in terminal.getvalue()


#: Cells of a notebook: what a long fit shows, and where ipywidgets is not installed.
SHOW_A_BAR = """
import sys
from fastscratch import output
bar = output.progress_bar(3, "fit", "step", sys.stdout, delay=0)
bar.update(3)
bar.close()
"""
WITHOUT_WIDGETS = """
for name in [name for name in sys.modules if name.startswith(("tqdm", "ipywidgets"))]:
    del sys.modules[name]
sys.modules["ipywidgets"] = None  # importing it fails
output._tqdm.cache_clear()
"""


def test_a_notebook_shows_a_widget_or_a_line():
    """In a kernel of Jupyter, as a notebook runs it."""
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    for needed in ("ipykernel", "ipywidgets"):
        pytest.importorskip(needed)
    codes = [SHOW_A_BAR, WITHOUT_WIDGETS + SHOW_A_BAR]
    cells = [nbformat.v4.new_code_cell(code) for code in codes]
    notebook = nbformat.v4.new_notebook(cells=cells)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of Jupyter itself
        nbclient.NotebookClient(notebook, kernel_name="python3").execute()
    (widget,), written = (cell.outputs for cell in notebook.cells)
    assert "application/vnd.jupyter.widget-view+json" in widget.data
    assert {(part.output_type, part.name) for part in written} == {("stream", "stdout")}
    line = "".join(part.text for part in written)
    assert line.startswith("\rfit:   0%")
    assert "\n" not in line


def _train(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    return cli.main(["train", IRIS, "--target", "species", "--epochs", "2"])


def _descend(monkeypatch, tmp_path):
    x = np.arange(4.0)
    regression.gradient_descent(x[:, None], x, learning_rate=0.1, n_iterations=9, progress=True)


def _count(monkeypatch, tmp_path):
    assert list(report.counted(3, "iris", "split")) == [0, 1, 2]


def _wait(monkeypatch, tmp_path):
    with report.clock("naive twin"):
        time.sleep(1.5)


def _verify(monkeypatch, tmp_path):
    monkeypatch.setattr("fastscratch.cases.CASES", ())
    monkeypatch.setattr("fastscratch.examples.FILES", {})
    verify()


@pytest.mark.parametrize("show", [_train, _descend, _count, _wait, _verify])
def test_bars_are_for_terminals_only(monkeypatch, tmp_path, show):
    monkeypatch.setattr(output, "DELAY", -1.0)  # at once
    for stream, shows in ((Terminal(), True), (io.StringIO(), False)):
        monkeypatch.setattr(sys, "stderr", stream)
        show(monkeypatch, tmp_path)
        assert bool(stream.getvalue()) == shows


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((0.0, "0.0000"), (1.9e-05, "1.9000e-05"), (0.25, "0.2500"), (-12.0, "-12.0000")),
        *((3.1e8, "3.1000e+08"), (float("nan"), "nan"), (float("inf"), "inf")),
    ],
)
def test_numbers_in_lines(value, text):
    assert progress.shown(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(4.2e-05, "42us"), (0.0123, "12ms"), (3.21, "3.2s"), (75, "1m15s"), (7260, "2h01m")],
)
def test_times_in_lines(seconds, text):
    assert progress._duration(seconds) == text


# --- commands -------------------------------------------------------------------------------------


CODE = "import sys; from fastscratch.cli import main; sys.exit(main())"

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no such streams on this platform")


def run_on(streams, folder, *arguments, **options):
    """Run a command in a process whose streams some lines of code have changed before.

    Returns its exit status, and what it wrote to its two streams.
    """
    command = f"import os, sys\n{streams}\nsys.argv[1:] = {list(map(str, arguments))}\n{CODE}"
    return fork(command, folder=folder, **options)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with a model of the iris data."""
    folder = tmp_path_factory.mktemp("trained")
    arguments = ["--epochs", "1", "--output", str(folder / "model.safetensors")]
    assert cli.main(["train", IRIS, "--target", "species", *arguments]) == 0
    return folder


@needs_fork
@pytest.mark.parametrize("command", ["predict", "train", "--help"])
def test_a_reader_that_has_ended(trained, command):
    """As `head` does; the reader is gone before the first line, which is the worst case."""
    arguments = {
        "predict": ("model.safetensors", IRIS),
        "train": (IRIS, "--target", "species", "--epochs", 1, "--output", "again.safetensors"),
        "--help": (),
    }[command]
    pipe = "reading, writing = os.pipe(); os.dup2(writing, 1); os.close(reading)"
    assert run_on(pipe, trained, command, *arguments) == (1, "", "")
    if command == "train":
        assert len(load_model(trained / "again.safetensors").layers) > 0


@needs_fork
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no full device")
@pytest.mark.parametrize("command", ["predict", "train", "--help"])
def test_a_full_disk(trained, command):
    arguments = {
        "predict": ("model.safetensors", IRIS),
        "train": (IRIS, "--target", "species", "--epochs", 1, "--output", "full.safetensors"),
        "--help": (),
    }[command]
    wanted = "fastscratch: error: the output cannot be written: No space left on device\n"
    assert run_on("", trained, command, *arguments, stdout="/dev/full") == (2, "", wanted)
    if command == "train":
        assert len(load_model(trained / "full.safetensors").layers) > 0


@needs_fork
def test_streams_that_are_closed(trained):
    no_stdout = "os.close(1); sys.stdout = sys.__stdout__ = None"  # as Python begins then
    no_stderr = "os.close(2); sys.stderr = sys.__stderr__ = None"
    neither = f"{no_stdout}; {no_stderr}"
    predict = ["predict", "model.safetensors", IRIS]
    status, out, _ = run_on(no_stderr, trained, *predict)
    assert status == 0
    assert out.startswith("species,")
    message = "fastscratch: error: there is no output to write to; use --output\n"
    assert run_on(no_stdout, trained, *predict) == (2, "", message)
    assert run_on(neither, trained, "predict", "none", "none") == (2, "", "")
    # And as a shell closes them.
    command = shlex.join([sys.executable, "-c", CODE, *predict, "--output", "closed.csv"])
    done = subprocess.run(["sh", "-c", f"{command} >&- 2>&-"], cwd=trained, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert (trained / "closed.csv").read_text() == out


@needs_fork
def test_output_is_utf_8_wherever_it_is_read_again(tmp_path):
    """In a locale of ASCII too: `predict` reads UTF-8, and so it writes it."""
    rows = ["x,größe"] + [f"{i},{'groß' if i % 2 else 'klein'}" for i in range(20)]
    (tmp_path / "data.csv").write_text("\n".join(rows), encoding="utf-8")
    arguments = ("data.csv", "--target", "größe", "--epochs", "1")
    ascii_streams = "for stream in (sys.stdout, sys.stderr): stream.reconfigure(encoding='ascii')"
    for command in (("train", *arguments), ("predict", "model.safetensors", "data.csv")):
        status, out, err = run_on(ascii_streams, tmp_path, *command)
        assert status == 0, err
    assert out.splitlines()[0] == "größe,p(groß),p(klein)"
