"""Boxes go where the pixels go: drawn rectangles are transformed with the clip and found again."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from severe_bench.config.recipe import Augment
from severe_bench.data.box_transforms import (
    boxes_after,
    short_side_shape,
    whole_frames,
)
from severe_bench.data.transforms import apply, draw

PLAIN = Augment(brightness=0, contrast=0, saturation=0, hue=0)
KINDS = {
    "area": PLAIN,
    "short_side": PLAIN.model_copy(update={"crop": "short_side", "short_side": (1.0, 2.0)}),
    "multiscale": PLAIN.model_copy(update={"crop": "multiscale"}),
}
SIZE = 64


def picture(height: int, width: int, box: torch.Tensor) -> np.ndarray:
    """Two frames, white where the box is: its edges must lie on whole pixels."""
    frames = np.zeros((2, height, width, 3), np.uint8)
    left, top, right, bottom = (box * torch.tensor([width, height, width, height])).round().int()
    frames[:, top:bottom, left:right] = 255
    return frames


def found_in(pixels: torch.Tensor) -> tuple[float, float, float, float] | None:
    """Where a clip (3, T, H, W) is more white than black, in fractions."""
    white = pixels[0, 0] > 0.5
    if not white.any():
        return None
    rows, columns = white.any(1).nonzero()[:, 0], white.any(0).nonzero()[:, 0]
    height, width = white.shape
    corners = (columns[0] / width, rows[0] / height)
    ends = ((columns[-1] + 1) / width, (rows[-1] + 1) / height)
    return tuple(float(value) for value in (*corners, *ends))  # type: ignore[return-value]


def box_of(height: int, width: int, cells: tuple[int, int, int, int]) -> torch.Tensor:
    """A box on whole pixels from quarters of the frame."""
    left, top, across, down = cells
    edges = [left / 4, top / 4, min(1, (left + across) / 4), min(1, (top + down) / 4)]
    scale = torch.tensor([width, height, width, height], dtype=torch.float64)
    return ((torch.tensor(edges, dtype=torch.float64) * scale).round() / scale).float()


SHAPES = st.tuples(st.integers(70, 130), st.integers(70, 130))
CELLS = st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(1, 4), st.integers(1, 4))


@settings(max_examples=40, deadline=None)
@given(SHAPES, CELLS, st.integers(0, 1000), st.sampled_from(list(KINDS)))
def test_a_crop_and_a_flip_take_boxes_along(
    shape: tuple[int, int], cells: tuple[int, int, int, int], seed: int, kind: str
) -> None:
    box = box_of(*shape, cells)
    draws = draw(KINDS[kind], [shape], torch.Generator().manual_seed(seed))
    pixels = apply([picture(*shape, box)], draws, SIZE, "cpu")[0]
    (moved,) = boxes_after(box[None], draws.boxes[0], shape, bool(draws.flips[0]))
    seen = found_in(pixels)
    if seen is None or moved.isnan().any():
        thin = moved.isnan().any() or float((moved[2:] - moved[:2]).min()) < 1.5 / SIZE
        assert thin, "a box of more than a pixel is seen"
        assert seen is None or min(seen[2] - seen[0], seen[3] - seen[1]) < 3 / SIZE
        return
    np.testing.assert_allclose(moved.numpy(), seen, atol=1.2 / SIZE)


@pytest.mark.parametrize("shape", [(90, 120), (120, 90), (77, 77)])
def test_whole_frames_leave_boxes_as_they_are(shape: tuple[int, int]) -> None:
    box = box_of(*shape, (1, 2, 2, 1))
    for result in (short_side_shape(*shape, SIZE), (SIZE, SIZE)):
        pixels = whole_frames(picture(*shape, box), result, "cpu")
        assert pixels.shape == (3, 2, *result)
        assert pixels.max() == 1.0
        np.testing.assert_allclose(box.numpy(), found_in(pixels), atol=1.2 / SIZE)


def test_the_short_side_becomes_as_long_as_asked() -> None:
    assert short_side_shape(240, 320, 112) == (112, 149)
    assert short_side_shape(320, 240, 112) == (149, 112)
    assert short_side_shape(50, 50, 48) == (48, 48)


def test_a_box_outside_the_crop_and_no_box_are_nan() -> None:
    boxes = torch.tensor([[0.0, 0.0, 0.2, 0.2], [0.1, 0.1, 0.9, 0.9], [torch.nan] * 4])
    found = boxes_after(boxes, torch.tensor([50, 50, 50, 50]), (100, 100), False)
    assert found.isnan().all(dim=1).tolist() == [True, False, True]
    torch.testing.assert_close(found[1], torch.tensor([0.0, 0.0, 0.8, 0.8]))
