"""Weighted k-nearest-neighbour classification of frozen features.

Wu et al., "Unsupervised Feature Learning via Non-Parametric Instance Discrimination", CVPR 2018,
section 3.4; k and temperature as in Caron et al., "Emerging Properties in Self-Supervised Vision
Transformers" (DINO), ICCV 2021, appendix. No hyper-parameter is left to choose, so none is chosen
on the test set.
"""

import time

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from severe_bench.adapt.features import FeatureTable
from severe_bench.adapt.inputs import Cost, Inputs, Outcome
from severe_bench.adapt.probing import features_for, standardised
from severe_bench.adapt.rows import blocks_of
from severe_bench.core.errors import UserError

NEIGHBOURS = 20
TEMPERATURE = 0.07
BLOCK = 1024
"""Test videos compared at once: bounds the memory, changes no number."""


def vote(inputs: Inputs) -> Outcome:
    """Score each test video by the classes of its nearest training videos.

    A video is the mean of its views' features, each of length 1, weighted as views are merged. A
    neighbour votes for whatever the task says: one class, or several.

    Raises:
        UserError: the task's targets are nothing to vote for.
    """
    began = time.perf_counter()
    ballots = inputs.ballots
    if ballots is None:
        mend = "use linear or finetune"
        raise UserError(f"knn votes for classes, the task {inputs.task.name} has none", mend=mend)
    chosen = ballots(inputs.targets(inputs.train))
    train = features_for(inputs, "train_features").of(inputs.train)
    test = features_for(inputs, "test_features").of(inputs.test)
    if inputs.job.recipe.standardise:
        train, test = standardised(train, test)
    device = inputs.session.device
    scores = votes(of_videos(test).to(device), of_videos(train).to(device), chosen.to(device))
    seconds = time.perf_counter() - began
    cost = Cost(steps=0, clips=0, train_seconds=0.0, test_seconds=seconds, final_loss=0.0)
    return Outcome(scores=_array(scores), cost=cost)


def of_videos(table: FeatureTable) -> Tensor:
    """Features (N, D) of length 1: the weighted mean of each video's views."""
    found, done = list[Tensor](), 0
    for block in blocks_of(table.features):
        views = F.normalize(torch.from_numpy(block), dim=2)
        weights = torch.from_numpy(table.weights[done : done + len(block)])[:, :, None]
        found.append(F.normalize((views * weights).sum(dim=1), dim=1))
        done += len(block)
    return torch.cat(found)


def votes(queries: Tensor, keys: Tensor, ballots: Tensor) -> Tensor:
    """Share of the votes (N, ...) that the nearest keys cast for each class.

    A neighbour of cosine similarity s votes with weight exp(s / temperature).

    Args:
        queries: (N, D), rows of length 1.
        keys: (M, D), likewise; with fewer than 20 all vote.
        ballots: (M, ...) what each key votes for, e.g. 1 for its class and 0 for the others.
    """
    count = min(NEIGHBOURS, len(keys))
    scores = []
    for block in torch.split(queries, BLOCK):
        nearest, rows = (block @ keys.T).topk(count, dim=1)
        weights = (nearest / TEMPERATURE).softmax(dim=1)
        scores.append(torch.einsum("nk,nk...->n...", weights, ballots[rows].to(weights.dtype)))
    return torch.cat(scores)


def _array(scores: Tensor) -> NDArray[np.float32]:
    return np.asarray(scores.cpu().numpy(), dtype=np.float32)
