"""Seconds that finished cells took, for estimates: quick, and content with what is there."""

import csv
from collections.abc import Iterable, Mapping

from severe_bench.plan.cell import Cell
from severe_bench.store.cells import CorruptError, read_result
from severe_bench.store.layout import Layout


def measured_seconds(
    layout: Layout, cells: Iterable[Cell], states: Mapping[str, str]
) -> dict[str, float]:
    """Seconds by cell id: evaluated cells from `results.csv`, shared ones from their results.

    One file for the many cells, since opening ten thousand would take longer than the plan itself.
    A missing or damaged file only makes the estimate rougher.
    """
    seconds = _from_table(layout)
    for cell in cells:
        if cell.label is None and states.get(cell.id) == "done":
            found = _from_result(layout, cell)
            if found is not None:
                seconds[cell.id] = found
    return seconds


def _from_table(layout: Layout) -> dict[str, float]:
    try:
        with layout.table.open(newline="", encoding="utf-8") as stream:
            return {row["cell"]: float(row["seconds"]) for row in csv.DictReader(stream)}
    except (OSError, KeyError, ValueError, TypeError, csv.Error):
        return {}


def _from_result(layout: Layout, cell: Cell) -> float | None:
    try:
        result = read_result(layout.folder(cell))
    except CorruptError:
        return None
    return result.cost.seconds if result else None
