"""Finetuning: backbone and head train together on clips."""

from typing import TYPE_CHECKING

from severe_bench.adapt.procedure import PROCEDURES
from severe_bench.adapt.protocol import Protocol, needs_way

if TYPE_CHECKING:
    from severe_bench.adapt.inputs import Inputs, Outcome


def _run(inputs: "Inputs") -> "Outcome":
    way = PROCEDURES.get(inputs.task.procedure).finetune
    assert way is not None  # noqa: S101 - `refuses` says so
    return way(inputs)


FINETUNE = Protocol("finetune", reads="clips", run=_run, refuses=needs_way("finetune"))
