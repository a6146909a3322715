"""Tokens of whole videos, in half precision: features (N, V, P, C) float16."""

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from severe_bench.adapt.clip_features import clip_blocks
from severe_bench.adapt.parts import Rows
from severe_bench.adapt.unit import Extraction
from severe_bench.core.errors import UserError
from severe_bench.core.record import Record
from severe_bench.models.maps import tokens

COPIES = 2
"""On the disk (parts, then the table) and in memory (parts, then the joined table)."""
GIGABYTE = 1e9
LARGEST = float(np.finfo(np.float16).max)


class TokensOf(nn.Module):
    """A backbone that hands out its tokens: clips (B, 3, T, H, W) to (B, P, C)."""

    def __init__(self, name: str, backbone: nn.Module) -> None:
        super().__init__()
        self.name, self.backbone = name, backbone

    def forward(self, clips: Tensor) -> Tensor:
        """Tokens of the last maps."""
        return tokens(self.name, self.backbone, clips)


def token_blocks(extraction: Extraction, first: int) -> Iterator[Rows]:
    """Rows of the examples from `first` on, as of `clip_blocks`.

    Raises:
        UserError: the tokens of all examples would not fit on the disk or into memory; some are too
            large for half precision; or the network does not say where its maps are.
    """
    done = first
    network = TokensOf(extraction.job.network.backbone, extraction.network)
    for block in clip_blocks(replace(extraction, network=network), first):
        features = _halved(block["features"], extraction.records[done:])
        done += len(features)
        _require_room(extraction, features[:1].nbytes * len(extraction.records), features.shape)
        yield {**block, "features": features}


def _halved(tokens: NDArray[np.float32], records: Sequence[Record]) -> NDArray[np.float16]:
    """Tokens (n, V, P, C) of the first n records; what is not finite before is not judged here."""
    sizes = np.abs(np.where(np.isfinite(tokens), tokens, 0)).max(axis=(1, 2, 3))
    if sizes.max() > LARGEST:
        video = int(sizes.argmax())
        what = f"a token is {sizes[video]:.3g} large, and half precision ends at {LARGEST:.0f}"
        mend = "use protocol linear, linear_selected or knn: they keep features in single precision"
        raise UserError(what, records[video].sample, mend)
    return tokens.astype(np.float16)


def _require_room(extraction: Extraction, size: int, shape: tuple[int, ...]) -> None:
    _, views, places, width = shape
    disk = shutil.disk_usage(extraction.folder).free
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for where, there in (("disk is free", disk), ("memory is here", memory)):
        if COPIES * size > there:
            what = (
                f"tokens of {len(extraction.records)} videos x {views} views x {places} places x "
                f"{width} take {size / GIGABYTE:.1f} GB, of which {COPIES} copies are needed, and "
                f"{there / GIGABYTE:.1f} GB of {where}"
            )
            mend = "use fewer views (feature_views, test.clips), a smaller clip, or linear"
            raise UserError(what, extraction.job.network.backbone, mend)
