"""Linear probing with learning rate and weight decay chosen on a part of the training set."""

from typing import TYPE_CHECKING

from severe_bench.adapt.protocol import Protocol, needs_vectors

if TYPE_CHECKING:
    from severe_bench.adapt.inputs import Inputs, Outcome


def _run(inputs: "Inputs") -> "Outcome":
    from severe_bench.adapt.selection import probe_selected

    return probe_selected(inputs)


LINEAR_SELECTED = Protocol("linear_selected", reads="features", run=_run, refuses=needs_vectors)
