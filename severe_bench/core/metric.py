"""A metric's name, unit and direction: the words; the mathematics is in `severe_bench.metrics`."""

from dataclasses import dataclass
from math import inf

NOT_EVALUATED = -inf
"""In place of the scores of a class that a metric is to leave out. No network gives it: what is not
finite among its outputs is refused."""


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
        farthest: the farthest value from `best` that can occur, where `worst` is not; a model can
            be worse than a useless one. Infinite where there is no end.

    Raises:
        ValueError: `farthest` lies between `worst` and `best`, or beyond `best`.

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
    farthest: float | None = None

    def __post_init__(self) -> None:
        if self.farthest is not None and self.score(self.farthest) > 0:
            raise ValueError(f"{self.name}: {self.farthest} is better than the worst {self.worst}")

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the greatest value that can occur.

        Example:
            >>> Metric("mae", "error", "", worst=1.0, best=0.0, farthest=float("inf")).bounds
            (0.0, inf)
        """
        end = self.worst if self.farthest is None else self.farthest
        return min(end, self.best), max(end, self.best)

    @property
    def higher_is_better(self) -> bool:
        """Whether a larger value is a better one."""
        return self.best > self.worst

    def score(self, value: float) -> float:
        """`value` on the common scale: 0 is `worst`, 100 is `best`; higher is always better.

        An error above `worst` gives a negative score, as 100 * (1 - error) does.
        """
        return 100.0 * (value - self.worst) / (self.best - self.worst)
