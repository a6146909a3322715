"""Samples whose frozen features are compared with those of the training set."""

from typing import TYPE_CHECKING

from severe_bench.adapt.procedure import Procedure

if TYPE_CHECKING:
    from severe_bench.adapt.inputs import Inputs, Outcome


def _frozen(inputs: "Inputs") -> "Outcome":
    from severe_bench.adapt.retrieval_ranking import retrieve

    return retrieve(inputs)


RETRIEVAL = Procedure("retrieval", frozen=_frozen)
