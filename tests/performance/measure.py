"""Timing two sides in one run: pairs, the median of their ratios, and its spread."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One row of the benchmark table.

    Args:
        claim: what is compared, in a few words.
        measured: the figures, with units.
        headline: among the few that the README shows.
    """

    claim: str
    measured: str
    headline: bool = False


@dataclass(frozen=True)
class Ratio:
    """Median and range of paired ratios slow / fast."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        """As in the table."""
        return f"{self.median:.1f}x ({self.low:.1f} to {self.high:.1f})"


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def cpu_seconds(work: Callable[[], object]) -> float:
    """Processor time of one call, of all threads."""
    began = time.process_time()
    work()
    return time.process_time() - began


def ratio_of(slow: Sequence[float], fast: Sequence[float]) -> Ratio:
    """Of pairs that were measured in turn."""
    ratios = [a / b for a, b in zip(slow, fast, strict=True)]
    return Ratio(statistics.median(ratios), min(ratios), max(ratios))


def paired(slow: Callable[[], object], fast: Callable[[], object], pairs: int = 5) -> Ratio:
    """Run both sides in turn, so that what disturbs the machine disturbs both."""
    taken = [(seconds(slow), seconds(fast)) for _ in range(pairs)]
    return ratio_of(*zip(*taken, strict=True))
