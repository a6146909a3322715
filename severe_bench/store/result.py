"""What a finished cell says of itself: metrics, cost, provenance."""

from typing import Literal

from pydantic import ConfigDict, Field

from severe_bench.core.frozen import Frozen
from severe_bench.plan.cell import Label

FailureClass = Literal[
    "out_of_memory",
    "missing_data",
    "decode",
    "nan_loss",
    "timeout",
    "lost",
    "user",
    "other",
]


UNTOLD: frozenset[FailureClass] = frozenset({"user", "other"})
"""Classes that a message explains without them."""


def told(failure_class: FailureClass, message: str) -> str:
    """A failure in one line: its class, where that says more than the message, and the message.

    Example:
        >>> told("nan_loss", "loss is nan"), told("user", "no such file")
        ('nan_loss: loss is nan', 'no such file')
    """
    return message if failure_class in UNTOLD else f"{failure_class}: {message}"


class MetricValue(Frozen):
    """One measured number.

    Args:
        name, unit, higher_is_better: as the metric states them.
        value: in `unit`.
        ci_low, ci_high: 95 % bootstrap interval over test samples, None where there is none.
        n: test samples.
        headline: whether this is the metric that ranks.
    """

    name: str
    value: float
    unit: str
    higher_is_better: bool
    ci_low: float | None = None
    ci_high: float | None = None
    n: int
    headline: bool = False


class Cost(Frozen):
    """What a cell took.

    Args:
        seconds: wall time of all attempts together.
        peak_memory_bytes: largest resident memory of the worker (device memory on CUDA).
        clips: clips that went through the network, both directions counted once.
        attempts: how often it was started; more than 1 means that it was resumed.
    """

    seconds: float
    peak_memory_bytes: int
    clips: int = 0
    attempts: int = 1


class Provenance(Frozen):
    """Everything that a number rests on and that its cell's job does not already say.

    Args:
        version, code: of this package; `code` is the SHA-256 over its source files.
        libraries: version by distribution name.
        decoder: names and versions of the video decoders, e.g. `decord 0.6.0`; empty where unused.
        decoders: clips that each of them read, over all attempts that were not killed; for a cell
            on features, those of the features.
        seeds: by role, e.g. `cell`, `budget`.
        weights, split, dataset: digests, empty where they do not apply.
        started, finished: ISO 8601 with time zone; `started` is that of the first attempt.
        resumed: how often the cell went on from a checkpoint.
        remarks: what else a reader of the number must know, e.g. that torch.compile failed and
            why, in any attempt.
        command: what to type to compute this cell again.
    """

    version: str
    code: str
    libraries: dict[str, str]
    python: str
    decoder: str = ""
    decoders: dict[str, int] = {}
    host: str
    device: str
    platform: str
    seeds: dict[str, int] = {}
    weights: str = ""
    split: str = ""
    dataset: str = ""
    started: str
    finished: str
    resumed: int = 0
    remarks: tuple[str, ...] = ()
    command: str = ""


class OutputFile(Frozen):
    """An output as it was when the cell was finished."""

    sha256: str
    size: int


class Result(Frozen):
    """`result.json`, written last: its presence is what makes a cell done.

    Args:
        cell, kind, label: as in the cell.
        metrics: empty for cells that only make something others need.
        missing: number of samples, by split, that the cell did without because their video is
            missing or unreadable (`allow_missing`); `missing.json`, listed in `files` with its
            digest, names them. Empty where the data were complete.
        selected_on: split that chose the state of the network, `test` under recipes that reproduce
            SEVERE's code; empty where the last state was taken.
        selected_epoch: 1-based epoch of that state.
        files: the outputs and `cell.yaml` by name; folders of outputs are not listed.
    """

    cell: str
    kind: str
    label: Label | None = None
    metrics: tuple[MetricValue, ...] = ()
    cost: Cost
    missing: dict[str, int] = {}
    selected_on: str = ""
    selected_epoch: int | None = None
    provenance: Provenance
    files: dict[str, OutputFile] = {}


class Failure(Frozen):
    """`failure.json`: why a cell failed; it is not tried again until the user asks.

    Args:
        failure_class: `class` in the file; `severe run --retry CLASS` selects by it.
        message: one line.
        traceback: of the exception, or the end of the log of a process that died.
        hint: what to do about it.
        attempts: how often the cell was started.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True
    )

    cell: str
    failure_class: FailureClass = Field(alias="class")
    message: str
    traceback: str = ""
    hint: str = ""
    attempts: int = 1
    time: str = ""

    @property
    def told(self) -> str:
        """Class and message, as `told`."""
        return told(self.failure_class, self.message)
