"""What a piece of work may ask of whoever runs it, without knowing who that is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Progress:
    """How far a cell is: shown live, appended to events.jsonl.

    Args:
        stage: `decode`, `train`, `test`, `features`, `render`, ...
        done, total: in units of the stage (steps, videos).
        epoch: 1-based, where there are epochs.
        loss: of the last step.
        rate: clips (or videos) per second since the stage began.
    """

    stage: str
    done: int
    total: int
    epoch: int | None = None
    loss: float | None = None
    rate: float | None = None


@dataclass(frozen=True)
class Session:
    """The surroundings of one running cell.

    Args:
        folder: the cell's own folder; checkpoints and outputs go there.
        device: torch device string, e.g. `cpu` or `cuda:0`.
        needs: folder of each needed cell by role: `dataset`, `weights`, `train_features`, ...
        should_stop: polled often; true asks for a checkpoint and `Interrupted`.
        checkpoint_due: true when the last checkpoint is old enough (at least each minute).
        report: takes a `Progress`; cheap, may be called each step.
    """

    folder: Path
    device: str
    needs: Mapping[str, Path]
    should_stop: Callable[[], bool]
    checkpoint_due: Callable[[], bool]
    report: Callable[[Progress], None]
