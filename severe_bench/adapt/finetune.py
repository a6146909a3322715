"""Finetuning: backbone and head train together on clips."""

from typing import TYPE_CHECKING

from severe_bench.adapt.protocol import Protocol

if TYPE_CHECKING:
    from severe_bench.adapt.evaluate import Inputs, Outcome


def _run(inputs: "Inputs") -> "Outcome":
    from severe_bench.adapt.finetuning import finetune

    return finetune(inputs)


FINETUNE = Protocol("finetune", reads="clips", run=_run)
