"""R gives the numbers of the essay's pages, and robust standard errors; skipped where R is missing.

A page shows in comments what R prints. In the output of R these numbers come in the same order,
among others such as the degrees of freedom.
"""

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from fastscratch.datasets import load_iris, load_photograph

RSCRIPT = shutil.which("Rscript")
PAGES = sorted((Path(__file__).parent.parent / "docs" / "essay").glob("[0-9]*.md"))
#: Calls a package that few have, and random numbers; no number is shown.
NOT_RUN = {"8-convolutional-network"}
needs_r = pytest.mark.skipif(RSCRIPT is None, reason="needs R")
NUMBER = r"-?\d+\.?\d*"


def calls_of(page):
    """The text of the blocks of R."""
    return "".join(re.findall(r"^```r\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S))


def shown_in_comments(calls):
    return re.findall(NUMBER, " ".join(re.findall(r"#(.*)$", calls, re.MULTILINE)))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_page_shows_what_r_prints(page):
    assert bool(shown_in_comments(calls_of(page))) != (page.stem in NOT_RUN)


def r(calls, folder):
    """What R prints."""
    (folder / "calls.R").write_text(calls, "utf-8")
    ran = subprocess.run(
        [RSCRIPT, "--vanilla", "calls.R"], cwd=folder, capture_output=True, text=True
    )
    if "there is no package" in ran.stderr:
        pytest.skip(ran.stderr.splitlines()[0])
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@needs_r
@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, marks=pytest.mark.slow if page.stem == "7-convolution" else ())
        for page in PAGES
        if page.stem not in NOT_RUN
    ],
    ids=lambda page: page.stem,
)
def test_r_gives_the_numbers_of_the_page(page, tmp_path):
    calls = calls_of(page)
    np.savetxt(tmp_path / "img.txt", load_photograph(), fmt="%d")
    out = r(f'img <- as.matrix(read.table("img.txt"))\n{calls}', tmp_path)
    printed = iter(re.findall(NUMBER, re.sub(r"\[[\d,]+\]", "", out)))
    for number in shown_in_comments(calls):
        decimals = len(number.partition(".")[2])
        assert any(round(float(other), decimals) == float(number) for other in printed), number


ROBUST = """
library(sandwich)
options(digits = 15)
line <- lm(Sepal.Length ~ Sepal.Width + Petal.Length, data = iris)
logit <- glm(Species == "virginica" ~ Sepal.Width + Petal.Length, family = binomial,
             data = subset(iris, Species != "setosa"), control = list(epsilon = 1e-14))
errors <- function(covariance) cat(sqrt(diag(covariance)), "\\n")
for (fit in list(line, logit))
  for (type in c("HC0", "HC1", "HC2", "HC3")) errors(vcovHC(fit, type = type))
errors(vcovCL(line, cluster = rep(1:30, 5), type = "HC1"))
"""


@needs_r
def test_robust_errors_equal_those_of_the_package_sandwich(tmp_path):
    """To the digits that R prints, and to the last Newton step of the logistic regression."""
    pytest.importorskip("sklearn")
    from fastscratch.linear_model import LinearRegression, LogisticRegression

    iris = load_iris()
    X = iris.data[:, [1, 2]]
    line = LinearRegression().fit(X, iris.data[:, 0])
    logit = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12)
    logit.fit(X[50:], iris.target[50:])
    summaries = [fit.summary(cov_type=f"HC{i}") for fit in (line, logit) for i in range(4)]
    summaries.append(line.summary(groups=np.tile(np.arange(30), 5)))
    known = np.array([row.split() for row in r(ROBUST, tmp_path).splitlines()], float)
    found = np.concatenate([summary.standard_errors for summary in summaries])
    np.testing.assert_allclose(found, known, rtol=1e-7)
