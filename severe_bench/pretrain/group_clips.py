"""The clips of groups of videos, step by step, wherever they are read."""

from torch import Generator

from severe_bench.data.loading import Prefetcher
from severe_bench.data.reading import PIXELS, Steps
from severe_bench.data.sources import torch_generator
from severe_bench.data.store import VideoStore
from severe_bench.data.video import Frames
from severe_bench.pretrain.groups import GroupReader, Groups
from severe_bench.pretrain.setting import STORE_BYTES, Setting


class GroupClips:
    """Decoded clips of a step and a generator for what is done to them.

    Args:
        setting: records, recipe and seed.
        videos: different videos in a group.
        clips: clips of each video.
    """

    def __init__(self, setting: Setting, *, videos: int, clips: int) -> None:
        self.videos = videos
        recipe, seed = setting.job.recipe, setting.job.seed
        self.steps = Steps.of(len(setting.records), recipe, seed)
        store = VideoStore(setting.dataset.root, STORE_BYTES)
        groups = Groups(self.steps, videos)
        reader = GroupReader(store, setting.records, recipe.clip, groups, clips)
        self._read = Prefetcher(reader) if setting.device.startswith("cuda") else reader

    def read(self, epoch: int, step: int) -> list[Frames]:
        """Clips (T, H, W, 3) uint8, video after video of the groups."""
        return self._read(epoch * len(self.steps) + step)

    def generator(self, epoch: int, step: int) -> Generator:
        """On the CPU; a function of seed, epoch and step alone."""
        return torch_generator(self.steps.seed, PIXELS, epoch, step)
