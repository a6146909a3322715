import itertools
from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms.v2 import functional as reference

from severe_bench.data import colour

Operation = Callable[..., torch.Tensor]

PAIRS = [
    (colour.brightness, reference.adjust_brightness, 1.0),
    (colour.contrast, reference.adjust_contrast, 1.0),
    (colour.saturation, reference.adjust_saturation, 1.0),
    (colour.hue, reference.adjust_hue, 0.0),
]
ROUNDING = 2e-6


def clips_of(count: int, seed: int = 0) -> torch.Tensor:
    """Random clips with grey, black, white and tied pixels among them."""
    clips = torch.rand(count, 3, 2, 9, 11, generator=torch.Generator().manual_seed(seed))
    clips[:, :, 0, 0] = 0.0
    clips[:, :, 0, 1] = 1.0
    clips[:, :, 0, 2] = 0.5
    clips[:, 1, 1, :3] = clips[:, 0, 1, :3]
    clips[:, 2, 1, 3:5] = clips[:, 0, 1, 3:5]
    clips[:, 2, 1, 5:7] = clips[:, 1, 1, 5:7]
    return clips


def one_by_one(function: Operation, clips: torch.Tensor, factors: torch.Tensor) -> torch.Tensor:
    """The reference on each clip, as frames (T, 3, H, W)."""
    done = [
        function(clip.permute(1, 0, 2, 3), factor)
        for clip, factor in zip(clips, factors.tolist(), strict=True)
    ]
    return torch.stack(done).permute(0, 2, 1, 3, 4)


@pytest.mark.parametrize(("ours", "theirs", "neutral"), PAIRS)
def test_each_operation_is_torchvisions_clip_by_clip(
    ours: Operation, theirs: Operation, neutral: float
) -> None:
    clips = clips_of(12)
    factors = neutral + torch.linspace(-0.5, 0.5, 12)
    expected = one_by_one(theirs, clips, factors)
    torch.testing.assert_close(ours(clips.clone(), factors), expected, atol=ROUNDING, rtol=0)


@pytest.mark.parametrize(("ours", "theirs", "neutral"), PAIRS)
def test_the_neutral_factor_changes_nothing(
    ours: Operation, theirs: Operation, neutral: float
) -> None:
    clips = clips_of(3)
    done = ours(clips.clone(), torch.full((3,), neutral))
    torch.testing.assert_close(done, clips, atol=ROUNDING, rtol=0)


def test_the_neutral_factors_are_those_that_are_skipped() -> None:
    assert tuple(neutral for *_, neutral in PAIRS) == colour.IDENTITY
    assert tuple(ours for ours, *_ in PAIRS) == colour.OPERATIONS


def test_every_clip_has_its_own_order() -> None:
    order = torch.tensor(list(itertools.permutations(range(4))))
    clips = clips_of(len(order))
    factors = torch.tensor([1.0, 1.0, 1.0, 0.0]) + 0.4 * (torch.rand(len(order), 4) - 0.5)
    expected = []
    for clip, row, amounts in zip(clips, order.tolist(), factors.tolist(), strict=True):
        frames = clip.permute(1, 0, 2, 3)
        for operation in row:
            frames = PAIRS[operation][1](frames, amounts[operation])
        expected.append(frames.permute(1, 0, 2, 3))
    done = colour.jitter(clips.clone(), factors, order)
    torch.testing.assert_close(done, torch.stack(expected), atol=1e-5, rtol=0)


def test_neutral_operations_are_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(clips: torch.Tensor, factors: torch.Tensor) -> torch.Tensor:
        raise AssertionError

    monkeypatch.setattr(colour, "OPERATIONS", (colour.brightness, never, never, never))
    clips = clips_of(4)
    factors = torch.tensor(colour.IDENTITY).repeat(4, 1)
    factors[2, 0] = 0.5
    done = colour.jitter(clips.clone(), factors, torch.arange(4).repeat(4, 1))
    torch.testing.assert_close(done[2], clips[2] * 0.5)
    assert torch.equal(done[[0, 1, 3]], clips[[0, 1, 3]])


def test_blocks_in_a_cpus_cache_change_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other devices take whole batches through one operation after another."""
    orders = torch.tensor(list(itertools.permutations(range(4))))
    factors = torch.rand(24, 4, generator=torch.Generator().manual_seed(1)) + 0.3
    factors[:, 3] -= 0.8
    whole = clips_of(24)
    colour._at_once(whole, factors, orders, [0, 1, 2, 3])
    for size in (1, 2000, 1 << 20):
        monkeypatch.setattr(colour, "CACHED_BYTES", size)
        assert torch.equal(colour.jitter(clips_of(24), factors, orders), whole)


def picture(side: int = 64) -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def planes(image: Image.Image) -> torch.Tensor:
    """Grey levels (1, 3, 1, H, W)."""
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)[None, :, None].double()


@pytest.mark.parametrize("factor", [0.6, 0.9, 1.3])
@pytest.mark.parametrize(("ours", "theirs", "neutral"), PAIRS[:3])
def test_pil_cuts_off_the_fraction_that_ours_keeps(
    ours: Operation, theirs: Operation, neutral: float, factor: float
) -> None:
    """PIL rounds the grey that it blends with, and cuts off the blend: half a level too dark."""
    image = picture()
    kept = 255 * ours(planes(image) / 255, torch.tensor([neutral * factor]).double())
    cut = kept - planes(theirs(image, factor))
    grey_rounding = 0.5 * abs(1 - factor) + 0.01  # PIL's weights of grey have 16 bits
    assert cut.min() > -grey_rounding
    assert cut.max() < 1 + grey_rounding
    assert 0.2 < cut.mean() < 0.7


def test_pil_turns_hue_among_256_hues() -> None:
    """Through HSV with 8 bits each, and by whole 255ths: not even a turn by nothing is nothing."""
    image = picture()
    unturned = (planes(image) - planes(reference.adjust_hue(image, 0.0))).abs()
    assert unturned.max() >= 4
    assert np.array_equal(reference.adjust_hue(image, 0.1), reference.adjust_hue(image, 25.9 / 255))
    for factor in (0.0, 0.1, -0.17):
        exact = reference.adjust_hue(planes(image)[0, :, 0] / 255, factor)
        found = colour.hue(planes(image) / 255, torch.tensor([factor]).double())[0, :, 0]
        assert 255 * (found - exact).abs().max() < 0.01
