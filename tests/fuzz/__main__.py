"""Call everything public with good and hostile arguments, in child processes.

python tests/fuzz --calls 100000     # the long mode
python tests/fuzz --calls 500 --only ops.matmul --seed 7
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

CALLS_A_CHILD = 5000
SECONDS_A_CHILD = 1800


def main() -> int:
    """Run children, one after the other, until all calls are made; the exit code."""
    parser = argparse.ArgumentParser(prog="python tests/fuzz", description=__doc__)
    parser.add_argument("--calls", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=0, help="of the first child")
    parser.add_argument("--only", default="", help="names that begin so")
    parser.add_argument("--names", action="store_true", help="print what is called, and end")
    parser.add_argument("--child", metavar="FILE", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.calls < 1:
        parser.error(f"--calls must be at least 1, got {options.calls}")
    from child import targets, work
    from surface import NOT_CALLED, public_names

    chosen = {name: t for name, t in targets().items() if name.startswith(options.only)}
    if not chosen:
        parser.error(f"--only: nothing that is called begins with {options.only!r}; see --names")
    if options.names:
        print(*chosen, sep="\n")
        public, excused = public_names(), set(NOT_CALLED)
        print("not called:", *sorted(public - set(targets()) - excused))
        print("not public:", *sorted(excused - public))
        return 0
    if options.child:
        work(chosen, options.calls, options.seed, options.child)
        return 0
    totals, failures, crashes, seed = Counter(), set(), 0, options.seed
    while (left := options.calls - sum(totals.values())) > 0:
        begin = time.perf_counter()
        share = min(left, CALLS_A_CHILD)
        counts, found, end = _child(share, seed, options.only)
        totals.update(counts)
        failures |= {failure["target"] for failure in found}
        crashes += bool(end)
        print(
            f"seed {seed}: {_line(counts)}, {len(found)} failing targets, "
            f"{time.perf_counter() - begin:.0f} s{end and ', CRASHED'}",
            flush=True,
        )
        for failure in found:
            print(f"\n{failure['target']}, seed {seed}:\n{failure['report']}", flush=True)
        if end:
            print(end, flush=True)
        seed += 1
        if not sum(counts.values()):
            break
    print(f"\n{_line(totals)}, {len(failures)} failing targets, {crashes} crashes")
    return 1 if failures or crashes else 0


def _line(counts: Counter) -> str:
    right, refused, wrong = (counts[name] for name in ("right", "refused", "wrong"))
    return f"{right + refused + wrong} calls: {right} right, {refused} refused, {wrong} wrong"


def _child(calls: int, seed: int, only: str) -> tuple[Counter, list[dict], str]:
    """Counts and failures of one child, and how it ended if it was not well."""
    with tempfile.TemporaryDirectory() as folder:
        last = Path(folder, "last-call")
        command = [sys.executable, "-X", "faulthandler", str(Path(__file__).parent)]
        command += ["--child", str(last), "--calls", str(calls), "--seed", str(seed)]
        log = Path(folder, "log")
        with log.open("w") as out, Path(folder, "errors").open("w") as errors:
            try:
                code = subprocess.run(
                    [*command, "--only", only],
                    stdout=out,
                    stderr=errors,
                    timeout=SECONDS_A_CHILD,
                    env={"MPLBACKEND": "agg"} | os.environ,
                ).returncode
            except subprocess.TimeoutExpired:
                code = "none, it hangs"
        reports = [json.loads(line) for line in log.read_text().splitlines() if line[:1] == "{"]
        counts = sum((Counter(report["counts"]) for report in reports), Counter())
        found = [report for report in reports if report["report"]]
        end = ""
        if code != 0:
            errors = Path(folder, "errors").read_text()[-3000:]
            call = last.read_text() if last.exists() else "none"
            end = f"exit code {code}\n{errors}\nlast call: {call}"
    return counts, found, end


if __name__ == "__main__":
    sys.exit(main())
