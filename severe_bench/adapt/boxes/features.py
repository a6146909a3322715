"""Vectors of boxes: one pass of the frozen backbone for each key frame."""

from collections.abc import Iterator
from itertools import groupby, islice

import numpy as np
import torch
from torch import nn

from severe_bench.adapt.boxes.asked import asked
from severe_bench.adapt.boxes.clips import WholeFrames, by_shape, require_readable
from severe_bench.adapt.boxes.network import BoxNetwork, box_outputs, padded
from severe_bench.adapt.parts import Rows
from severe_bench.adapt.unit import Extraction
from severe_bench.core.errors import UserError
from severe_bench.core.extras import KEY_TIME
from severe_bench.core.record import Record


def box_blocks(extraction: Extraction, first: int) -> Iterator[Rows]:
    """Rows from `first` on, in blocks of about one training batch of key frames.

    Training and test boxes alike are read from whole frames without augmentation, so that each has
    one view.

    Raises:
        UserError: the recipe asks for several augmented views.
    """
    job = extraction.job
    if job.views == "train" and job.recipe.feature_views != 1:
        what = f"boxes have one view, not {job.recipe.feature_views}"
        raise UserError(what, "feature_views", "set feature_views: 1")
    options, recipe = job.unit_options, job.recipe
    require_readable(job.network.backbone, options["frame"])
    frames = WholeFrames(
        extraction.store, recipe, job.network.input, options["frame"], extraction.device
    )
    people = _by_frame(extraction.records[first:])
    clips = frames.clips(tuple(rows[0] for rows in people))
    network = BoxNetwork(job.network.backbone, extraction.network, nn.Identity())
    for start in range(0, len(people), job.recipe.batch_size):
        some = people[start : start + job.recipe.batch_size]
        yield _embedded(network, some, list(islice(clips, len(some))), extraction)


def _by_frame(rows: tuple[Record, ...]) -> list[list[Record]]:
    """Consecutive rows of one key frame."""
    return [list(some) for _, some in groupby(rows, lambda row: (row.path, KEY_TIME.of(row)))]


def _embedded(
    network: BoxNetwork,
    people: list[list[Record]],
    clips: list[torch.Tensor],
    extraction: Extraction,
) -> Rows:
    recipe = extraction.job.recipe
    rows = [[asked(row)[0] for row in of_frame] for of_frame in people]
    boxes = padded(rows, max(map(len, rows))).to(extraction.device)
    limit = recipe.numerics.micro_batch or recipe.batch_size
    found: dict[int, torch.Tensor] = {}
    for group in by_shape(clips):
        stacked = torch.stack([clips[number] for number in group])
        vectors = box_outputs(network, stacked, boxes[group], recipe.numerics, limit)
        found |= dict(zip(group, vectors.cpu(), strict=True))
    kept = torch.cat([found[number][: len(row)] for number, row in enumerate(rows)])
    views = [int(place == 0) for row in rows for place in range(len(row))]
    return {
        "features": kept[:, None].numpy(),
        "weights": np.ones((len(kept), 1), dtype=np.float32),
        "views": np.array(views),
    }
