"""The table of docs/many-models.md: how long many fits take on many workers, from measured costs.

Run it as ``python tools/cluster_table.py``. It hands out chunks by the rule of the package to
workers that only count seconds.
"""

import heapq

import joblib

from fastscratch.workers import Workers

#: Seconds that the client, with the scheduler in its process, needs for a fit and for a chunk.
FOR_A_FIT, FOR_A_CHUNK = 0.15e-3, 3e-3


def seconds(fits: int, of_each: float, count: int) -> float:
    """How long workers take for fits of a length."""
    with joblib.parallel_config(backend="threading"):
        workers = Workers(1, count, list)
    workers._pace = of_each
    free, client, end = [0.0] * count, 0.0, 0.0
    while fits:
        size = workers._size(fits)
        fits -= size
        client += size * FOR_A_FIT + FOR_A_CHUNK
        begin = max(client, heapq.heappop(free))
        heapq.heappush(free, begin + size * of_each)
        end = max(end, begin + size * of_each)
    return max(end, client)


def main() -> None:
    """Print the table."""
    print("| fits | seconds of each | 10 workers | 100 workers | 1,000 workers |")
    print("|---|---|---|---|---|")
    for fits in (10_000, 1_000_000):
        for of_each in (0.01, 0.1, 1.0):
            cells = []
            for count in (10, 100, 1000):
                took = seconds(fits, of_each, count)
                share = fits * of_each / count / took
                cells.append(f"{took:,.0f} s ({share:.0%})")
            print(f"| {fits:,} | {of_each:g} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
