"""Samples whose frozen features are put into clusters."""

from typing import TYPE_CHECKING

from severe_bench.adapt.procedure import Procedure

if TYPE_CHECKING:
    from severe_bench.adapt.inputs import Inputs, Outcome


def _frozen(inputs: "Inputs") -> "Outcome":
    from severe_bench.adapt.clustering_kmeans import cluster

    return cluster(inputs)


CLUSTERING = Procedure("clustering", frozen=_frozen)
