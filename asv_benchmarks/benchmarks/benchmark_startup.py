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

FIRST_CALL = """
import time
import numpy as np
from fastscratch.cases import CASES, kernel_call
case = next(case for case in CASES if case.typical and case.kernel == "{kernel}")
start = time.perf_counter()
kernel, arguments = kernel_call(case, np.float32)
kernel(*arguments)
print(time.perf_counter() - start)
"""


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
    """Seconds until a kernel's first result in a process, the imports not counted."""

    params = (["conv2d_forward", "train_steps"],)
    param_names = ("kernel",)
    unit = "seconds"

    def setup_cache(self):
        """Measure each kernel once: the cold start leaves the cache for the warm ones."""
        return {kernel: self.cold_and_warm(kernel) for kernel in self.params[0]}

    setup_cache.timeout = 600

    def cold_and_warm(self, kernel):
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
                seconds_in_a_fresh_process(FIRST_CALL.format(kernel=kernel), **environment)
                for _ in range(4)
            ]
        return cold, min(warm)

    def track_cold_compile(self, measured, kernel):
        return measured[kernel][0]

    def track_warm_start(self, measured, kernel):
        return measured[kernel][1]
