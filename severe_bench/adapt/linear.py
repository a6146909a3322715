"""Linear probe: a head trains, the backbone is frozen."""

from typing import TYPE_CHECKING

from severe_bench.adapt.procedure import PROCEDURES
from severe_bench.adapt.protocol import Protocol, needs_way

if TYPE_CHECKING:
    from severe_bench.adapt.inputs import Inputs, Outcome


def _run(inputs: "Inputs") -> "Outcome":
    way = PROCEDURES.get(inputs.task.procedure).probe
    assert way is not None  # noqa: S101 - `refuses` says so
    return way(inputs)


LINEAR = Protocol("linear", reads="features", run=_run, refuses=needs_way("probe"))
