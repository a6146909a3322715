"""What `severe plan` prints: a line per experiment and factor, and one for all that is missing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from severe_bench.cli.listing import MARKS, cost_lines, counted
from severe_bench.cli.opening import short_place
from severe_bench.core.units import seconds_text
from severe_bench.plan.summary import Group, Summary

SHORT = {"impossible": "cannot run"}
HOUR = 3600.0
LARGE = 24.0
"""GPU-hours from which on a study is not for this machine's cores."""


def summary_lines(
    suite: str, summary: Summary, view: Mapping[str, Any], width: int | None
) -> Iterator[str]:
    """The lines.

    Args:
        suite: name of the suite.
        summary: of its plan.
        view: as `plan.view.plan_json` gives it, for the missing things and the estimate.
        width: of the terminal; longer rows are cut, while the command at the end stays whole.
            None: of no terminal.
    """
    for line in chain(_tables(summary), _missing(view["missing"])):
        yield line if width is None or len(line) <= width else f"{line[: width - 1]}…"
    yield "grid: (rungs x) presets x models x seeds"
    yield f"{suite}: {counted(view['cells'])}; each of them: severe plan {suite} --cells"
    yield from view["left_out"]
    if view["estimate"]["cells"]:
        yield from cost_lines(view["estimate"])


def _tables(summary: Summary) -> Iterator[str]:
    total = _total(summary)
    cost = _on_gpus if total.gpu_seconds >= LARGE * HOUR else _on_workers
    yield from _table("experiment", summary.experiments, _of_experiment, cost)
    if summary.needed:
        yield ""
        yield from _table("needed first", summary.needed, _of_needed, cost)
    yield ""
    yield from _table("factor", (*summary.factors, total), _of_factor, cost)
    yield ""


def _missing(missing: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not missing:
        return
    yield "not on this machine:"
    for each in sorted(missing, key=lambda each: str(each["what"])):
        yield f"  {each['cells']:>5} cells wait for {short_place(str(each['what']))}"
    yield ""


def _of_experiment(group: Group) -> list[str]:
    return [group.factor, _product(group)]


def _of_needed(_: Group) -> list[str]:
    return ["", ""]


def _of_factor(group: Group) -> list[str]:
    plural = "" if group.experiments == 1 else "s"
    return [f"{group.experiments} experiment{plural}", ""]


HEADS = {
    "experiment": ["factor", "grid"],
    "needed first": ["", ""],
    "factor": ["", ""],
}


def _product(group: Group) -> str:
    rungs = f"{group.experiments} x " if group.experiments > 1 else ""
    return f"{rungs}{group.presets} x {group.models} x {group.seeds}"


def _states(group: Group) -> str:
    """Words, with numbers where there are several."""
    there = [
        (group.states[state], SHORT.get(state, mark))
        for state, mark in MARKS.items()
        if group.states.get(state)
    ]
    return there[0][1] if len(there) == 1 else ", ".join(f"{n} {word}" for n, word in there)


def _on_workers(group: Group | None) -> str:
    """The head of the column, or the cost of a group."""
    if group is None:
        return "one worker"
    return seconds_text(group.compute_seconds) if group.compute_seconds else ""


def _on_gpus(group: Group | None) -> str:
    """Likewise."""
    return "GPU-hours" if group is None else f"{group.gpu_seconds / HOUR:,.0f}"


RIGHT = frozenset({3, 4})


def _table(
    title: str,
    groups: Sequence[Group],
    words: Callable[[Group], list[str]],
    cost: Callable[[Group | None], str],
) -> Iterator[str]:
    rows = [[title, *HEADS[title], "cells", cost(None), "state"]]
    for group in groups:
        rows.append([group.name, *words(group), str(group.cells), cost(group), _states(group)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        parts = [
            f"{text:>{size}}" if column in RIGHT else f"{text:<{size}}"
            for column, (text, size) in enumerate(zip(row, widths, strict=True))
            if size
        ]
        yield "  ".join(parts).rstrip()


def _total(summary: Summary) -> Group:
    groups = (*summary.factors, *summary.needed)
    states: dict[str, int] = {}
    for group in groups:
        for state, count in group.states.items():
            states[state] = states.get(state, 0) + count
    return Group(
        name="all, with what is needed",
        factor="",
        protocol="",
        experiments=sum(group.experiments for group in summary.factors),
        presets=0,
        models=0,
        seeds=0,
        states=states,
        compute_seconds=sum(group.compute_seconds for group in groups),
        gpu_seconds=sum(group.gpu_seconds for group in groups),
    )
