"""Samples whose repetitions are counted: windows around states in, cycle lengths out."""

from typing import TYPE_CHECKING

from severe_bench.adapt.procedure import Procedure

if TYPE_CHECKING:
    from severe_bench.adapt.inputs import Inputs, Outcome


def _finetune(inputs: "Inputs") -> "Outcome":
    from severe_bench.adapt.counting.adapting import finetune

    return finetune(inputs)


def _probe(inputs: "Inputs") -> "Outcome":
    from severe_bench.adapt.counting.adapting import probe

    return probe(inputs)


COUNTING = Procedure("counting", finetune=_finetune, probe=_probe)
