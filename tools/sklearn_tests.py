"""Run scikit-learn's own tests of the linear models on the estimators here.

``python tools/sklearn_tests.py`` copies the test files of the installed scikit-learn, changes their
imports, runs them, and compares the tests that fail with the table at the end of
``docs/estimators.md``; it ends with 1 if they differ. Names of files, such as ``ridge``, choose
some; ``--table`` prints the failing tests as the table has them. It takes about ten minutes.
"""

import argparse
import ast
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path

import sklearn.linear_model.tests

from fastscratch import linear_model

PAGE = Path(__file__).parent.parent / "docs" / "estimators.md"
FILES = ("base", "logistic", "coordinate_descent", "ridge")

#: Where the table begins.
FIRST = "\n## Where scikit-learn's own tests fail"


def with_other_imports(source: str) -> str:
    """A test file in which estimators with a namesake here are imported from here.

    Parameters
    ----------
    source : str
        Text of a test file of scikit-learn.
    """
    lines = source.splitlines()
    for node in ast.parse(source).body:
        if isinstance(node, ast.ImportFrom) and node.module == "sklearn.linear_model":
            names = [alias.name for alias in node.names if alias.name in linear_model.__all__]
            if names:  # in the same line, so that all others keep their numbers
                lines[node.end_lineno - 1] += (
                    f"; from fastscratch.linear_model import {', '.join(names)}"
                )
    return "\n".join(lines) + "\n"


def source_of(name: str) -> Path:
    """A test file of the installed scikit-learn."""
    return Path(sklearn.linear_model.tests.__path__[0]) / f"test_{name}.py"


def listed(name: str) -> Counter[str]:
    """Tests of a file that the page says fail, and how many of their parameters."""
    table = PAGE.read_text(encoding="utf-8").partition(FIRST)[2]
    rows = re.findall(rf"^\| {name} \| (.*?) \| .* \|$", table, re.MULTILINE)
    tests = re.findall(r"`(test_\w+)`(?: \((\d+)\))?", " ".join(rows))
    return Counter({test: int(times or 1) for test, times in tests})


def failing(name: str, *options: str) -> tuple[Counter[str], int]:
    """Tests of a file that fail, with how many of their parameters; and how many pass."""
    source = source_of(name)
    with tempfile.TemporaryDirectory() as folder:
        copy, report = Path(folder) / source.name, Path(folder) / "report.xml"
        copy.write_text(with_other_imports(source.read_text(encoding="utf-8")), encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "sklearn.conftest", "--tb=line"]
        own = ["-p", "no:cacheprovider", f"--rootdir={folder}", f"--junitxml={report}"]
        subprocess.run([*command, *own, *options, str(copy)], cwd=folder, check=False)
        cases = list(ElementTree.parse(report).iter("testcase"))
    wrong = [
        case for case in cases if case.find("failure") is not None or case.find("error") is not None
    ]
    passed = sum(len(case) == 0 for case in cases)
    return Counter(case.attrib["name"].partition("[")[0] for case in wrong), passed


def as_text(tests: Counter[str]) -> str:
    """Tests as the table has them."""
    return ", ".join(f"`{t}`" + (f" ({n})" if n > 1 else "") for t, n in sorted(tests.items()))


def main() -> int:
    """Compare, and print what differs."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("files", nargs="*", choices=[*FILES, []], default=FILES)
    parser.add_argument("--table", action="store_true")
    arguments = parser.parse_args()
    wrong = 0
    for name in arguments.files:
        found, passed = failing(name)
        known = listed(name)
        print(f"{name}: {passed} pass, {found.total()} fail, {known.total()} are listed")
        if arguments.table:
            print(as_text(found))
        for what, tests in (("not listed", found - known), ("listed, but pass", known - found)):
            if tests:
                wrong = 1
                print(f"{name}, {what}: {as_text(tests)}")
    return wrong


if __name__ == "__main__":
    sys.exit(main())
