"""One video of a spec: its label, its scene, its samples."""

import zlib

import numpy as np

from severe_bench.core.record import SPLITS, Split
from severe_bench.data.procedural.samples import Sample
from severe_bench.data.procedural.scene import Scene, Stage
from severe_bench.data.procedural.spec import WorldSpec
from severe_bench.data.procedural.worlds import WORLDS


def label_at(spec: WorldSpec, index: int) -> int:
    """Class id of a video; classes take turns, so any number of videos is balanced.

    Where a video has no single class, it is sure to show this one.
    """
    return index % len(WORLDS.get(spec.world).classes)


def scene_at(spec: WorldSpec, split: Split, index: int) -> Scene:
    """Make the scene of a video.

    It depends on seed, world, split and index (and on the stage) but not on the numbers of videos,
    so a larger set contains the smaller one.
    """
    stage = Stage(spec.frames, spec.size)
    rng = np.random.default_rng(_key(spec, split, index))
    return WORLDS.get(spec.world).scene(label_at(spec, index), stage, rng)


def samples_at(spec: WorldSpec, split: Split, index: int) -> tuple[Sample, ...]:
    """What is asked about a video, without rendering it."""
    scene, label = scene_at(spec, split, index), label_at(spec, index)
    rng = np.random.default_rng([*_key(spec, split, index), 1])
    return WORLDS.get(spec.world).samples(label, scene, spec.fps, rng)


def _key(spec: WorldSpec, split: Split, index: int) -> list[int]:
    return [spec.seed, zlib.crc32(spec.world.encode()), SPLITS.index(split), index]
