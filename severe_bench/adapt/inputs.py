"""What goes into a protocol and what comes out of it."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from severe_bench.core.record import Dataset, Record
from severe_bench.core.session import Session
from severe_bench.plan.job import EvaluateJob
from severe_bench.tasks.task import Assignment, Ballots, Task
from severe_bench.train.loop import FitSummary


@dataclass(frozen=True)
class Inputs:
    """What a protocol adapts with and tests on.

    Args:
        assignment: the task as the dataset and the job's options set it.
        train: examples of the records that the budget bought, in draw order.
        test: examples of all test records, in official list order.
        weights_file: of the backbone, or None for random weights.
        ballots: targets -> what each votes for as a neighbour; None where the task has none.
    """

    job: EvaluateJob
    dataset: Dataset
    task: Task[Any]
    assignment: Assignment
    train: tuple[Record, ...]
    test: tuple[Record, ...]
    weights_file: Path | None
    session: Session
    ballots: Ballots | None = None

    @property
    def classes(self) -> int:
        """Number of classes of the dataset."""
        return len(self.dataset.classes)

    def targets(self, records: tuple[Record, ...]) -> torch.Tensor:
        """The task's targets (N, ...) of `records`."""
        return self.assignment.targets(records)


@dataclass(frozen=True)
class Cost:
    """Parts of what an evaluation took.

    Args:
        steps: optimiser steps.
        clips: that went through the backbone, in training and in testing; 0 on cached features.
        train_seconds: over all sessions.
        test_seconds: of the last session.
        final_loss: of the last optimiser step.
    """

    steps: int
    clips: int
    train_seconds: float
    test_seconds: float
    final_loss: float

    @classmethod
    def of(cls, summary: FitSummary, *, clips: int, began: float) -> "Cost":
        """Of a training and of the test that `began` after it, by `time.perf_counter`."""
        tested = time.perf_counter() - began
        return cls(summary.steps, clips, summary.seconds, tested, summary.final_loss)


@dataclass(frozen=True)
class Outcome:
    """What a protocol returns: merged scores (N, ...) float32 of the test records, and its cost.

    Args:
        selected_epoch: 1-based epoch of the state that was chosen on the test split; None: the
            last state was taken.
    """

    scores: NDArray[np.float32]
    cost: Cost
    selected_epoch: int | None = None
