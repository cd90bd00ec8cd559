"""What a fresh process waits for: the import, and its first result with and without a cache."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import fastscratch
import fastscratch.kernels

IMPORT = """
import time
start = time.perf_counter()
import {module}
print(time.perf_counter() - start)
"""

#: By what is called first: the program that does, in a process of its own.
FIRST_CALLS = {
    "conv": """
import time
import numpy as np
from fastscratch import ops
start = time.perf_counter()
ops.conv(np.ones((2, 30, 30, 3), np.float32), np.ones((3, 3, 3, 8), np.float32))
print(time.perf_counter() - start)
""",
    "fit": """
import time
import numpy as np
from fastscratch import Sequential, layers
x, y = np.ones((50, 4), np.float32), np.arange(50) % 3
start = time.perf_counter()
model = Sequential([layers.Dense(40, "relu"), layers.Dense(3, "softmax")])
model.compile("adam", "sparse_categorical_crossentropy")
model.fit(x, y, verbose=0)
print(time.perf_counter() - start)
""",
}


def seconds_in_a_fresh_process(program, **environment):
    """Run a program in a process of its own; the number it prints."""
    command = [sys.executable, "-P", "-c", program]  # -P: the current folder holds no modules
    run = subprocess.run(
        command, env=os.environ | environment, check=True, stdout=subprocess.PIPE, text=True
    )
    return float(run.stdout)


class Import:
    """Seconds to import the package, to import Numba alone, and what the package adds."""

    params = (["fastscratch", "numba", "difference"],)
    param_names = ("what",)
    unit = "seconds"
    timeout = 300

    def track_import_time(self, what):
        modules = ("fastscratch", "numba") if what == "difference" else (what,)
        rounds = [
            [seconds_in_a_fresh_process(IMPORT.format(module=module)) for module in modules]
            for _ in range(3)
        ]
        package, *numba = map(min, zip(*rounds, strict=True))
        return package - sum(numba)


class FirstCall:
    """Seconds until the first result in a process, the imports not counted."""

    params = (list(FIRST_CALLS),)
    param_names = ("call",)
    unit = "seconds"

    def setup_cache(self):
        """Measure each call once: the cold start leaves the cache for the warm ones."""
        return {call: self.cold_and_warm(call) for call in self.params[0]}

    setup_cache.timeout = 600

    def cold_and_warm(self, call):
        """Run a copy of the package, one process after another; only the first finds no cache.

        A copy, because the kernels look for compiled code in their own folder too.
        """
        with tempfile.TemporaryDirectory() as folder:
            copy = pathlib.Path(folder, "fastscratch")
            for package, to in ((fastscratch, copy), (fastscratch.kernels, copy / "kernels")):
                shutil.copytree(
                    pathlib.Path(package.__file__).parent,
                    to,
                    ignore=shutil.ignore_patterns("__pycache__", "kernels"),
                )
            environment = {"PYTHONPATH": folder, "NUMBA_CACHE_DIR": str(copy / "cache")}
            cold, *warm = [
                seconds_in_a_fresh_process(FIRST_CALLS[call], **environment) for _ in range(4)
            ]
        return cold, min(warm)

    def track_cold_compile(self, measured, call):
        return measured[call][0]

    def track_warm_start(self, measured, call):
        return measured[call][1]
