"""Nearest neighbours: classes voted for by cached training features; nothing trains."""

from typing import TYPE_CHECKING

from severe_bench.adapt.protocol import OF_TRAINING, Protocol, needs_ballots

if TYPE_CHECKING:
    from severe_bench.adapt.inputs import Inputs, Outcome


def _run(inputs: "Inputs") -> "Outcome":
    from severe_bench.adapt.neighbours import vote

    return vote(inputs)


KNN = Protocol("knn", reads="features", run=_run, refuses=needs_ballots, ignores=OF_TRAINING)
