"""R gives the numbers that the pages of the essay show; skipped where R is missing.

A page shows in comments what R prints. In the output of R these numbers come in the same order,
among others such as the degrees of freedom.
"""

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from fastscratch.datasets import load_photograph

RSCRIPT = shutil.which("Rscript")
PAGES = sorted((Path(__file__).parent.parent / "docs" / "essay").glob("[0-9]*.md"))
#: Calls a package that few have, and random numbers; no number is shown.
NOT_RUN = {"8-convolutional-network"}
NUMBER = r"-?\d+\.?\d*"


def calls_of(page):
    """The text of the blocks of R."""
    return "".join(re.findall(r"^```r\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S))


def shown_in_comments(calls):
    return re.findall(NUMBER, " ".join(re.findall(r"#(.*)$", calls, re.MULTILINE)))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_page_shows_what_r_prints(page):
    assert bool(shown_in_comments(calls_of(page))) != (page.stem in NOT_RUN)


@pytest.mark.skipif(RSCRIPT is None, reason="needs R")
@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.stem not in NOT_RUN], ids=lambda page: page.stem
)
def test_r_gives_the_numbers_of_the_page(page, tmp_path):
    calls = calls_of(page)
    np.savetxt(tmp_path / "img.txt", load_photograph(), fmt="%d")
    script = tmp_path / "calls.R"
    script.write_text(f'img <- as.matrix(read.table("img.txt"))\n{calls}', "utf-8")
    ran = subprocess.run(
        [RSCRIPT, "--vanilla", script.name], cwd=tmp_path, capture_output=True, text=True
    )
    if "there is no package" in ran.stderr:
        pytest.skip(ran.stderr.splitlines()[0])
    assert ran.returncode == 0, ran.stderr
    printed = iter(re.findall(NUMBER, re.sub(r"\[[\d,]+\]", "", ran.stdout)))
    for number in shown_in_comments(calls):
        decimals = len(number.partition(".")[2])
        assert any(round(float(other), decimals) == float(number) for other in printed), number
