"""The nearest training videos, or clips, of every test video by cosine similarity.

Xu et al., "Self-supervised Spatiotemporal Learning via Video Clip Order Prediction", CVPR 2019,
section 4.3, compare clips; later work averages the features of a video's clips first.
"""

import time

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from severe_bench.adapt.evaluate import Cost, Inputs, Outcome
from severe_bench.adapt.features import FeatureTable
from severe_bench.adapt.probing import features_for, standardised
from severe_bench.adapt.rows import blocks_of
from severe_bench.metrics.retrieval import DEEPEST
from severe_bench.tasks.retrieval import RetrievalOptions

BLOCK = 1024
"""Queries compared at once: bounds the memory, changes no number."""


def retrieve(inputs: Inputs) -> Outcome:
    """Class ids of the nearest of the videos that the budget bought, nearest first.

    Scores are (N, Q, 50) of Q queries per test video: 1, or as many as it has clips; filled up with
    NaN where there are fewer to be found. Among equally near ones any may come first.
    """
    began = time.perf_counter()
    options = RetrievalOptions.model_validate(inputs.job.task_options)
    labels = inputs.targets(inputs.train)
    train = features_for(inputs, "train_features").of(inputs.train)
    test = features_for(inputs, "test_features").of(inputs.test)
    if inputs.job.recipe.standardise:
        train, test = standardised(train, test)
    items = of_means if options.query == "video" else of_clips
    gallery, queries = (items(table).to(inputs.session.device) for table in (train, test))
    labels = labels[:, None].expand(gallery.shape[:2]).flatten()
    nearest = ranked(queries.flatten(0, 1), gallery.flatten(0, 1))
    classes = labels.to(nearest.device)[nearest].float()
    scores = F.pad(classes, (0, DEEPEST - classes.shape[1]), value=torch.nan)
    scores = scores.reshape(*queries.shape[:2], DEEPEST)
    seconds = time.perf_counter() - began
    return Outcome(_array(scores), Cost(0, 0, 0.0, seconds, 0.0))


def of_means(table: FeatureTable) -> Tensor:
    """One vector of each video, the weighted mean of its views: (N, 1, D)."""
    found, done = list[Tensor](), 0
    for block in blocks_of(table.features):
        weights = torch.from_numpy(table.weights[done : done + len(block)])
        found.append((torch.from_numpy(block) * weights[:, :, None]).sum(dim=1, keepdim=True))
        done += len(block)
    return torch.cat(found)


def of_clips(table: FeatureTable) -> Tensor:
    """Every view of each video, equal ones as often as they occur: (N, V, D)."""
    views = table.weights.shape[1]
    counts = np.rint(table.weights * views).astype(np.int64)
    rows = np.stack([np.repeat(np.arange(views), count) for count in counts])
    return torch.from_numpy(
        np.take_along_axis(np.asarray(table.features), rows[:, :, None], axis=1)
    )


def ranked(queries: Tensor, gallery: Tensor) -> Tensor:
    """Rows of the 50 (or all, of fewer) most similar gallery items of each query: (Q, <= 50).

    Args:
        queries: (Q, D) of any length.
        gallery: (M, D), likewise.
    """
    keys, depth = F.normalize(gallery, dim=1), min(DEEPEST, len(gallery))
    blocks = torch.split(F.normalize(queries, dim=1), BLOCK)
    return torch.cat([(block @ keys.T).topk(depth, dim=1).indices for block in blocks])


def _array(scores: Tensor) -> NDArray[np.float32]:
    return np.asarray(scores.cpu().numpy(), dtype=np.float32)
