"""The nearest training videos, or clips, of every test video by cosine similarity.

Xu et al., "Self-supervised Spatiotemporal Learning via Video Clip Order Prediction", CVPR 2019,
section 4.3, compare clips; later work averages the features of a video's clips first.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from severe_bench.adapt.features import FeatureTable
from severe_bench.adapt.inputs import Cost, Inputs, Outcome
from severe_bench.adapt.probing import features_for, standardised
from severe_bench.adapt.rows import blocks_of
from severe_bench.metrics.retrieval import DEEPEST
from severe_bench.tasks.retrieval import RetrievalOptions

BLOCK = 1024
"""Queries compared at once: bounds the memory, changes no number."""


def retrieve(inputs: Inputs) -> Outcome:
    """Class ids of the nearest of the videos that the budget bought, nearest first.

    Scores are (N, Q, 50) of Q queries per test video: 1, or as many as it has clips; filled up with
    NaN where there are fewer to be found. Among equally near ones any may come first. Training
    features that are too many for the memory go by in blocks; queries are held.
    """
    began = time.perf_counter()
    options = RetrievalOptions.model_validate(inputs.job.task_options)
    labels = inputs.targets(inputs.train)
    train = features_for(inputs, "train_features").of(inputs.train)
    test = features_for(inputs, "test_features").of(inputs.test)
    if inputs.job.recipe.standardise:
        train, test = standardised(train, test)
    items = of_means if options.query == "video" else of_clips
    queries = torch.cat(list(items_of(test, items))).to(inputs.session.device)
    gallery = (block.flatten(0, 1) for block in items_of(train, items))
    nearest = ranked(queries.flatten(0, 1), gallery).cpu()
    per_video = 1 if options.query == "video" else train.weights.shape[1]
    classes = labels[nearest // per_video].float()
    scores = F.pad(classes, (0, DEEPEST - classes.shape[1]), value=torch.nan)
    scores = scores.reshape(*queries.shape[:2], DEEPEST)
    seconds = time.perf_counter() - began
    return Outcome(_array(scores), Cost(0, 0, 0.0, seconds, 0.0))


Items = Callable[[NDArray[np.floating[Any]], NDArray[np.float32]], Tensor]
"""(features (n, V, D) and weights (n, V) of some videos) -> what is compared of them (n, Q, D)."""


def items_of(table: FeatureTable, items: Items) -> Iterator[Tensor]:
    """What is compared of each video, block by block of its features."""
    done = 0
    for block in blocks_of(table.features):
        yield items(block, table.weights[done : done + len(block)])
        done += len(block)


def of_means(features: NDArray[np.floating[Any]], weights: NDArray[np.float32]) -> Tensor:
    """One vector of each video, the weighted mean of its views: (n, 1, D)."""
    shares = torch.from_numpy(weights)[:, :, None]
    return (torch.from_numpy(features) * shares).sum(dim=1, keepdim=True)


def of_clips(features: NDArray[np.floating[Any]], weights: NDArray[np.float32]) -> Tensor:
    """Every view of each video, equal ones as often as they occur: (n, V, D)."""
    views = weights.shape[1]
    counts = np.rint(weights * views).astype(np.int64)
    rows = np.stack([np.repeat(np.arange(views), count) for count in counts])
    return torch.from_numpy(np.take_along_axis(features, rows[:, :, None], axis=1))


def ranked(queries: Tensor, gallery: Iterable[Tensor]) -> Tensor:
    """Numbers of the 50 (or all, of fewer) most similar gallery items of each query: (Q, <= 50).

    Args:
        queries: (Q, D) of any length.
        gallery: at least one block (n, D), likewise; items are numbered through the blocks.
    """
    asked = F.normalize(queries, dim=1)
    best, done = None, 0
    for block in gallery:
        found = _nearest(asked, F.normalize(block.to(asked.device), dim=1), done)
        best = found if best is None else _better(best, found)
        done += len(block)
    if best is None:
        raise ValueError("there is no gallery")
    return best.numbers


@dataclass(frozen=True)
class _Found:
    """The nearest items of each query so far: similarities (Q, k), falling, and numbers (Q, k)."""

    similarities: Tensor
    numbers: Tensor


def _nearest(queries: Tensor, keys: Tensor, first: int) -> _Found:
    """Of a block whose items are numbered from `first` on; all rows have length 1."""
    depth = min(DEEPEST, len(keys))
    parts = [(some @ keys.T).topk(depth, dim=1) for some in torch.split(queries, BLOCK)]
    similarities, numbers = (torch.cat(part) for part in zip(*parts, strict=True))
    return _Found(similarities, numbers + first)


def _better(one: _Found, other: _Found) -> _Found:
    """The nearest of both."""
    similarities = torch.cat([one.similarities, other.similarities], dim=1)
    numbers = torch.cat([one.numbers, other.numbers], dim=1)
    nearest = similarities.topk(min(DEEPEST, similarities.shape[1]), dim=1)
    return _Found(nearest.values, numbers.gather(1, nearest.indices))


def _array(scores: Tensor) -> NDArray[np.float32]:
    return np.asarray(scores.cpu().numpy(), dtype=np.float32)
