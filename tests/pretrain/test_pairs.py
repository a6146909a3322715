from dataclasses import replace

import pytest
import torch

from severe_bench.config.recipe import Augment
from severe_bench.core.record import Dataset
from severe_bench.plan.job import PretrainJob
from severe_bench.pretrain.setting import Setting
from severe_bench.pretrain.temporal_pairs import TemporalPairs
from severe_bench.pretrain.tubelet_options import TubeletOptions
from severe_bench.pretrain.tubelet_pairs import TubeletPairs
from severe_bench.train.batch import Batch
from tests.pretrain.conftest import job, recipe

PLAIN = Augment(area=(1, 1), ratio=(1, 1), flip=0, brightness=0, contrast=0, saturation=0, hue=0)
HARD = TubeletOptions(soft_edges=0, size=(0.3, 0.6))


def setting(source: Dataset, augment: Augment, method: str = "tubelet_contrast") -> Setting:
    plain: PretrainJob = job(method, recipe=recipe().model_copy(update={"augment": augment}))
    return Setting(plain, source, source.of("train"), "cpu")


def unnormalised(batch: Batch, given: Setting) -> tuple[torch.Tensor, torch.Tensor]:
    mean = torch.tensor(given.job.input.mean).view(1, 3, 1, 1, 1)
    std = torch.tensor(given.job.input.std).view(1, 3, 1, 1, 1)
    return batch.inputs["first"] * std + mean, batch.inputs["second"] * std + mean


def same(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    return ((one - other).abs() < 1e-5).all(dim=1)


@pytest.mark.parametrize("patch_source", ["first", "third"])
def test_clips_of_different_videos_share_the_tubelets_and_nothing_else(
    source: Dataset, patch_source: str
) -> None:
    given = setting(source, PLAIN)
    options = TubeletOptions.model_validate({**HARD.model_dump(), "patch_source": patch_source})
    pairs = TubeletPairs(given, options)
    first, second = unnormalised(pairs.batch(0, 1), given)
    raw = pairs._clips.read(0, 1)
    count = len(first)
    clips = [torch.from_numpy(clip.copy()).permute(3, 0, 1, 2).float() / 255 for clip in raw]
    bare_first, bare_second = torch.stack(clips[:count]), torch.stack(clips[count : 2 * count])
    changed = ~same(first, bare_first) & ~same(second, bare_second)
    shared = same(first, second)
    assert not same(bare_first, bare_second).flatten(1).all(dim=1).any()
    assert changed.float().mean() > 0.05
    # Where both changed they agree, but for edges of less than a pixel.
    assert (shared & changed).sum() > 0.95 * changed.sum()
    # Where the first did not change, the second did not either, unless the patch is the clip's own.
    untouched = same(first, bare_first) & ~same(second, bare_second)
    assert untouched.float().mean() < (0.2 if patch_source == "first" else 0.01)


def test_colour_comes_after_the_tubelets_and_for_each_clip_alone(source: Dataset) -> None:
    plain = setting(source, PLAIN)
    coloured = setting(source, PLAIN.model_copy(update={"brightness": 0.5}))
    first, second = unnormalised(TubeletPairs(plain, HARD).batch(0, 0), plain)
    bright, other = unnormalised(TubeletPairs(coloured, HARD).batch(0, 0), coloured)
    ratios = [
        (new / old.clamp(min=1e-3))[(old > 0.2) & (new < 0.99)]
        for clip_old, clip_new in ((first, bright), (second, other))
        for old, new in zip(clip_old, clip_new, strict=True)
    ]
    # One factor for the whole clip, tubelets included, and other factors for other clips.
    assert all(ratio.std() < 1e-3 for ratio in ratios)
    assert torch.stack([ratio.mean() for ratio in ratios]).std() > 0.1


@pytest.mark.parametrize("build", [TemporalPairs, lambda s: TubeletPairs(s, HARD)])
def test_batches_are_a_function_of_seed_epoch_and_step(source: Dataset, build: type) -> None:
    given = setting(source, recipe().augment)
    other_seed = replace(given, job=given.job.model_copy(update={"seed": 1}))
    one, again = build(given), build(given)
    again.batch(0, 0)
    expected = one.batch(1, 2).inputs
    found = again.batch(1, 2).inputs
    assert all(torch.equal(found[name], expected[name]) for name in ("first", "second"))
    assert not torch.equal(build(other_seed).batch(1, 2).inputs["first"], expected["first"])
    assert not torch.equal(one.batch(0, 2).inputs["first"], expected["first"])


def test_temporal_pairs_are_clips_of_one_video(source: Dataset) -> None:
    given = setting(source, PLAIN, "temporal_contrast")
    pairs = TemporalPairs(given)
    batches = [pairs.batch(epoch, 0).inputs for epoch in range(4)]
    first = torch.cat([batch["first"] for batch in batches]).mean(dim=2).flatten(1)
    second = torch.cat([batch["second"] for batch in batches]).mean(dim=2).flatten(1)
    own = (first - second).norm(dim=1)
    # Clips of 7 of 10 frames: four starts, so most pairs differ, and are nearer than strangers.
    assert (own > 1e-3).float().mean() > 0.5
    assert (own < (first - second.roll(1, 0)).norm(dim=1)).float().mean() > 0.9


def test_every_video_is_a_first_clip_once_per_epoch(source: Dataset) -> None:
    pairs = TubeletPairs(setting(source, PLAIN), HARD)
    assert pairs.steps_per_epoch == 4
    assert sum(len(pairs.batch(0, step)) for step in range(4)) == 64
