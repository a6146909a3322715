"""Plans and states as lines of plain text: quick for ten thousand cells, greppable, no markup."""

import re
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from severe_bench.core.units import bytes_text, seconds_text
from severe_bench.store.status import Status

NEEDED = re.compile(r"^needs [0-9a-f]{16}: ")
"""Begins the reason of a cell that needs one that cannot run."""

MARKS = {
    "done": "done",
    "pending": "to run",
    "idle": "not needed",
    "running": "running",
    "queued": "queued",
    "failed": "FAILED",
    "blocked": "blocked",
    "impossible": "impossible",
    "corrupt": "damaged",
}


def plan_lines(view: Mapping[str, Any]) -> Iterator[str]:
    """One line per cell (state, id, title, what it needs or why it cannot run), then the cost.

    Args:
        view: as `plan.view.plan_json` gives it.
    """
    cells = view["cells"]
    titles = {cell["id"]: cell["title"] for cell in cells}
    width = max((len(cell["title"]) for cell in cells), default=0)
    for cell in cells:
        mark = MARKS.get(cell["state"], cell["state"])
        yield f"{mark:<10}  {cell['id']}  {cell['title']:<{width}}  {_tail(cell, titles)}".rstrip()
    yield ""
    yield f"{view['suite']}: {counted(cells)}"
    yield from view["left_out"]
    if view["estimate"]["cells"]:
        yield from cost_lines(view["estimate"])


def _tail(cell: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    if cell["reason"]:
        return str(cell["reason"])
    if cell["state"] == "done" or not cell["needs"]:
        return ""
    return "needs " + ", ".join(titles.get(need, need) for need in cell["needs"].values())


def _counted(counts: Mapping[str, int]) -> str:
    total = sum(counts.values())
    parts = [f"{counts[state]} {mark}" for state, mark in MARKS.items() if counts.get(state)]
    return f"{total} cells, " + ", ".join(parts)


def counted(cells: Iterable[Mapping[str, Any]]) -> str:
    """How many cells of a plan are in which state."""
    return _counted(Counter(cell["state"] for cell in cells))


def cost_lines(estimate: Mapping[str, Any]) -> Iterator[str]:
    """What is left to compute, and what that is based on."""
    wall, compute = estimate["wall_seconds"], estimate["compute_seconds"]
    basis = ", ".join(f"{count} {name}" for name, count in estimate["basis"].items())
    yield (
        f"left: {seconds_text(wall['expected'])} on {estimate['parallel']} worker(s)"
        f" ({seconds_text(wall['low'])} to {seconds_text(wall['high'])})"
    )
    yield (
        f"      {seconds_text(compute['expected'])} of compute,"
        f" {bytes_text(estimate['disk_bytes'])} of disk"
    )
    yield f"based on: {basis}"


def status_lines(status: Status, options: Sequence[str] = ()) -> Iterator[str]:
    """Counts, then the cells that are running, failed, damaged or set aside; how to go on.

    Args:
        status: of a suite.
        options: of the command line, which the command to go on with needs too.
    """
    shown = Counter(str(row.state) for row in status.cells)
    yield f"{status.suite}: {_counted(shown)}"
    for row in status.cells:
        if row.state == "running" and row.progress is not None:
            epoch = f", epoch {row.progress.epoch}" if row.progress.epoch else ""
            done = f"{row.progress.stage} {row.progress.done}/{row.progress.total}{epoch}"
            yield f"running     {row.id}  {row.title}  {done}"
        elif row.state == "pending" and row.reason:
            yield f"lost        {row.id}  {row.title}  {row.reason}"
        elif row.state in {"running", "failed", "corrupt"}:
            yield f"{MARKS[row.state]:<10}  {row.id}  {row.title}  {row.reason}".rstrip()
    yield from grouped_reasons(row.reason for row in status.cells if row.state == "impossible")
    for name in status.quarantined:
        yield f"set aside   {name}"
    if status.others:
        yield f"not counted: {status.others} finished cell(s) of other settings"
        yield "  (the configuration, or a variable in it, was another one)"
    yield _what_next(status, shlex.join(["severe", "run", status.suite, *options]))


def _what_next(status: Status, command: str) -> str:
    if status.queued:
        return f"in the queue of a cluster; when it is empty: {command} --executor slurm"
    if not status.complete:
        return f"go on with: {command}"
    return f"mend what failed, then: {command} --retry failed" if status.failed else "complete"


def grouped_reasons(reasons: Iterable[str]) -> Iterator[str]:
    """One line for each reason why cells cannot run here, the most frequent first."""
    for reason, count in grouped(reasons):
        yield f"impossible  {count} cell(s): {reason}"


def grouped(reasons: Iterable[str]) -> Iterator[tuple[str, int]]:
    """Each reason with how many cells it hinders, whichever needed cell it came by."""
    yield from Counter(NEEDED.sub("", reason) for reason in reasons).most_common()
