"""Train a head on cached vectors of boxes, a batch being key frames, and test it."""

import time
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from severe_bench.adapt.boxes.asked import asked
from severe_bench.adapt.boxes.network import padded, with_boxes
from severe_bench.adapt.boxes.unit import rows
from severe_bench.adapt.features import FeatureTable
from severe_bench.adapt.inputs import Cost, Inputs, Outcome
from severe_bench.adapt.network import TaskObjective, finite, seeded_head
from severe_bench.adapt.probing import features_for, standardised
from severe_bench.adapt.rows import Features, blocks_of
from severe_bench.core.record import Record
from severe_bench.data.reading import Steps
from severe_bench.tasks.task import Assignment
from severe_bench.train.batch import Batch
from severe_bench.train.loop import fit


def probe(inputs: Inputs) -> Outcome:
    """Train the task's head on `train_features`, test it on `test_features`.

    As in finetuning, a step is a batch of key frames with all their boxes, and scores are
    (N, K, 4 + C).
    """
    train = features_for(inputs, "train_features").of(rows(inputs.train))
    test = features_for(inputs, "test_features").of(rows(inputs.test))
    if inputs.job.recipe.standardise:
        train, test = standardised(train, test)
    job, width = inputs.job, train.features.shape[-1]
    head = seeded_head(inputs.assignment, width, job.seed)
    source = RowBatches.of(train, inputs)
    objective = TaskObjective(head, inputs.assignment, "features")
    summary = fit(objective, source, job.recipe, inputs.session, job.seed)
    began = time.perf_counter()
    scores = _scores(head, test, inputs)
    return Outcome(
        scores=scores,
        cost=Cost.of(summary, clips=0, began=began),
    )


@dataclass(frozen=True)
class RowBatches:
    """Cached vectors of boxes by key frame: a `BatchSource`, pure in (seed, epoch, step).

    Args:
        features: (R, 1, D), frame after frame; too many for the memory stay on the disk.
        records: training frames.
        firsts: (N + 1,) first row of each frame, and R.
        assignment: makes targets.
        steps: batches of an epoch over the frames.
        device: of the batches.
    """

    features: Features
    records: tuple[Record, ...]
    firsts: list[int]
    assignment: Assignment
    steps: Steps
    device: str

    @classmethod
    def of(cls, train: FeatureTable, inputs: Inputs) -> "RowBatches":
        """The batches of the job's recipe and seed."""
        job, device = inputs.job, inputs.session.device
        steps = Steps.of(len(inputs.train), job.recipe, job.seed)
        firsts = _firsts(inputs.train)
        return cls(train.features, inputs.train, firsts, inputs.assignment, steps, device)

    @property
    def steps_per_epoch(self) -> int:
        """Batches in one epoch, at least 1."""
        return len(self.steps)

    def batch(self, epoch: int, step: int) -> Batch:
        """The vectors (B, K, D) of this step's key frames, zeros where there is no box."""
        frames = self.steps.rows(epoch, step).tolist()
        targets = self.assignment.targets([self.records[frame] for frame in frames])
        vectors = torch.zeros(*targets.shape[:2], self.features.shape[-1])
        for number, frame in enumerate(frames):
            own = self.features[self.firsts[frame] : self.firsts[frame + 1]][:, 0]
            vectors[number, : len(own)] = torch.from_numpy(own)
        return Batch({"features": vectors.to(self.device)}, targets.to(self.device))


def _firsts(records: tuple[Record, ...]) -> list[int]:
    counts = [len(asked(record)) for record in records]
    return [0, *np.cumsum(counts).tolist()]


@torch.inference_mode()
def _scores(head: nn.Module, test: FeatureTable, inputs: Inputs) -> NDArray[np.float32]:
    device = inputs.session.device
    head.eval()
    boxes = [asked(record) for record in inputs.test]
    most, firsts = max(map(len, boxes)), _firsts(inputs.test)
    blocks = (torch.from_numpy(block[:, 0]).to(device) for block in blocks_of(test.features))
    outputs = finite(torch.cat([head(block).float() for block in blocks]))
    one = torch.ones(1, device=device)
    scores = []
    for number, own in enumerate(boxes):
        padding = outputs.new_zeros(most - len(own), *outputs.shape[1:])
        logits = torch.cat([outputs[firsts[number] : firsts[number + 1]], padding])
        merged = inputs.assignment.merge(logits[None], one)
        scores.append(with_boxes(padded([own], most)[0], merged))
    return np.stack(scores)
