"""Pairs for tubelet contrast: clips of two different videos with the same tubelets on them.

Crop and flip come before the tubelets, colour after (released code of the paper).
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Generator, Tensor

from severe_bench.config.recipe import Augment
from severe_bench.core.errors import UserError
from severe_bench.data.colour import IDENTITY, jitter
from severe_bench.data.transforms import Draws, apply, draw, normalise
from severe_bench.data.video import Frames
from severe_bench.pretrain.group_clips import GroupClips
from severe_bench.pretrain.setting import Setting
from severe_bench.pretrain.tubelet_options import TubeletOptions
from severe_bench.pretrain.tubelets import draw_tubelets, paste
from severe_bench.train.batch import Batch


class TubeletPairs:
    """A `BatchSource` of pairs: `first` and `second`, each (B, 3, T, S, S), normalised.

    Raises:
        UserError: clips of a single frame.
    """

    def __init__(self, setting: Setting, options: TubeletOptions) -> None:
        if setting.job.recipe.clip.frames < 2:
            what, mend = "tubelets move, and a clip has one frame", "set clip.frames: 2 or more"
            raise UserError(what, "pretraining method tubelet_contrast", mend)
        self._setting, self._options = setting, options
        videos = 3 if options.patch_source == "third" else 2
        self._clips = GroupClips(setting, videos=videos, clips=1)

    @property
    def steps_per_epoch(self) -> int:
        """Every video gives one first clip per epoch."""
        return len(self._clips.steps)

    def batch(self, epoch: int, step: int) -> Batch:
        """The pairs of a step; no targets but their number."""
        recipe, device = self._setting.job.recipe, self._setting.device
        rng = self._clips.generator(epoch, step)
        raw = self._clips.read(epoch, step)
        count = len(raw) // self._clips.videos
        clips, draws = uncoloured(raw[: 2 * count], recipe.augment, recipe.clip.size, device, rng)
        first, second = clips.chunk(2)
        images = self._images(first, raw[2 * count :], rng)
        for _ in range(self._options.count):
            tubelets = draw_tubelets(self._options, count, clips.shape[2], rng)
            paste([first, second], images, tubelets.to(device))
        pixels = jitter(clips, draws.factors, draws.order)
        first, second = normalise(pixels, self._setting.job.input).chunk(2)
        targets = torch.zeros(count, dtype=torch.int64, device=device)
        return Batch({"first": first, "second": second}, targets)

    def _images(self, first: Tensor, third: Sequence[Frames], rng: Generator) -> Tensor:
        """One frame of each first clip, or of each third one where there are any."""
        recipe, device = self._setting.job.recipe, self._setting.device
        frames = torch.randint(first.shape[2], (len(first),), generator=rng)
        if not third:
            return first[torch.arange(len(first)), :, frames].clone()
        stills = [clip[frame : frame + 1] for clip, frame in zip(third, frames, strict=True)]
        clips, _ = uncoloured(stills, recipe.augment, recipe.clip.size, device, rng)
        return clips[:, :, 0].contiguous()


def uncoloured(
    raw: Sequence[Frames], augment: Augment, size: int, device: str, rng: Generator
) -> tuple[Tensor, Draws]:
    """Clips (B, 3, T, size, size) in [0, 1], cropped and flipped; the draws with their colour."""
    draws = draw(augment, [clip.shape[1:3] for clip in raw], rng)
    plain = torch.tensor(IDENTITY).expand(len(raw), 4)
    return apply(raw, replace(draws, factors=plain), size, device), draws
