"""What the analyses take from a results folder, whatever the files look like."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from severe_bench.config.entries import DEFAULT_PRESET
from severe_bench.plan.cell import Label
from severe_bench.store.result import Provenance

INCOMPLETE, BEST_ON_TEST, FEWER_SEEDS = SIGNS = "†", "‡", "§"
"""Signs behind a number: videos were missing; the state was chosen by the test set; it is a mean
over fewer seeds than were planned, or than other models have."""


@dataclass(frozen=True)
class Measured:
    """One finished cell of a suite.

    Args:
        cell: its id; `label` is how it is called.
        values: metric name -> value in the metric's unit; among them `label.headline`.
        n: test videos.
        seconds: wall time.
        peak_bytes: largest memory seen.
        provenance: versions, host, device, digests.
        clips: clips that went through the network.
        missing: samples that it did without, by split, because their video is missing.
        selected_on: split by which the state was chosen; empty for the last state.
        predictions: digest of its predictions, empty where they are not kept.
    """

    cell: str
    label: Label
    values: Mapping[str, float]
    n: int
    seconds: float
    peak_bytes: int
    provenance: Provenance
    clips: int = 0
    missing: Mapping[str, int] = field(default_factory=dict)
    selected_on: str = ""
    predictions: str = ""

    @property
    def lacking(self) -> int:
        """Samples without a video, all splits together."""
        return sum(self.missing.values())

    @property
    def column(self) -> str:
        """Name of the column it belongs to."""
        return column_of(self.label)


def signs_of(cells: Iterable[Measured]) -> str:
    """Signs behind a number that comes from these cells, empty where nothing is the matter."""
    found = list(cells)
    incomplete = INCOMPLETE if any(cell.lacking for cell in found) else ""
    chosen = BEST_ON_TEST if any(cell.selected_on == "test" for cell in found) else ""
    return incomplete + chosen


@dataclass(frozen=True)
class Problem:
    """A cell without a result that counts.

    Args:
        state: as `severe status` shows it, or `superseded`.
        reason: why; `hint` is what to do about it.
    """

    cell: str
    title: str
    state: str
    reason: str
    hint: str = ""


@dataclass(frozen=True)
class SharedWork:
    """A finished cell that others needed: dataset, pretrain or features."""

    kind: str
    title: str
    seconds: float
    peak_bytes: int


@dataclass(frozen=True)
class Harvest:
    """Everything small that was read: numbers, troubles, cost; predictions are read apart.

    Args:
        seeds: (experiment, model) -> how many seeds the plan has; empty without a plan.
    """

    suite: str
    measured: tuple[Measured, ...]
    problems: tuple[Problem, ...] = ()
    shared: tuple[SharedWork, ...] = ()
    seeds: Mapping[tuple[str, str], int] = field(default_factory=dict)


def column_of(label: Label) -> str:
    """What one table column holds: an experiment, with its preset where that is not the default."""
    return column_name(label.experiment, label.preset)


def preset_of(label: Label) -> str:
    """Name of its preset, `default` where it has none."""
    return label.preset or DEFAULT_PRESET


def column_name(experiment: str, preset: str = DEFAULT_PRESET) -> str:
    """As in tables.

    Example:
        >>> column_name("near"), column_name("near", "paper")
        ('near', 'near (paper)')
    """
    return experiment if preset in ("", DEFAULT_PRESET) else f"{experiment} ({preset})"
