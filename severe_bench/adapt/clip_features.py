"""Vectors of whole videos: augmented clips for training, equally spaced ones for testing."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from severe_bench.adapt.network import features_of
from severe_bench.adapt.parts import Rows
from severe_bench.adapt.unit import Extraction
from severe_bench.adapt.views import TrainViewReader, blocks_of, train_views
from severe_bench.data.sources import Views, test_views


def clip_blocks(extraction: Extraction, first: int) -> Iterator[Rows]:
    """Rows of the examples from `first` on, in blocks of about one training batch of clips.

    Equal test views of a short video are computed once; it repeats its first one at weight 0.
    """
    job = extraction.job
    recipe = job.recipe
    per_video = recipe.feature_views if job.views == "train" else recipe.test.views
    for block in blocks_of(_views(extraction, first), recipe, per_video):
        yield _embedded(extraction, block, per_video)


def _views(extraction: Extraction, first: int) -> Iterator[Views]:
    """The views of the examples from `first` on."""
    job, records, device = extraction.job, extraction.records, extraction.device
    if job.views == "train":
        reader = TrainViewReader(extraction.store, records, job.recipe, job.seed)
        return train_views(reader, range(first, len(records)), job.network.input, device)
    return test_views(extraction.store, records[first:], job.recipe, job.network.input, device)


def _embedded(extraction: Extraction, block: list[Views], per_video: int) -> Rows:
    views = [len(video.weights) for video in block]
    clips = torch.cat([video.clips for video in block])
    outputs = features_of(extraction.network, clips, extraction.job.recipe, extraction.device)
    features = torch.split(outputs.cpu(), views)
    weights = [
        np.pad(video.weights.cpu().numpy(), (0, per_video - count))
        for video, count in zip(block, views, strict=True)
    ]
    return {
        "features": np.stack([_filled(part.numpy(), per_video) for part in features]),
        "weights": np.stack(weights),
        "times": np.stack([_filled(video.times, per_video) for video in block]),
        "views": np.array(views),
    }


def _filled(rows: NDArray[Any], count: int) -> NDArray[Any]:
    """`count` rows: those there are, then the first one again."""
    return rows[[*range(len(rows)), *[0] * (count - len(rows))]]
