"""The table: a row for each comparison, whoever wins it."""

import os
import platform

from .workloads import COPY, TILE

# Losses of one epoch differ with the order of the samples; results of one call only by rounding.
TOLERANCES = {"train": 0.15}
TOLERANCE = 0.001

LEGEND = """\
Times are of a training step, or of one call, minima of all samples. **reached**: operations of the
dense and convolution layers a second, with {threads} threads, and how much that is of the machine's
peak, or of a copy of as many bytes where that is the lower roof. **peer**: the fastest of its
variants with {threads} threads. **ratio**: the peer's time over ours with as many threads; below 1
it is faster. **floor**: the ratio that is wanted with {threads} threads. **spread**: how far the
median lies above the minimum, the larger of the two. **check**: the loss of an early epoch, ours
and the peer's, or whether the results agree. **first call**: compiling, loading from a cache, and
the check."""


def duration(seconds):
    """Seconds as text, with three digits and a unit."""
    for factor, unit in ((1e6, "µs"), (1e3, "ms")):
        if seconds * factor < 1000:
            return f"{number(seconds * factor)} {unit}"
    return f"{number(seconds)} s"


def number(value):
    """Three digits."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def ratio(value):
    """How many times faster, as text."""
    return f"{number(value)}x"


def markdown(head, rows):
    """A Markdown table, its first column left, the others right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def cpu():
    """Name of the processor, where it can be found out."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(line.partition(":")[2].strip() for line in file if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


class Roofs:
    """What this machine can do with each number of threads, from the results of `ROOFS`."""

    def __init__(self, results):
        self.tile, self.copy = (
            next((w, results[w]) for w in results if w.name == name) for name in (TILE, COPY)
        )

    def flops(self, threads):
        """Operations a second in a tile of a product."""
        workload, result = self.tile
        return workload.flops / result["fastscratch", threads].best

    def bytes(self, threads):
        """Bytes a second, read and written, in a copy."""
        workload, result = self.copy
        return workload.bytes / result["fastscratch", threads].best

    def reached(self, workload, threads, seconds):
        """Operations a second, and the part they are of what the lower roof allows."""
        computing = workload.flops / self.flops(threads)
        moving = workload.bytes / self.bytes(threads)
        roof = "copy" if moving > computing else "peak"
        rate = number(workload.flops / seconds / 1e9)
        return f"{rate} GF/s, {max(computing, moving) / seconds:.0%} of {roof}"


def compared(workload, ours, peer):
    """Whether both computed the same: the losses of training, and what differs in any case."""
    agree = abs(peer.check - ours.check) <= TOLERANCES.get(workload.kind, TOLERANCE) * ours.check
    if workload.kind != "train" and agree:
        return "same"
    checks = f"{ours.check:.3g}, {peer.check:.3g}"
    return checks if agree else f"{checks} **differs**"


def verdict(ratio, floor):
    """What the reader must not overlook."""
    if floor and ratio < floor:
        return "**missed**"
    return "slower" if ratio < 1 else ""


class Row:
    """One library's results on one workload: a `Measurement` for each number of threads."""

    def __init__(self, result, name, threads):
        self.name = name
        self.each = [result[name, count] for count in threads]
        self.measured = not any(isinstance(each, str) for each in self.each)

    @property
    def last(self):
        return self.each[-1]

    def times(self):
        """A cell for each number of threads, and one for the first call."""
        if not self.measured:
            return ["-"] * (len(self.each) + 1)
        return [*(duration(each.best) for each in self.each), f"{self.last.first:.2f} s"]


def rows(workload, result, threads, roofs):
    """The comparisons of one workload; its name and our times stand in the first."""
    ours = Row(result, "fastscratch", threads)
    reached = roofs.reached(workload, threads[-1], ours.last.best) if ours.measured else "-"
    left = [workload.name, *ours.times(), reached]
    for name in workload.peers:
        peer = Row(result, name, threads)
        floor = workload.floors.get(name)
        right = [""] * (len(threads) + 4)
        right[-3] = f"{floor}x" if floor else ""
        if ours.measured and peer.measured:
            ratios = [b.best / a.best for a, b in zip(ours.each, peer.each, strict=True)]
            right = [
                *map(ratio, ratios),
                right[-3],
                verdict(ratios[-1], floor),
                f"{max(ours.last.spread, peer.last.spread):.0%}",
                compared(workload, ours.last, peer.last),
            ]
        variant = f"{name}: {peer.last.variant}" if peer.measured else name
        yield [*left, variant, *peer.times(), *right]
        left = [""] * len(left)


def render(results, threads, versions):
    """The table and its legend as Markdown.

    Parameters
    ----------
    results : dict
        By `Workload`, then by name and threads of a library: a `Measurement`, or why there is none.
    threads : list of int
    versions : dict of str to (str or None)
        By library.
    """
    roofs = Roofs(results)
    counts = [f"{count} thr" for count in threads]
    head = [
        "workload",
        *(f"fastscratch {count}" for count in counts),
        "first call",
        "reached",
        "peer: best variant",
        *counts,
        "first call",
        *(f"ratio {count}" for count in counts),
        "floor",
        "",
        "spread",
        "check",
    ]
    body = [
        row
        for workload, result in results.items()
        for row in rows(workload, result, threads, roofs)
    ]
    missing = [
        f"- {workload.name}, {name}, {count} thr: {why}"
        for workload, result in results.items()
        for (name, count), why in result.items()
        if isinstance(why, str)
    ]
    machine = [
        f"- peak with {count} thr: {roofs.flops(count) / 1e9:.0f} GF/s (a tile of a product), "
        f"copy of 16 MiB: {roofs.bytes(count) / 1e9:.1f} GB/s read and written"
        for count in threads
    ]
    versions = {"Python": platform.python_version()} | versions
    installed = ", ".join(f"{name} {version or 'absent'}" for name, version in versions.items())
    return "\n".join(
        [
            f"{cpu()}, {os.cpu_count()} processors; {installed}",
            "",
            markdown(head, body),
            "",
            LEGEND.format(threads=threads[-1]),
            "",
            *machine,
            *missing,
        ]
    )
