"""The table: a row for each comparison, whoever wins it."""

import os
import platform

from .workloads import COPY, TILE

# Losses of one epoch differ with the order of the samples; results of one call only by rounding.
TOLERANCES = {"train": 0.15, "estimator": 0.15, "search": 0.02}
TOLERANCE = 0.001

LEGEND = """\
Times are of a training step, or of one call, minima of all samples. **reached**: operations of the
dense and convolution layers a second, with {threads} thr, and the part of the machine's peak that
they are, or of a copy of as many bytes where that is the lower roof. **peer**: its fastest variant
with {threads} thr, or the one that is compared with. **ratio**: the peer's time over ours with as
many threads; below 1 the peer is faster. **floor**: the ratio that is wanted with {threads} thr.
**spread**: how far the median lies above the minimum, the larger of the two. **check**: the loss of
an early epoch, ours and the peer's, or whether the results agree. **first call**: compiling or
loading from a cache, and the check."""


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
        return workload.flops / best(result["fastscratch", threads]).best

    def bytes(self, threads):
        """Bytes a second, read and written, in a copy."""
        workload, result = self.copy
        return workload.bytes / best(result["fastscratch", threads]).best

    def least(self, workload, threads):
        """The least seconds that each roof allows, by its name."""
        return {
            "peak": workload.flops / self.flops(threads),
            "copy": workload.bytes / self.bytes(threads),
        }

    def part(self, workload, threads, seconds):
        """The part that was reached of what the lower roof allows."""
        return max(self.least(workload, threads).values()) / seconds

    def reached(self, workload, threads, seconds):
        """Operations a second, and the part they are of what the lower roof allows."""
        least = self.least(workload, threads)
        roof = max(least, key=least.get)
        rate = f"{number(workload.flops / seconds / 1e9)} GF/s, " if workload.flops else ""
        return f"{rate}{self.part(workload, threads, seconds):.0%} of {roof}"


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


def best(variants):
    """The fastest of some variants: a `Measurement`."""
    return min(variants, key=lambda variant: variant.best)


class Side:
    """One side of a comparison: its `Measurement` for each number of threads, if it has any."""

    def __init__(self, result, peer, threads):
        library, _, wanted = peer.partition(": ")
        found = [result[library, count] for count in threads]
        self.title, self.each = peer, []
        if not any(isinstance(variants, str) for variants in found):
            self.each = [
                best([variant for variant in variants if wanted in ("", variant.variant)])
                for variants in found
            ]
            self.title = f"{library}: {self.each[-1].variant}"

    def times(self, threads):
        """A cell for each number of threads, and one for the first call."""
        if not self.each:
            return ["-"] * (len(threads) + 1)
        return [*(duration(each.best) for each in self.each), f"{self.each[-1].first:.2f} s"]


def rows(workload, result, threads, roofs):
    """The comparisons of one workload; its name and our times stand in the first."""
    ours = Side(result, "fastscratch", threads)
    reached = "-"
    if ours.each and (workload.flops or workload.bytes):
        reached = roofs.reached(workload, threads[-1], ours.each[-1].best)
    left = [workload.name, *ours.times(threads), reached]
    if not workload.peers:
        yield [*left, *[""] * (2 * len(threads) + 6)]
    for name in workload.peers:
        peer, floor = Side(result, name, threads), workload.floors.get(name)
        ratios, judged = ["-"] * len(threads), [""] * 3
        if ours.each and peer.each:
            times = [b.best / a.best for a, b in zip(ours.each, peer.each, strict=True)]
            mine, other = ours.each[-1], peer.each[-1]
            ratios = map(ratio, times)
            judged = [
                verdict(times[-1], floor),
                f"{max(mine.spread, other.spread):.0%}",
                compared(workload, mine, other),
            ]
        wanted = f"{floor}x" if floor else ""
        yield [*left, peer.title, *peer.times(threads), *ratios, wanted, *judged]
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
        "peer",
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
