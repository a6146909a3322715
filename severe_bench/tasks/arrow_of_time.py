"""Arrow of time: is a video played forwards or backwards?

Every video is an example twice, once in each direction (Ghodrati et al., "Video Time: Properties,
Encoders and Evaluation", BMVC 2018, as SEVERE uses it). The dataset's own classes play no part.
"""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from severe_bench.core.extras import REVERSED
from severe_bench.core.record import Dataset, Record
from severe_bench.tasks import recognition
from severe_bench.tasks.task import Assignment, NoOptions, Task

if TYPE_CHECKING:
    import torch

DIRECTIONS = ("forward", "backward")


def bind(_: NoOptions, dataset: Dataset) -> Assignment:  # noqa: ARG001 - any dataset will do
    """Recognition of two classes: 0 forwards, 1 backwards."""
    return recognition.of_classes(len(DIRECTIONS), _targets)


def _targets(records: Sequence[Record]) -> "torch.Tensor":
    """Class ids (N,) int64."""
    import torch

    return torch.tensor([int(REVERSED.of(record)) for record in records], dtype=torch.int64)


def _clips(_: NoOptions) -> tuple[int, int]:
    """One in each direction."""
    return len(DIRECTIONS), len(DIRECTIONS)


ARROW_OF_TIME = Task(
    name="arrow_of_time",
    options=NoOptions,
    bind=bind,
    metrics=("top1",),
    headline="top1",
    unit="clip_both_ways",
    outputs=lambda _: len(DIRECTIONS),
    clips=_clips,
    names=lambda _: (DIRECTIONS,),
    ballots=lambda *_: partial(recognition.one_hot, classes=len(DIRECTIONS)),
)
