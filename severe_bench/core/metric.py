"""A metric's name, unit and direction: the words; the mathematics is in `severe_bench.metrics`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """A quantity and the two values that fix its direction and scale.

    The direction is not a flag beside the scale but follows from it, so the two cannot disagree.

    Args:
        name: as in tables and files, e.g. `top1`.
        title: as in prose, e.g. `top-1 accuracy`.
        unit: `%`, or empty for a bare number.
        worst: value of a useless model.
        best: value of a perfect model.

    Example:
        >>> error = Metric("mae", "mean counting error", "", worst=1.0, best=0.0)
        >>> error.higher_is_better, error.score(0.25)
        (False, 75.0)
    """

    name: str
    title: str
    unit: str
    worst: float
    best: float

    @property
    def higher_is_better(self) -> bool:
        """Whether a larger value is a better one."""
        return self.best > self.worst

    def score(self, value: float) -> float:
        """`value` on the common scale: 0 is `worst`, 100 is `best`; higher is always better.

        An error above `worst` gives a negative score, as 100 * (1 - error) does.
        """
        return 100.0 * (value - self.worst) / (self.best - self.worst)
