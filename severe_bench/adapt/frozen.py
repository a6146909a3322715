"""Nothing trains: the frozen features themselves are compared."""

from typing import TYPE_CHECKING

from severe_bench.adapt.procedure import PROCEDURES
from severe_bench.adapt.protocol import OF_TRAINING, Protocol, needs_way

if TYPE_CHECKING:
    from severe_bench.adapt.inputs import Inputs, Outcome


def _run(inputs: "Inputs") -> "Outcome":
    way = PROCEDURES.get(inputs.task.procedure).frozen
    assert way is not None  # noqa: S101 - `refuses` says so
    return way(inputs)


FROZEN = Protocol(
    "frozen",
    reads="features",
    run=_run,
    refuses=needs_way("frozen"),
    train_views="test",
    ignores=(*OF_TRAINING, "augment", "feature_views"),
)
