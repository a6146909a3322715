"""Linear probing: a head trains on cached features of a frozen backbone."""

from typing import TYPE_CHECKING

from severe_bench.adapt.protocol import Protocol

if TYPE_CHECKING:
    from severe_bench.adapt.evaluate import Inputs, Outcome


def _run(inputs: "Inputs") -> "Outcome":
    from severe_bench.adapt.probing import probe

    return probe(inputs)


LINEAR = Protocol("linear", reads="features", run=_run)
