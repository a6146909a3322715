"""Train a head over cached vectors of snippets, whole videos at a time, and test it."""

import time
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from severe_bench.adapt.features import FeatureTable
from severe_bench.adapt.inputs import Cost, Inputs, Outcome
from severe_bench.adapt.network import TaskObjective, seeded_head
from severe_bench.adapt.probing import features_for
from severe_bench.adapt.timeline.network import head_outputs
from severe_bench.adapt.timeline.placing import placed, targets_of
from severe_bench.core.errors import UserError
from severe_bench.core.padding import padded
from severe_bench.data.clips import Times
from severe_bench.data.reading import Steps
from severe_bench.train.batch import Batch
from severe_bench.train.loop import fit


def probe(inputs: Inputs) -> Outcome:
    """Train the task's head on `train_features`, test it on `test_features`.

    A step is a batch of whole videos. The backbone is not there: only its features are.
    """
    train = features_for(inputs, "train_features").of(inputs.train)
    test = features_for(inputs, "test_features").of(inputs.test)
    job, width = inputs.job, train.features.shape[-1]
    scale = Scale.of(train) if job.recipe.standardise else Scale.none(width)
    head = seeded_head(inputs.assignment, width, job.seed)
    objective = TaskObjective(head, inputs.assignment, "features")
    source = TimelineBatches.of(train, scale, inputs)
    summary = fit(objective, source, job.recipe, inputs.session, job.seed)
    began = time.perf_counter()
    scores = _scores(head, test, scale, inputs)
    return Outcome(
        scores=scores,
        cost=Cost.of(summary, clips=0, began=began),
    )


@dataclass(frozen=True)
class Scale:
    """How features are shifted and scaled: `mean` and `deviation` (D,) float64."""

    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]

    @classmethod
    def none(cls, width: int) -> "Scale":
        """As they are."""
        return cls(np.zeros(width), np.ones(width))

    @classmethod
    def of(cls, train: FeatureTable) -> "Scale":
        """By mean and deviation of the training features, over all snippets that are there.

        A dimension that is constant in training is shifted but not scaled. One video at a time is
        read.
        """
        counts = counts_of(train)
        videos = [partial(_there, train, row, count) for row, count in enumerate(counts)]
        mean = sum(video().sum(axis=0) for video in videos) / counts.sum()
        squares = sum(np.square(video() - mean).sum(axis=0) for video in videos)
        lowest = np.min([video().min(axis=0) for video in videos], axis=0)
        highest = np.max([video().max(axis=0) for video in videos], axis=0)
        deviation = np.sqrt(squares / counts.sum())
        return cls(mean, np.where(lowest == highest, 1.0, deviation))

    def __call__(self, features: NDArray[np.floating]) -> NDArray[np.float32]:
        """Features (..., D), scaled."""
        return np.asarray((features - self.mean) / self.deviation, dtype=np.float32)


@dataclass(frozen=True)
class TimelineBatches:
    """Cached vectors of whole videos: a `BatchSource`, pure in (seed, epoch, step).

    Args:
        table: of the training videos; only the rows of a batch are read.
        scale: of its features.
        targets: (N, V, ...).
        steps: batches of an epoch over the videos.
        device: of the batches.
    """

    table: FeatureTable
    scale: Scale
    targets: Tensor
    steps: Steps
    device: str

    @classmethod
    def of(cls, train: FeatureTable, scale: Scale, inputs: Inputs) -> "TimelineBatches":
        """The batches of the job's recipe and seed."""
        targets = targets_of(inputs.assignment, inputs.train, times_of(train))
        steps = Steps.of(len(inputs.train), inputs.job.recipe, inputs.job.seed)
        return cls(train, scale, targets, steps, inputs.session.device)

    @property
    def steps_per_epoch(self) -> int:
        """Batches in one epoch, at least 1."""
        return len(self.steps)

    def batch(self, epoch: int, step: int) -> Batch:
        """The videos of this step, as long as the longest of them, filled up with NaN."""
        rows = self.steps.rows(epoch, step)
        there = self.table.weights[rows] > 0
        longest = int(there.sum(axis=1).max())
        features = self.scale(self.table.features[rows][:, :longest])
        features[~there[:, :longest]] = np.nan
        targets = self.targets[torch.from_numpy(rows), :longest]
        inputs = {"features": torch.from_numpy(features).to(self.device)}
        return Batch(inputs, targets.to(self.device))


def counts_of(table: FeatureTable) -> NDArray[np.int64]:
    """Snippets of each video (N,)."""
    return np.asarray((table.weights > 0).sum(axis=1))


def times_of(table: FeatureTable) -> Times:
    """The stretches (N, V, 2) that snippets stand for.

    Raises:
        UserError: the features do not say.
    """
    if table.times is None:
        mend = "remove their cells and run again"
        raise UserError("these features do not say which seconds each snippet covers", mend=mend)
    return table.times


def _there(table: FeatureTable, row: int, count: int) -> NDArray[np.float64]:
    """The vectors (count, D) of one video."""
    return np.asarray(table.features[row][:count], dtype=np.float64)


@torch.inference_mode()
def _scores(
    head: nn.Module, test: FeatureTable, scale: Scale, inputs: Inputs
) -> NDArray[np.float32]:
    head.eval()
    device, assignment, times = inputs.session.device, inputs.assignment, times_of(test)
    scores = []
    for row, (record, count) in enumerate(zip(inputs.test, counts_of(test), strict=True)):
        vectors = torch.from_numpy(scale(_there(test, row, count))).to(device)
        weights = torch.from_numpy(test.weights[row, :count]).to(device)
        merged = assignment.merge(head_outputs(head, vectors), weights)
        scores.append(placed(assignment, merged.cpu().numpy(), times[row, :count], record))
    return padded(scores, np.nan)
