"""How long cells take side by side."""

import heapq
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
    place = {cell.id: i for i, cell in enumerate(cells)}
    missing = [{need for need in cell.needs.values() if need in place} for cell in cells]
    followers: list[list[int]] = [[] for _ in cells]
    for i, needs in enumerate(missing):
        for need in needs:
            followers[place[need]].append(i)
    ready = [i for i, needs in enumerate(missing) if not needs]
    running: list[tuple[float, int]] = []
    now = 0.0
    while ready or running:
        while ready and len(running) < parallel:
            i = heapq.heappop(ready)
            heapq.heappush(running, (now + seconds[cells[i].id], i))
        now, finished = heapq.heappop(running)
        for follower in followers[finished]:
            missing[follower].discard(cells[finished].id)
            if not missing[follower]:
                heapq.heappush(ready, follower)
    return now
