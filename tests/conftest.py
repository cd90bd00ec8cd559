"""What several test files share."""

import os
import subprocess
import sys

import pytest


@pytest.fixture(scope="session")
def child():
    """Return a function that runs code in a fresh interpreter and returns what it printed."""

    def run(code, **environment):
        finished = subprocess.run(
            [sys.executable, "-W", "error", "-c", code],
            env=os.environ | environment,
            capture_output=True,
            text=True,
            timeout=900,
        )
        assert finished.returncode == 0, finished.stderr
        return finished.stdout

    return run
