import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as reference

from severe_bench.config.network_input import Input
from severe_bench.config.recipe import HARA_SCALES, Augment
from severe_bench.config.recipe import Test as HowTested
from severe_bench.data import transforms
from severe_bench.data.transforms import Draws, apply, draw, normalise

GEOMETRY = Augment(brightness=0, contrast=0, saturation=0, hue=0)
NOTHING = Augment(area=(1, 1), ratio=(1, 1), flip=0, brightness=0, contrast=0, saturation=0, hue=0)


def clip_of(height: int, width: int, frames: int = 3, seed: int = 0) -> np.ndarray:
    """Smooth coloured noise, so that resizing has something to interpolate."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (frames, 3, 9, 9)).astype(np.float32)
    fine = torch.nn.functional.interpolate(
        torch.from_numpy(coarse), (height, width), mode="bicubic"
    )
    return fine.clamp(0, 255).byte().permute(0, 2, 3, 1).numpy().copy()


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pil_crop(clip: np.ndarray, box: list[int], size: int) -> np.ndarray:
    top, left, height, width = box
    frames = [
        Image.fromarray(frame)
        .crop((left, top, left + width, top + height))
        .resize((size, size), Image.Resampling.BILINEAR)
        for frame in clip
    ]
    return np.stack([np.asarray(frame) for frame in frames])


def test_crop_and_flip_are_pils() -> None:
    shapes = [(56, 56), (120, 90), (40, 200), (48, 48), (30, 30)]
    clips = [clip_of(*shape, seed=n) for n, shape in enumerate(shapes)]
    draws = draw(GEOMETRY, shapes, generator(3))
    done = apply(clips, draws, 48, "cpu")
    assert done.shape == (5, 3, 3, 48, 48)
    assert done.dtype == torch.float32
    for row, clip, box, flip in zip(done, clips, draws.boxes.tolist(), draws.flips, strict=True):
        expected = pil_crop(clip, box, 48)
        expected = expected[:, :, ::-1] if flip else expected
        ours = (row * 255).round().permute(1, 2, 3, 0).numpy()
        assert np.abs(ours - expected).max() <= 1
        assert (ours != expected).mean() < 0.06


def test_both_flips_occur_and_are_horizontal() -> None:
    draws = draw(NOTHING, [(48, 48)] * 2, generator())
    draws = Draws(draws.boxes, torch.tensor([False, True]), draws.factors, draws.order)
    clip = clip_of(48, 48)
    plain, flipped = apply([clip, clip], draws, 48, "cpu")
    assert torch.equal(flipped, plain.flip(-1))
    assert not torch.equal(flipped, plain)


def test_nothing_is_the_identity() -> None:
    clip = clip_of(48, 48)
    done = apply([clip], draw(NOTHING, [(48, 48)], generator()), 48, "cpu")
    assert torch.equal(done[0], torch.from_numpy(clip).permute(3, 0, 1, 2).float().div(255))


def test_all_frames_of_a_clip_get_the_same_and_clips_get_others() -> None:
    still = np.repeat(clip_of(56, 56, frames=1), 4, axis=0)
    done = apply([still] * 6, draw(Augment(), [(56, 56)] * 6, generator()), 48, "cpu")
    assert all(torch.equal(done[:, :, 0], done[:, :, t]) for t in range(4))
    assert all(not torch.equal(done[0], done[n]) for n in range(1, 6))


def test_whole_augmentation_is_torchvisions_clip_by_clip() -> None:
    shapes = [(56, 56), (64, 80)] * 8
    clips = [clip_of(*shape, seed=n) for n, shape in enumerate(shapes)]
    draws = draw(Augment(), shapes, generator(1))
    adjust = (
        reference.adjust_brightness,
        reference.adjust_contrast,
        reference.adjust_saturation,
        reference.adjust_hue,
    )
    done = apply(clips, draws, 48, "cpu")
    for n, clip in enumerate(clips):
        frames = torch.from_numpy(clip).permute(0, 3, 1, 2)
        frames = reference.resized_crop(frames, *draws.boxes[n].tolist(), [48, 48], antialias=True)
        frames = reference.horizontal_flip(frames) if draws.flips[n] else frames
        frames = frames.float() / 255
        for operation in draws.order[n].tolist():
            frames = adjust[operation](frames, float(draws.factors[n, operation]))
        torch.testing.assert_close(done[n], frames.permute(1, 0, 2, 3), atol=0.01 / 255, rtol=0)


@given(
    height=st.integers(1, 300),
    width=st.integers(1, 300),
    low=st.floats(0.05, 1),
    ratio=st.floats(0.3, 1),
    seed=st.integers(0, 2**31),
)
@settings(max_examples=150, deadline=None)
def test_boxes_lie_within_the_frame(
    height: int, width: int, low: float, ratio: float, seed: int
) -> None:
    augment = Augment(area=(low, 1.0), ratio=(ratio, 1 / ratio))
    boxes = draw(augment, [(height, width)] * 4, generator(seed)).boxes
    top, left, tall, wide = boxes.unbind(1)
    assert (boxes[:, :2] >= 0).all()
    assert (boxes[:, 2:] >= 1).all()
    assert (top + tall <= height).all()
    assert (left + wide <= width).all()


def test_boxes_reach_every_edge() -> None:
    quarter = Augment(area=(0.25, 0.25), ratio=(1, 1))
    top, left, tall, wide = draw(quarter, [(20, 20)] * 2000, generator()).boxes.unbind(1)
    assert set(tall.tolist()) == set(wide.tolist()) == {10}
    assert set(top.tolist()) == set(left.tolist()) == set(range(11))
    assert top.bincount().min() > 100


def test_boxes_are_distributed_as_torchvisions() -> None:
    count, shape = 6000, (120, 160)
    ours = draw(Augment(), [shape] * count, generator()).boxes.float()
    torch.manual_seed(0)
    crop, frame = v2.RandomResizedCrop(112), [torch.zeros(3, *shape)]
    found = [crop.make_params(frame) for _ in range(count)]
    theirs = torch.tensor([[d["top"], d["left"], d["height"], d["width"]] for d in found]).float()
    for column in range(4):
        quantiles = torch.linspace(0.05, 0.95, 10)
        gap = ours[:, column].quantile(quantiles) - theirs[:, column].quantile(quantiles)
        assert gap.abs().max() <= 5
    area = [float((boxes[:, 2] * boxes[:, 3]).mean()) / (120 * 160) for boxes in (ours, theirs)]
    assert area[0] == pytest.approx(area[1], abs=0.015)


@pytest.mark.parametrize("shape", [(20, 400), (400, 20)])
def test_the_fallback_is_torchvisions(shape: tuple[int, int]) -> None:
    """A long frame of which no crop of the wanted area fits."""
    augment = Augment(area=(0.9, 1.0))
    torch.manual_seed(0)
    crop = v2.RandomResizedCrop(112, scale=(0.9, 1.0))
    theirs = crop.make_params([torch.zeros(3, *shape)])
    box = draw(augment, [shape], generator()).boxes[0].tolist()
    assert box == [theirs["top"], theirs["left"], theirs["height"], theirs["width"]]


def test_draws_keep_to_their_ranges() -> None:
    augment = Augment(brightness=0.4, contrast=0.3, saturation=1.0, hue=0.2, flip=0.25)
    draws = draw(augment, [(56, 56)] * 4000, generator())
    assert len(draws) == 4000
    lowest, highest = draws.factors.amin(0), draws.factors.amax(0)
    torch.testing.assert_close(lowest, torch.tensor([0.6, 0.7, 0.0, -0.2]), atol=0.01, rtol=0)
    torch.testing.assert_close(highest, torch.tensor([1.4, 1.3, 2.0, 0.2]), atol=0.01, rtol=0)
    assert draws.flips.float().mean() == pytest.approx(0.25, abs=0.03)
    orders, counts = draws.order.unique(dim=0, return_counts=True)
    assert len(orders) == 24
    assert counts.min() > 100


def test_equal_seeds_draw_equal() -> None:
    first, second, other = (draw(Augment(), [(56, 56)] * 5, generator(n)) for n in (1, 1, 2))
    assert torch.equal(first.boxes, second.boxes)
    assert torch.equal(first.factors, second.factors)
    assert not torch.equal(first.factors, other.factors)


@pytest.mark.parametrize("shape", [(56, 56), (240, 320), (320, 241), (100, 333)])
def test_test_transform_is_pils_resize_and_centre_crop(shape: tuple[int, int]) -> None:
    size, height, width = 48, *shape
    short = math.floor(size / 0.875)
    factor = short / min(shape)
    tall, wide = (short, int(width * factor)) if height <= width else (int(height * factor), short)
    clip = clip_of(*shape)
    (done,) = transforms.test_crops(clip, size, HowTested(), "cpu")
    top, left = round((tall - size) / 2), round((wide - size) / 2)
    for t, frame in enumerate(clip):
        image = Image.fromarray(frame).resize((wide, tall), Image.Resampling.BILINEAR)
        expected = np.asarray(image)[top : top + size, left : left + size]
        ours = (done[:, t] * 255).round().permute(1, 2, 0).numpy()
        assert np.abs(ours - expected).max() <= 1


def test_the_references_own_sizes() -> None:
    """112 from a short side of 128; the crop of an even rest is centred."""
    ramp = np.broadcast_to(np.arange(128, dtype=np.uint8)[None, None, :, None], (1, 128, 128, 3))
    (done,) = transforms.test_crops(ramp.copy(), 112, HowTested(), "cpu")
    assert (done[0, 0, 0] * 255).round().tolist() == list(range(8, 120))


def test_float_resizing_agrees_with_uint8() -> None:
    """Devices without a uint8 kernel resize in float, by the same formula."""
    clip = torch.from_numpy(clip_of(90, 70))
    small = transforms.resize(clip, 48, 48).float()
    planes = clip.permute(0, 3, 1, 2).float()
    wide = torch.nn.functional.interpolate(planes, (48, 48), mode="bilinear", antialias=True)
    assert (small - wide.round().permute(0, 2, 3, 1)).abs().max() <= 1


def test_normalise_is_the_definition() -> None:
    clips = torch.rand(2, 3, 4, 5, 5, generator=generator())
    statement = Input(mean=(0.1, 0.2, 0.3), std=(0.5, 0.6, 0.7))
    done = normalise(clips.clone(), statement)
    for channel, (mean, std) in enumerate(zip(statement.mean, statement.std, strict=True)):
        torch.testing.assert_close(done[:, channel], (clips[:, channel] - mean) / std)
    swapped = normalise(clips.clone(), statement.model_copy(update={"channels": "BGR"}))
    assert torch.equal(swapped, done.flip(1))


def test_raw_bgr_is_only_swapped() -> None:
    """TCLR's input: channels switched, no normalisation."""
    clips = torch.rand(1, 3, 2, 4, 4)
    raw = Input(mean=(0, 0, 0), std=(1, 1, 1), channels="BGR")
    assert torch.equal(normalise(clips.clone(), raw), clips[:, [2, 1, 0]])


def sides_of(augment: Augment, shape: tuple[int, int], count: int = 4000) -> np.ndarray:
    boxes = draw(augment, [shape] * count, generator(5)).boxes
    top, left, tall, wide = boxes.T
    assert torch.equal(tall, wide)
    assert (top >= 0).all()
    assert (top + tall <= shape[0]).all()
    assert (left >= 0).all()
    assert (left + wide <= shape[1]).all()
    assert (int(top.min()), int((top + tall).max())) == (0, shape[0])
    assert (int(left.min()), int((left + wide).max())) == (0, shape[1])
    return tall.numpy()


def test_multiscale_squares_have_the_five_sides_of_hara() -> None:
    sides = sides_of(Augment(crop="multiscale"), (240, 320))
    found, counts = np.unique(sides, return_counts=True)
    assert found.tolist() == [120, 143, 170, 202, 240]
    assert found.tolist() == sorted(round(240 * scale) for scale in HARA_SCALES)
    assert (np.abs(counts / len(sides) - 0.2) < 0.03).all()


@pytest.mark.parametrize("law", ["uniform", "inverse"])
def test_a_short_side_of_256_to_340_and_a_crop_of_112(law: str) -> None:
    """A crop of 112 from a short side S is 112 / S of the source's short side."""
    augment = Augment.model_validate(
        {"crop": "short_side", "short_side": [256 / 112, 340 / 112], "law": law}
    )
    sides = sides_of(augment, (1000, 1400)) / 1000
    assert sides.min() == pytest.approx(112 / 340, abs=1e-3)
    assert sides.max() == pytest.approx(112 / 256, abs=1e-3)
    lengths = 112 / sides
    uniform = lengths if law == "uniform" else 1 / lengths
    middle = (uniform - uniform.min()) / (uniform.max() - uniform.min())
    assert np.quantile(middle, [0.25, 0.5, 0.75]) == pytest.approx([0.25, 0.5, 0.75], abs=0.03)


def test_the_centre_is_the_tests_own_crop() -> None:
    augment = NOTHING.model_copy(update={"crop": "centre"})
    clip = clip_of(60, 91)
    done = apply([clip], draw(augment, [(60, 91)], generator()), 48, "cpu")[0]
    expected = pil_crop(clip, [0, 15, 60, 60], 48)
    apart = np.abs((done * 255).permute(1, 2, 3, 0).numpy() - expected)
    assert apart.mean() < 0.35, "a crop one pixel beside it is 10 grey levels apart"
    assert apart.max() <= 2, "PIL rounds twice, after each of its two passes"


@pytest.mark.parametrize(
    ("shape", "corners"),
    [((60, 100), [(0, 0), (0, 20), (0, 40)]), ((100, 60), [(0, 0), (20, 0), (40, 0)])],
)
def test_three_crops_lie_along_the_long_side(
    shape: tuple[int, int], corners: list[tuple[int, int]]
) -> None:
    clip = clip_of(*shape)
    crops = transforms.test_crops(clip, 60, HowTested(crops=3, resize=1.0), "cpu")
    for crop, (top, left) in zip(crops, corners, strict=True):
        expected = clip[:, top : top + 60, left : left + 60]
        assert np.array_equal((crop * 255).round().permute(1, 2, 3, 0).numpy(), expected)
