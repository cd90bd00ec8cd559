"""What was measured, for other programs: the dashboard, and the picture of the README."""

from .table import Side, cpu


def records(results, threads, versions):
    """All comparisons with the most threads, in types that JSON has.

    Parameters
    ----------
    results, threads, versions
        As :func:`.table.render` takes them.

    Returns
    -------
    dict
        ``cpu``, ``threads``, ``versions``, and ``comparisons``: of each the workload, the library
        and its variant, and the seconds of a step or a call, ours and the library's.
    """
    comparisons = []
    for workload, result in results.items():
        ours = Side(result, "fastscratch", threads)
        for name in workload.peers:
            peer = Side(result, name, threads)
            if ours.each and peer.each:
                library, _, variant = peer.title.partition(": ")
                comparisons.append(
                    {
                        "workload": workload.name,
                        "library": library,
                        "variant": variant,
                        "ours": ours.each[-1].best,
                        "theirs": peer.each[-1].best,
                    }
                )
    return {
        **{"cpu": cpu(), "threads": threads[-1], "versions": versions},
        "comparisons": comparisons,
    }
