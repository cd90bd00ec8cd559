"""The parent's hold on the processes of the libraries."""

import json
import os
import subprocess
import sys
import time

REST = 0.2  # seconds: idle threads of some libraries go on spinning for a while


class Library:
    """One library in a process of its own, with a number of threads for life.

    Attributes
    ----------
    version : str or None
        None if it is not installed; `absent` then says why.
    """

    def __init__(self, name, threads):
        pins = ("OMP", "OPENBLAS", "MKL", "VECLIB_MAXIMUM", "NUMBA")
        environment = {f"{pin}_NUM_THREADS": str(threads) for pin in pins}
        self.process = subprocess.Popen(
            [sys.executable, "-m", f"{__package__}.child", name, str(threads)],
            env=os.environ | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.threads = threads
        start = self._answer()
        self.version, self.absent = start.get("version"), start.get("absent")

    def prepare(self, workload, data):
        """Compile a workload and run it for the first time; both are paths of files.

        Returns
        -------
        dict of str to list, or str
            What each variant's check gave, and the seconds until then; or why it cannot.
        """
        if self.version is None:
            return f"not installed: {self.absent}"
        return self._ask(workload=str(workload), data=str(data))

    def turn(self, variant, seconds):
        """Samples of seconds a step."""
        return self._ask(turn=variant, seconds=seconds)

    def close(self):
        self.process.stdin.close()
        self.process.wait()

    def _ask(self, **request):
        print(json.dumps(request), file=self.process.stdin, flush=True)
        answer = self._answer()
        if self.threads > 1:
            time.sleep(REST)
        return answer

    def _answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.process.args} ended with exit code {self.process.wait()}")
        return json.loads(line)
