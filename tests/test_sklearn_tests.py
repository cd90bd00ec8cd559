"""scikit-learn's own tests of the linear models fail where docs/estimators.md says, only there."""

import sys
from pathlib import Path

import pytest

pytest.importorskip("sklearn")

sys.path.append(str(Path(__file__).parent.parent / "tools"))
import sklearn
import sklearn_tests


@pytest.mark.parametrize("name", sklearn_tests.FILES)
def test_the_table_names_tests_that_there_are(name):
    source = sklearn_tests.source_of(name).read_text(encoding="utf-8")
    tests = sklearn_tests.listed(name)
    assert tests
    for test in tests:
        assert f"def {test}(" in source


def test_imports_are_changed_and_lines_stay():
    source = "from sklearn.linear_model import (\n    Lasso,\n    SGDClassifier,\n)\nx = 1\n"
    assert sklearn_tests.with_other_imports(source).splitlines() == [
        *source.splitlines()[:3],
        "); from fastscratch.linear_model import Lasso",
        "x = 1",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("name", sklearn_tests.FILES)
def test_what_fails_is_listed_with_a_reason(name):
    if not sklearn.__version__.startswith("1.9."):
        pytest.skip("the table is that of scikit-learn 1.9")
    found, passed = sklearn_tests.failing(name)
    assert found == sklearn_tests.listed(name)
    assert passed > 2 * found.total()
