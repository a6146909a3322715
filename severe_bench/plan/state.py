"""States of cells, as words, and which of them a run would compute."""

from collections.abc import Mapping, Sequence

from severe_bench.plan.cell import Cell

TO_RUN = "to-run"
IMPOSSIBLE = "impossible"

WAITING = frozenset({TO_RUN, "pending", "corrupt", "running"})
"""A run computes these, or goes on with them; failed cells only where it is asked to retry."""


def state_of(cell: Cell, states: Mapping[str, str]) -> str:
    """The state of a cell; one that the store does not know is to run, or impossible."""
    known = states.get(cell.id)
    if known is not None:
        return known
    return IMPOSSIBLE if cell.problem else TO_RUN


def waiting(cells: Sequence[Cell], states: Mapping[str, str]) -> list[Cell]:
    """The cells that a run would compute, in the order of the plan.

    A cell with a problem is among them only if the store says so.
    """
    return [cell for cell in cells if state_of(cell, states) in WAITING]
