"""Vectors of snippets: the whole of every video, centre crops, nothing drawn."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from severe_bench.adapt.network import features_of
from severe_bench.adapt.parts import Rows
from severe_bench.adapt.timeline.reading import SnippetReader, grids, timelines
from severe_bench.adapt.unit import Extraction
from severe_bench.config.recipe import Recipe
from severe_bench.core.padding import padded


def timeline_blocks(extraction: Extraction, first: int) -> Iterator[Rows]:
    """Rows of the examples from `first` on, one video in each block.

    `times` are the stretches that the snippets stand for. Videos shorter than the longest of the
    split are filled up with zeros at weight 0 and times that are NaN. At most one training batch
    of clips is in memory at a time.
    """
    job, device = extraction.job, extraction.device
    clip = job.recipe.test_clip
    reader = SnippetReader(extraction.store, extraction.records, clip, job.unit_options)
    rows = grids(reader, device)
    most = max(grid.count for grid in rows)
    counts = [grid.count for grid in rows]
    videos = timelines(reader, counts, first, job.recipe, job.network.input, device)
    for grid, pieces in zip(rows[first:], videos, strict=True):
        vectors = vectors_of(extraction.network, pieces, job.recipe, device).cpu().numpy()
        missing = most - grid.count
        yield {
            "features": padded([vectors], 0, most),
            "weights": np.repeat([1 / grid.count, 0], [grid.count, missing])[None].astype("f4"),
            "times": padded([grid.times], np.nan, most),
            "views": np.array([grid.count]),
        }


def vectors_of(network: nn.Module, pieces: Iterator[Tensor], recipe: Recipe, device: str) -> Tensor:
    """Vectors (V, D) of a video's snippets, piece by piece."""
    return torch.cat([features_of(network, clips, recipe, device) for clips in pieces])
