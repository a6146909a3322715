"""What a suite is expected to show, as data, so that the report can say whether it did."""

from severe_bench.config.entries import DEFAULT_PRESET
from severe_bench.core.frozen import Frozen


class Claim(Frozen):
    """Model `better` beats model `worse` in `experiment`, by the experiment's headline metric.

    Args:
        experiment, better, worse: names as in `benchmarks.yaml`.
        preset: of the experiment.
        why: the reason one expects it, in a few words; shown beside the verdict.

    Example:
        >>> str(Claim(experiment="near-linear", better="supervised", worse="none"))
        'supervised beats none on near-linear'
    """

    experiment: str
    better: str
    worse: str
    preset: str = DEFAULT_PRESET
    why: str = ""

    def __str__(self) -> str:
        """As a sentence without a full stop."""
        return f"{self.better} beats {self.worse} on {self.experiment}"
