"""What a head says about snippets, as scores in the time of the video."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from severe_bench.core.record import Record
from severe_bench.data.clips import Times
from severe_bench.tasks.task import Assignment


def targets_of(assignment: Assignment, records: Sequence[Record], times: Times) -> torch.Tensor:
    """Targets (B, S, ...) of snippets that stand for `times` (B, S, 2), NaN where there is none."""
    make = assignment.clip_targets
    assert make is not None  # noqa: S101 - tasks on timelines have it
    return make(records, times)


def placed(
    assignment: Assignment, merged: NDArray[np.float32], times: Times, record: Record
) -> NDArray[np.float32]:
    """Scores of one video from what was merged (V, ...) and times (V, 2), without padding."""
    place = assignment.placed
    assert place is not None  # noqa: S101 - tasks on timelines have it
    return np.asarray(place(merged, times, record), dtype=np.float32)
