"""The command line: what it refuses, in one sentence and before any work."""

import subprocess
import sys

import pytest
from children import run

import fastscratch
from fastscratch import cli, demo


@pytest.fixture
def no_work(monkeypatch):
    """Fail if the demo starts."""
    monkeypatch.setattr(demo, "run", lambda *_: pytest.fail("the demo has started"))


def refused(capsys, *arguments):
    """The one sentence on stderr with which a command line is refused."""
    assert cli.main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("fastscratch: error: ")
    assert err.count("\n") == 1
    return err


def test_version(capsys):
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"fastscratch {fastscratch.__version__}\n"


def test_the_package_can_be_run():
    command = [sys.executable, "-m", "fastscratch", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"fastscratch {fastscratch.__version__}\n"


def test_help_names_the_commands(capsys):
    assert cli.main(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in ("demo", "train", "predict", "warmup", "verify"))


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ([], "required: COMMAND; see fastscratch --help"),
        (["dance"], "invalid choice: 'dance'"),
        (["demo", "--speed"], "unrecognized arguments: --speed"),
        (["demo", "--seed", "one"], "invalid int value: 'one'; see fastscratch demo --help"),
        (["demo", "--seed", "-1"], "seed must be at least 0, got -1"),
        (["demo", "--mnist", "no/such"], "no/such: found no such folder"),
        (["demo", "--mnist", __file__], "found a file, expected the folder"),
        (["demo", "--output", __file__], "pictures cannot be written there: File exists"),
        (["demo", "--output", f"{__file__}/in"], "pictures cannot be written there: Not a dir"),
    ],
)
@pytest.mark.usefixtures("no_work")
def test_refusals(capsys, monkeypatch, tmp_path, arguments, wanted):
    monkeypatch.chdir(tmp_path)
    assert wanted in refused(capsys, *arguments)


@pytest.mark.usefixtures("no_work")
def test_an_empty_mnist_folder_is_refused(capsys, tmp_path):
    message = refused(capsys, "demo", "--mnist", str(tmp_path))
    assert "found none of train-images-idx3-ubyte" in message


@pytest.mark.usefixtures("no_work", "no_matplotlib")
def test_missing_matplotlib_is_said_before_any_work(capsys, tmp_path):
    message = refused(capsys, "demo", "--output", str(tmp_path / "out"))
    assert 'pip install "fastscratch[plot]"' in message
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("met", "status"), [(True, 0), (False, 1)])
def test_status_says_whether_the_known_answers_were_met(monkeypatch, tmp_path, met, status):
    seen = []
    monkeypatch.setattr(demo, "run", lambda report, digits, seed: seen.append(seed) or met)
    assert cli.main(["demo", "--output", str(tmp_path / "a" / "b"), "--seed", "7"]) == status
    assert seen == [7]
    assert (tmp_path / "a" / "b").is_dir()


def test_interrupted(capsys, monkeypatch, tmp_path):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "run", interrupt)
    assert cli.main(["demo", "--output", str(tmp_path)]) == 130
    assert capsys.readouterr().err == "fastscratch: interrupted\n"


def test_warmup_says_where_and_how_long(capsys, monkeypatch):
    def warmup(progress):
        assert progress
        return 1.25

    monkeypatch.setattr(cli.warmup, "warmup", warmup)
    assert cli.main(["warmup"]) == 0
    out = capsys.readouterr().out
    assert str(cli.warmup.cache.folder_in_use()) in out
    assert "1.2 s" in out


def test_no_extra_is_imported_before_it_is_needed():
    modules = "{'matplotlib', 'pandas'} & set(sys.modules)"
    code = f"import fastscratch.cli, fastscratch.demo, sys; assert not {modules}"
    run(code)
