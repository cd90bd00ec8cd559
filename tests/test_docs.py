"""The user guide: every Python snippet runs, and so does every train and predict of the shell.

The snippets of a file run from top to bottom in one namespace and one folder; those marked ``py``
need Keras, and run if it is there. What a ``print`` prints may stand after it as a comment; in such
a block every print has one, and it is compared. So is a block of text right after a snippet or a
command, which shows what that prints; three dots stand for the rest.
"""

import contextlib
import importlib.util
import io
import re
import shlex
import shutil
import warnings
from pathlib import Path

import pytest

from fastscratch import cli
from fastscratch.datasets import iris
from fastscratch.kernels.machine import VECTOR_BYTES

ROOT = Path(__file__).parent.parent
ESSAY = sorted((ROOT / "docs" / "essay").glob("*.md"))
FILES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *ESSAY]
BLOCK = re.compile(
    r"^```(python|py|sh|\{code-cell\})\n(.*?)^```$(?:\n\n```text\n(.*?)^```$)?",
    re.DOTALL | re.MULTILINE,
)
KERAS = all(map(importlib.util.find_spec, ("keras", "torch")))
PRINTED = re.compile(r"^ *print\(.*\)  # (.+)$", re.MULTILINE)


def on_any_machine(text):
    """The lines of a text without what depends on the machine.

    The memory of a program depends on the number of threads; its items, and with them some sizes,
    on the width of the vectors, which is 64 bytes in the guide.
    """
    text = re.sub(r"^memory: .* kB$", "memory", text, flags=re.MULTILINE)
    return (text if VECTOR_BYTES == 64 else re.sub(r"[\d,. ]+", " ", text)).splitlines()


def run_python(code, shown, file, line, namespace):
    """Run a snippet; errors name the line of the file."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile("\n" * line + code, str(file), "exec"), namespace)
    if wanted := PRINTED.findall(code):
        assert out.getvalue().splitlines() == wanted
    if shown is not None:
        compare(out.getvalue(), shown)


def run_shell(code, shown):
    """Run the commands of a block that learn and predict; others take long, or install."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        for command in code.replace("\\\n", " ").splitlines():
            words = shlex.split(command, comments=True)
            if words[:2] in (["fastscratch", "train"], ["fastscratch", "predict"]):
                assert cli.main(words[1:]) == 0, command
    if shown is not None:
        compare(out.getvalue(), shown)


def compare(printed, shown):
    """Whether a block of text in the guide is what was printed."""
    first, cut, _ = shown.partition("...\n")
    wanted, lines = on_any_machine(first), on_any_machine(printed)
    assert (lines[: len(wanted)] if cut else lines) == wanted


#: Chapters whose snippets take seconds.
LONG = {"8-convolutional-network", "estimators", "many-models", "pictures"}


@pytest.mark.parametrize(
    "file",
    [pytest.param(f, marks=pytest.mark.slow if f.stem in LONG else ()) for f in FILES],
    ids=lambda file: file.stem,
)
def test_snippets_run(file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    shutil.copy(iris.FILE, tmp_path)
    text = file.read_text(encoding="utf-8")
    namespace = {"__name__": "__main__"}
    for block in BLOCK.finditer(text):
        language, code, shown = block.groups()
        if language != "sh":
            if language == "py" and not KERAS:
                continue
            with warnings.catch_warnings():
                if language == "py":  # Keras and PyTorch use what others have deprecated
                    warnings.simplefilter("ignore", DeprecationWarning)
                run_python(code, shown, file, text.count("\n", 0, block.start(2)), namespace)
        else:
            run_shell(code, shown)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_nothing_is_taken_from_rows_that_are_held_out(file):
    for language, code, _ in BLOCK.findall(file.read_text(encoding="utf-8")):
        if language != "sh" and "[test]" in code:
            for rows in re.findall(r"(\S+)\.(?:mean|std)\(axis=0\)", code):
                assert rows.endswith(("[train]", "[learn]")), rows


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_links_lead_somewhere(file):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", file.read_text(encoding="utf-8")):
        assert "://" in target or (file.parent / target).exists(), target


def test_every_chapter_is_in_the_table_of_contents():
    contents = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    for chapter in (ROOT / "docs").glob("*.md"):
        assert chapter.name in ("README.md", "index.md") or f"]({chapter.name})" in contents
