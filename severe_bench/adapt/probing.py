"""Train a head on cached features and test it on those of every test view."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from severe_bench.adapt.features import FeatureTable, read_features
from severe_bench.adapt.inputs import Cost, Inputs, Outcome
from severe_bench.adapt.network import TaskObjective, finite, seeded_head
from severe_bench.adapt.rows import Features, Scaled, blocks_of, mean_and_deviation, scaled
from severe_bench.core.errors import UserError
from severe_bench.core.shards import Shards
from severe_bench.data.reading import Steps
from severe_bench.train.batch import Batch, BatchSource
from severe_bench.train.loop import fit

VIEW = 3
"""Stream of random numbers for the choice of views, beside those of `data.reading`."""


def probe(inputs: Inputs) -> Outcome:
    """Train the task's head on `train_features`, test it on `test_features`.

    The backbone is not there: only its features are. In each epoch each video shows one of its
    views, drawn by the job's seed. A test video's views are merged by the task's own rule.
    """
    train = features_for(inputs, "train_features").of(inputs.train)
    return probe_tables(train, features_for(inputs, "test_features").of(inputs.test), inputs)


def probe_tables(train: FeatureTable, test: FeatureTable, inputs: Inputs) -> Outcome:
    """Likewise, from features at hand.

    Args:
        train: of `inputs.train`, in its order.
        test: of the videos to score.
        inputs: task, recipe, seed and session are read.
    """
    if inputs.job.recipe.standardise:
        train, test = standardised(train, test)
    learner = Learner.of(train, inputs)
    recipe, seed = inputs.job.recipe, inputs.job.seed
    summary = fit(learner.objective, learner.source, recipe, inputs.session, seed)
    began = time.perf_counter()
    scores = scores_of(learner.objective.module, test, inputs)
    return Outcome(
        scores=scores,
        cost=Cost.of(summary, clips=0, began=began),
    )


@dataclass(frozen=True)
class Learner:
    """A head and what it learns from.

    Args:
        objective: the task's loss of the head, initialised by the job's seed.
        source: batches of the training features.
    """

    objective: TaskObjective
    source: BatchSource

    @classmethod
    def of(cls, train: FeatureTable, inputs: Inputs) -> "Learner":
        """As the job says.

        Args:
            train: of `inputs.train`, in its order, scaled where the recipe asks for it.
            inputs: task, recipe, seed and session are read.
        """
        head = seeded_head(inputs.assignment, train.features.shape[-1], inputs.job.seed)
        objective = TaskObjective(head, inputs.assignment, "features")
        return cls(objective, batches_of(train, inputs))


@dataclass(frozen=True)
class FeatureBatches:
    """Cached features: a `BatchSource`, pure in (seed, epoch, step).

    Args:
        features: (N, V, D) on the device.
        targets: (N, V, ...) of each view, on the device.
        steps: batches of an epoch, as for clips.
    """

    features: torch.Tensor
    targets: torch.Tensor
    steps: Steps

    @property
    def steps_per_epoch(self) -> int:
        """Batches in one epoch, at least 1."""
        return len(self.steps)

    def batch(self, epoch: int, step: int) -> Batch:
        """One view of each video of this step."""
        rows, views = np.divmod(self.entries(epoch, step), self.features.shape[1])
        where = torch.from_numpy(rows).to(self.features.device)
        view = torch.from_numpy(views).to(self.features.device)
        return Batch({"features": self.features[where, view]}, self.targets[where, view])

    def entries(self, epoch: int, step: int) -> NDArray[np.int64]:
        """(B,) numbers n * V + v of the views that this step's batch is made of."""
        rows = self.steps.rows(epoch, step)
        videos, views, _ = self.features.shape
        return rows * views + _chosen_views(videos, views, self.steps.seed, epoch)[rows]


@dataclass(frozen=True)
class MappedBatches:
    """The same batches from features that stay where they are.

    Args:
        features: (N, V, ...) on the disk, or in memory in half precision.
        places: batches of entries n * V + v.
        device: of the batches.
    """

    features: Features
    places: FeatureBatches
    device: str

    @classmethod
    def of(cls, train: FeatureTable, inputs: Inputs) -> "MappedBatches":
        """The batches of the job's recipe and seed."""
        job = inputs.job
        count, views = train.features.shape[:2]
        places = torch.arange(count * views).reshape(count, views, 1)
        targets = targets_of_views(train, inputs)
        batches = FeatureBatches(places, targets, Steps.of(count, job.recipe, job.seed))
        return cls(train.features, batches, inputs.session.device)

    @property
    def steps_per_epoch(self) -> int:
        """Batches in one epoch, at least 1."""
        return self.places.steps_per_epoch

    def batch(self, epoch: int, step: int) -> Batch:
        """Features of one view of each video of this step."""
        found = self.places.batch(epoch, step)
        places = found.inputs["features"][:, 0].numpy()
        views = self.features.shape[1]
        rows = self.features[places // views, places % views]
        features = torch.from_numpy(rows).to(self.device).float()
        return Batch({"features": features}, found.targets.to(self.device))


def batches_of(train: FeatureTable, inputs: Inputs) -> BatchSource:
    """The batches of the job's recipe and seed, from the device where features are in memory."""
    if not isinstance(train.features, np.ndarray):
        return MappedBatches.of(train, inputs)
    job, device = inputs.job, inputs.session.device
    steps = Steps.of(len(train.samples), job.recipe, job.seed)
    features = torch.from_numpy(train.features).to(device)
    return FeatureBatches(features, targets_of_views(train, inputs).to(device), steps)


def targets_of_views(train: FeatureTable, inputs: Inputs) -> torch.Tensor:
    """Targets (N, V, ...): of the clip, where the task tells clips apart, else of the video.

    Args:
        train: features of `inputs.train`, in its order.
        inputs: task and training examples are read.

    Raises:
        UserError: the task asks for the times of clips, and these features hold none.
    """
    views, of_clips = train.features.shape[1], inputs.assignment.clip_targets
    if of_clips is None:
        targets = inputs.targets(inputs.train)
        return targets[:, None].expand(-1, views, *targets.shape[1:])
    if train.times is None:
        mend = "remove their cells and run again"
        raise UserError("these features do not say which seconds each clip covers", mend=mend)
    times = (train.times[:, view] for view in range(views))
    return torch.stack([of_clips(inputs.train, moments) for moments in times], dim=1)


@lru_cache(maxsize=4)
def _chosen_views(videos: int, views: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """The view that each video shows in this epoch."""
    return np.random.default_rng([seed, VIEW, epoch]).integers(views, size=videos)


def standardised(train: FeatureTable, test: FeatureTable) -> tuple[FeatureTable, FeatureTable]:
    """Both with the mean and deviation of the training features, by dimension, over all views.

    Only the videos that the budget bought are in those statistics. A dimension that is constant in
    training is shifted but not scaled.
    """
    standard = scaling_of(train)
    return standard(train), standard(test)


def scaling_of(train: FeatureTable) -> Callable[[FeatureTable], FeatureTable]:
    """What makes tables standard by the statistics of `train`, as `standardised` says."""
    mean, deviation = mean_and_deviation(train.features)

    def standard(table: FeatureTable) -> FeatureTable:
        if isinstance(table.features, np.ndarray):
            return replace(table, features=scaled(table.features, mean, deviation))
        assert isinstance(table.features, Shards)  # noqa: S101 - nothing is scaled twice
        return replace(table, features=Scaled(table.features, mean, deviation))

    return standard


@torch.inference_mode()
def scores_of(head: nn.Module, test: FeatureTable, inputs: Inputs) -> NDArray[np.float32]:
    """Scores (N, ...) of a trained head, the views of each video merged."""
    device = inputs.session.device
    head.eval()
    blocks = (_outputs(head, block, device) for block in blocks_of(test.features))
    outputs = finite(torch.cat(list(blocks)))
    weights = torch.from_numpy(test.weights).to(device)
    scores = [inputs.assignment.merge(*video) for video in zip(outputs, weights, strict=True)]
    return np.asarray(torch.stack(scores).cpu().numpy(), dtype=np.float32)


def _outputs(head: nn.Module, features: NDArray[np.float32], device: str) -> torch.Tensor:
    """Of each view: (N, V, D) to (N, V, ...)."""
    videos, views, width = features.shape
    flat = torch.from_numpy(features).to(device).reshape(videos * views, width)
    outputs: torch.Tensor = head(flat).float()
    return outputs.reshape(videos, views, *outputs.shape[1:])


def features_for(inputs: Inputs, role: str) -> FeatureTable:
    """The cached features of a role, `train_features` or `test_features`.

    Raises:
        UserError: they are not there.
    """
    folder = inputs.session.needs.get(role)
    if folder is None:
        raise UserError(f"no {role} are given", mend="run the features cells first: severe run")
    return read_features(folder)
