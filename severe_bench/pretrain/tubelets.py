"""Tubelets: image patches that move and change their form, pasted on clips.

Thesis of Thoker, chapter 5.4, eq. 5.2 to 5.4 ("Tubelet-Contrastive Self-Supervision for
Video-Efficient Generalization", ICCV 2023). A patch that crosses the border is cut off there.
"""

import math
from dataclasses import dataclass, fields

import torch
from torch import Tensor
from torch.nn import functional as F

from severe_bench.pretrain.tubelet_options import Shapes, TubeletOptions
from severe_bench.pretrain.tubelet_paths import draw_forms, draw_paths, uniform

CHUNK = 8
"""Tubelets pasted at once; their boxes are as large as the largest of them needs."""

HARD_EDGE, SOFT_EDGE = 1e-3, 0.4
"""Width of the border in which a patch fades, as a share of its half side."""


@dataclass(frozen=True)
class Tubelets:
    """One tubelet for each of N clips; lengths are shares of the frame.

    Args:
        origin: (N, 2) centre of the patch in the image it is cut from.
        sides: (N, 2) width and height of the patch.
        path: (N, T, 2) centre in each frame.
        form: (N, T, 2, 2) maps the patch to its form in each frame.
        shape: (N,) index into rectangle, ellipse, rhombus.
        edge: (N,) width of the fading border as a share of the half side.
        opacity: (N,) of the patch.
    """

    origin: Tensor
    sides: Tensor
    path: Tensor
    form: Tensor
    shape: Tensor
    edge: Tensor
    opacity: Tensor

    def __len__(self) -> int:
        """Number of tubelets."""
        return len(self.origin)

    def to(self, device: str) -> "Tubelets":
        """The same on a device."""
        return Tubelets(*(getattr(self, field.name).to(device) for field in fields(self)))

    def __getitem__(self, picks: Tensor) -> "Tubelets":
        """The tubelets at these indices."""
        return Tubelets(*(getattr(self, field.name)[picks] for field in fields(self)))


def draw_tubelets(
    options: TubeletOptions, count: int, frames: int, rng: torch.Generator
) -> Tubelets:
    """Draw one tubelet for each of `count` clips of `frames` >= 2 frames."""
    sides = _draw_sides(options, count, rng)
    soft = torch.rand(count, generator=rng) < options.soft_edges
    return Tubelets(
        origin=sides / 2 + (1 - sides) * torch.rand(count, 2, generator=rng),
        sides=sides,
        path=draw_paths(options, count, frames, rng),
        form=draw_forms(options, count, frames, rng),
        shape=torch.multinomial(_weights(options.shapes), count, replacement=True, generator=rng),
        edge=torch.where(soft, SOFT_EDGE, HARD_EDGE),
        opacity=uniform((count,), options.opacity, rng),
    )


def paste(clips: list[Tensor], images: Tensor, tubelets: Tubelets) -> None:
    """Paste tubelet i, cut from image i, on clip i of every batch of clips, in place.

    All batches get equal pixels at equal places; nothing outside the patches is touched. Only the
    patches' boxes are computed.

    Args:
        clips: batches (N, 3, T, H, W), H = W, float, on one device.
        images: (N, 3, H, W) to cut the patches from; must not share memory with the clips.
        tubelets: N of them, on the same device.
    """
    boxes = _box_sides(tubelets, images.shape[-1])
    for picks in torch.split(boxes.argsort(), CHUNK):
        box = int(boxes[picks].max())
        _paste_boxes(clips, images[picks], tubelets[picks], picks, box)


def _paste_boxes(
    clips: list[Tensor], images: Tensor, tubelets: Tubelets, picks: Tensor, box: int
) -> None:
    side = images.shape[-1]
    corner = (tubelets.path * side - box / 2).round().long().clamp(0, side - box)
    pixels = torch.arange(box, device=images.device)
    columns, rows = (corner[..., axis, None] + pixels for axis in (0, 1))
    colour, alpha = _render(images, tubelets, columns, rows)
    frames = torch.arange(corner.shape[1], device=images.device)
    clip, frame = picks[:, None, None, None], frames[None, :, None, None]
    place = (clip, slice(None), frame, rows[..., :, None], columns[..., None, :])
    for batch in clips:
        batch[place] = torch.lerp(batch[place], colour, alpha)


def _render(
    images: Tensor, tubelets: Tubelets, columns: Tensor, rows: Tensor
) -> tuple[Tensor, Tensor]:
    """Colour (n, T, h, w, 3) and opacity (n, T, h, w, 1) in boxes at these pixels (n, T, h)."""
    count, frames, box = columns.shape
    side = images.shape[-1]
    x = ((columns + 0.5) / side - tubelets.path[..., :1])[..., None, :].expand(-1, -1, box, -1)
    y = ((rows + 0.5) / side - tubelets.path[..., 1:])[..., :, None].expand(-1, -1, -1, box)
    offset = torch.stack([x, y], dim=-1).flatten(2, 3) @ tubelets.form.inverse().mT
    source = 2 * (offset + tubelets.origin[:, None, None]) - 1
    colour = F.grid_sample(images, source, padding_mode="border", align_corners=False)
    alpha = _opacity(tubelets, offset)
    shape = (count, frames, box, box)
    return colour.permute(0, 2, 3, 1).reshape(*shape, 3), alpha.reshape(*shape, 1)


def _opacity(tubelets: Tubelets, offset: Tensor) -> Tensor:
    """Opacity (n, T, P) at these offsets from the centre (n, T, P, 2) in the patch's own frame."""
    x, y = (2 * offset / tubelets.sides[:, None, None]).abs().unbind(-1)
    choice = tubelets.shape[:, None, None]
    radius = torch.where(
        choice == 0, torch.maximum(x, y), torch.where(choice == 1, torch.hypot(x, y), x + y)
    )
    inside = ((1 - radius) / tubelets.edge[:, None, None]).clamp(0, 1)
    return inside * tubelets.opacity[:, None, None]


def _box_sides(tubelets: Tubelets, side: int) -> Tensor:
    """Sides (N,) in pixels of upright squares that hold the patches in all frames."""
    reach = tubelets.form.abs() @ tubelets.sides[:, None, :, None]
    widest = reach.squeeze(-1).amax(dim=(1, 2))
    return (widest * side).ceil().long().add(2).clamp(max=side)


def _draw_sides(options: TubeletOptions, count: int, rng: torch.Generator) -> Tensor:
    size = uniform((count,), options.size, rng)
    low, high = (math.log(aspect) for aspect in options.aspect)
    stretch = torch.exp(uniform((count,), (low, high), rng)).sqrt()
    return torch.stack([size * stretch, size / stretch], dim=1).clamp(max=1.0)


def _weights(shapes: Shapes) -> Tensor:
    return torch.tensor([shapes.rectangle, shapes.ellipse, shapes.rhombus])
