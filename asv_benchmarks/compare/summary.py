"""What many workloads say together: how many are lost, the quartiles, and each loss."""

import numpy as np

from .table import Roofs, Side, compared, duration, markdown, ratio
from .workloads import ROOFS


def compare_with_best(results, threads):
    """Each workload with ours and the fastest peer's measurement, where both can do it."""
    pairs = []
    for workload, result in results.items():
        sides = [Side(result, peer, [threads]) for peer in workload.peers]
        peers = [side for side in sides if side.each]
        ours = Side(result, "fastscratch", [threads])
        if workload not in ROOFS and ours.each and peers:
            peer = min(peers, key=lambda side: side.each[0].best)
            pairs.append((workload, ours.each[0], peer))
    return pairs


def render(results, threads):
    """The summary as Markdown.

    Parameters
    ----------
    results : dict
        As of ``table.render``.
    threads : int
        Ours and the peers'.
    """
    roofs, lines = Roofs(results), []
    pairs = compare_with_best(results, threads)
    failed = [
        workload.name
        for workload, result in results.items()
        if isinstance(result["fastscratch", threads], str)
    ]
    for workload, ours, peer in pairs:
        theirs = peer.each[0]
        reached = roofs.reached(workload, threads, ours.best)
        check = compared(workload, ours, theirs)
        times = duration(ours.best), duration(theirs.best)
        lines.append(
            (
                theirs.best / ours.best,
                [workload.name, times[0], peer.title, times[1], reached, check],
            )
        )
    lines.sort(key=lambda line: line[0])
    ratios = [value for value, _ in lines]
    text = [f"## {len(ratios)} workloads beside the fastest peer of each, {threads} thr", ""]
    if ratios:
        quartiles = ", ".join(map(ratio, np.quantile(ratios, (0.25, 0.5, 0.75))))
        limits = [roofs.part(w, threads, ours.best) for w, ours, _ in pairs]
        part = ", ".join(f"{value:.0%}" for value in np.quantile(limits, (0.25, 0.5, 0.75)))
        lost = sum(value < 1 for value in ratios)
        text += [
            f"- lost: {lost}; under 0.95x: {sum(value < 0.95 for value in ratios)}",
            f"- worst: {ratio(ratios[0])}; quartiles: {quartiles}",
            f"- quartiles of the part of the machine's limit that is reached: {part}",
        ]
        head = ["ratio", "workload", "fastscratch", "peer", "its time", "reached", "check"]
        rows = [[ratio(value), *cells] for value, cells in lines if value < 1]
        if rows:
            text += ["", "Every loss:", "", markdown(head, rows)]
    text += [f"- fastscratch failed: {name}" for name in failed]
    return "\n".join(text)
