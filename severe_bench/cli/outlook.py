"""A plan held against the results folder: states, reasons, and what the rest will cost."""

from collections.abc import Mapping
from dataclasses import dataclass

from severe_bench.cli.opening import Opened
from severe_bench.plan.estimate import Estimate, estimate
from severe_bench.plan.summary import Summary, summarised
from severe_bench.run.devices import lanes
from severe_bench.store.states import states
from severe_bench.store.status import shown_states
from severe_bench.store.timings import measured_seconds


@dataclass(frozen=True)
class Outlook:
    """State and reason of each cell by id, the estimate of what is left, and all of it grouped."""

    states: Mapping[str, str]
    reasons: Mapping[str, str]
    estimate: Estimate
    summary: Summary


def outlook(opened: Opened, devices: str) -> Outlook:
    """Look at the results folder and at earlier cells' seconds.

    Args:
        opened: a planned suite.
        devices: as given to `--devices`; their number is the parallelism.
    """
    cells, layout = opened.plan.cells, opened.layout
    shown = shown_states(cells, states(layout, cells))
    named = {cell: state for cell, (state, _) in shown.items()}
    reasons = {cell: reason for cell, (_, reason) in shown.items()}
    seconds = measured_seconds(layout, cells, named)
    left = estimate(cells, named, seconds, len(lanes(devices)))
    return Outlook(named, reasons, left, summarised(cells, named, seconds, opened.plan.refused))
