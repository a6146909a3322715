"""Pairs for temporal contrast: two clips of one video, each with a start and crop of its own."""

import torch

from severe_bench.data.transforms import apply, draw, normalise
from severe_bench.pretrain.group_clips import GroupClips
from severe_bench.pretrain.setting import Setting
from severe_bench.train.batch import Batch


class TemporalPairs:
    """A `BatchSource` of pairs: `first` and `second`, each (B, 3, T, S, S), normalised."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._clips = GroupClips(setting, videos=1, clips=2)

    @property
    def steps_per_epoch(self) -> int:
        """Every video gives one pair per epoch."""
        return len(self._clips.steps)

    def batch(self, epoch: int, step: int) -> Batch:
        """The pairs of a step; no targets but their number."""
        recipe, device = self._setting.job.recipe, self._setting.device
        raw = self._clips.read(epoch, step)
        shapes = [clip.shape[1:3] for clip in raw]
        draws = draw(recipe.augment, shapes, self._clips.generator(epoch, step))
        pixels = apply(raw, draws, recipe.clip.size, device)
        first, second = normalise(pixels, self._setting.job.input).chunk(2)
        targets = torch.zeros(len(first), dtype=torch.int64, device=device)
        return Batch({"first": first, "second": second}, targets)
