"""Scales and ticks."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from severe_bench.report.table import fixed

NICE = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Scale:
    """A linear map from values [low, high] to pixels [start, stop].

    Example:
        >>> Scale(0, 10, 100, 200)(5)
        150.0
    """

    low: float
    high: float
    start: float
    stop: float

    def __call__(self, value: float) -> float:
        """Pixel of a value."""
        share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.stop - self.start)

    def ticks(self, about: int = 4) -> list[tuple[float, str]]:
        """Round values in range with their labels."""
        step = _step((self.high - self.low) / about)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        digits = max(0, -math.floor(math.log10(step) + 1e-9) + (step * 10 % 1 > 0 and step < 10))
        return [(i * step, fixed(i * step, min(digits, 8))) for i in range(first, last + 1)]


def around(values: Iterable[float], margin: float = 0.08) -> tuple[float, float]:
    """A range that holds all values with some room; never empty.

    Example:
        >>> around([1.0, 1.0])
        (0.5, 1.5)
    """
    known = [value for value in values if math.isfinite(value)]
    if not known:
        return 0.0, 1.0
    low, high = min(known), max(known)
    room = (high - low) * margin or max(abs(high) * 0.05, 0.5)
    return low - room, high + room


def _step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next(nice * power for nice in NICE if nice * power >= rough * (1 - 1e-9))
