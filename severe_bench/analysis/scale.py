"""From a metric's name in a table to its direction and scale."""

from severe_bench.core.metric import Metric
from severe_bench.metrics.measure import METRICS


def metric_named(name: str) -> Metric:
    """The metric of that name.

    Raises:
        UserError: no such metric is installed, so that its direction is not known; it is never
            guessed.
    """
    return METRICS.get(name, "results").metric
