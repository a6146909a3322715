"""How long cells take side by side."""

import heapq
from collections import defaultdict
from collections.abc import Mapping, Sequence

from severe_bench.plan.cell import Cell


def wall_seconds(cells: Sequence[Cell], seconds: Mapping[str, float], parallel: int) -> float:
    """Time until the last cell is done, by list scheduling.

    Each free worker takes the first cell in the order of the plan whose needs are done. Needs
    outside `cells` count as done.

    Args:
        cells: to be computed, needed ones first.
        seconds: by cell id.
        parallel: number of workers, at least 1.
    """
    inside = {cell.id for cell in cells}
    followers: defaultdict[str, list[int]] = defaultdict(list)
    missing = [0] * len(cells)
    for i, cell in enumerate(cells):
        for need in {need for need in cell.needs.values() if need in inside}:
            followers[need].append(i)
            missing[i] += 1
    ready = [i for i, count in enumerate(missing) if count == 0]
    running: list[tuple[float, int]] = []
    now = 0.0
    while ready or running:
        while ready and len(running) < parallel:
            i = heapq.heappop(ready)
            heapq.heappush(running, (now + seconds[cells[i].id], i))
        now, finished = heapq.heappop(running)
        for follower in followers.get(cells[finished].id, ()):
            missing[follower] -= 1
            if missing[follower] == 0:
                heapq.heappush(ready, follower)
    return now
