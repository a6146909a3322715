"""Samples that are videos with tubes: every clip gives boxes for its last frame, linked in time."""

from typing import TYPE_CHECKING

from severe_bench.adapt.procedure import Procedure

if TYPE_CHECKING:
    from severe_bench.adapt.inputs import Inputs, Outcome


def _finetune(inputs: "Inputs") -> "Outcome":
    from severe_bench.adapt.tubes.adapting import finetune

    return finetune(inputs)


def _probe(inputs: "Inputs") -> "Outcome":
    from severe_bench.adapt.tubes.adapting import probe

    return probe(inputs)


TUBES = Procedure("tubes", finetune=_finetune, probe=_probe)
