"""From a scene to pixels, all frames at once.

The ground and the clutter stand still in the world, so they are painted once on a canvas that the
camera is moved over; only the actors are computed frame by frame.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from severe_bench.data.procedural.scene import (
    RGB,
    Backdrop,
    Clutter,
    FloatArray,
    Frames,
    Grain,
    Look,
    Motion,
    Scene,
    Stage,
)
from severe_bench.data.procedural.shapes import coverage
from severe_bench.data.procedural.textures import GROUNDS, SURFACES

Mask = npt.NDArray[np.bool_]

GRAIN_TILE = 256
"""Side of the noise tile; a cut starts anywhere in it, so frames up to this side fit twice."""


def render(scene: Scene) -> Frames:
    """Render a scene to uint8 RGB of shape (frames, size, size, 3).

    Example:
        >>> from severe_bench.data.procedural.film import scene_at
        >>> from severe_bench.data.procedural.spec import WorldSpec
        >>> render(scene_at(WorldSpec(world="near"), "train", 0)).shape
        (16, 56, 56, 3)
    """
    video = _film_world(scene)
    for actor in reversed(scene.actors):
        u, v, radius = _own_coordinates(scene.stage, actor.look, actor.motion)
        _paint(video, actor.look, u, v, radius)
    video += _noise(scene.grain, scene.stage)
    np.clip(video, 0.0, 1.0, out=video)
    video *= 255.0
    video += 0.5
    return np.ascontiguousarray(video.astype(np.uint8).transpose(1, 2, 3, 0))


def actor_masks(scene: Scene, actor: int = 0) -> Mask:
    """Pixels that an actor covers by at least half, as bool of shape (frames, size, size).

    The mask is amodal: parts hidden behind an actor drawn in front of it are included.
    """
    chosen = scene.actors[actor]
    u, v, radius = _own_coordinates(scene.stage, chosen.look, chosen.motion)
    mask: Mask = coverage(chosen.look.shape, u, v, radius) >= 0.5
    return mask


def boxes(masks: Mask) -> FloatArray:
    """Smallest boxes around masks: (frames, 4) as x0, y0, x1, y1 in pixels, ends excluded.

    A frame with an empty mask, whose actor is out of sight, has four NaN.
    """
    result = np.full((len(masks), 4), np.nan, np.float32)
    for low, axis in ((0, 1), (1, 2)):
        hit: Mask = np.any(masks, axis=axis)
        seen = hit.any(axis=1)
        result[seen, low] = hit.argmax(axis=1)[seen]
        result[seen, low + 2] = hit.shape[1] - hit[:, ::-1].argmax(axis=1)[seen]
    return result


def _film_world(scene: Scene) -> FloatArray:
    """Ground and clutter as the camera sees them: float32 of shape (3, frames, size, size)."""
    size, offset = scene.stage.size, scene.camera.offset
    origin = np.floor(offset.min(axis=0)).astype(int)
    reach = np.floor(offset).astype(int) - origin
    height, width = (reach.max(axis=0) + size + 1)[::-1]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    canvas = _paint_world(scene, x + origin[0], y + origin[1])
    windows = np.lib.stride_tricks.sliding_window_view(canvas, (size + 1, size + 1), axis=(1, 2))
    seen = windows[:, reach[:, 1], reach[:, 0]]
    part = (offset - np.floor(offset)).astype(np.float32)
    return _shift(seen, part[:, 0], part[:, 1])


def _shift(windows: FloatArray, right: FloatArray, down: FloatArray) -> FloatArray:
    """Bilinear sampling at a part of a pixel per frame; drops the last row and column."""
    rows = windows[:, :, 1:] - windows[:, :, :-1]
    rows *= down[:, None, None]
    rows += windows[:, :, :-1]
    result = rows[..., 1:] - rows[..., :-1]
    result *= right[:, None, None]
    result += rows[..., :-1]
    return result


def _paint_world(scene: Scene, x: FloatArray, y: FloatArray) -> FloatArray:
    canvas = _ground(scene.backdrop, x, y)[:, None]
    for piece in scene.clutter:
        u, v = _clutter_coordinates(piece, x, y)
        _paint(canvas, piece.look, u[None], v[None], np.float32(piece.look.radius))
    return canvas[:, 0]


def _ground(backdrop: Backdrop, x: FloatArray, y: FloatArray) -> FloatArray:
    cos, sin = np.cos(backdrop.angle), np.sin(backdrop.angle)
    along = ((x * cos + y * sin) / backdrop.wavelength).astype(np.float32)
    across = ((y * cos - x * sin) / backdrop.wavelength).astype(np.float32)
    share = GROUNDS[backdrop.kind](along, across, backdrop.phases)
    return np.stack(_mix(backdrop.primary, backdrop.secondary, share))


def _clutter_coordinates(
    piece: Clutter, x: FloatArray, y: FloatArray
) -> tuple[FloatArray, FloatArray]:
    cos, sin = np.cos(piece.angle), np.sin(piece.angle)
    dx, dy = x - piece.position[0], y - piece.position[1]
    radius = piece.look.radius
    u, v = (dx * cos + dy * sin) / radius, (dy * cos - dx * sin) / radius
    return u.astype(np.float32), v.astype(np.float32)


def _own_coordinates(
    stage: Stage, look: Look, motion: Motion
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Pixel grid in the actor's frame, in radii, (frames, size, size), and the radius in pixels."""
    radius = (look.radius * motion.scale).astype(np.float32)
    cos = (np.cos(motion.angle) / radius).astype(np.float32)[:, None, None]
    sin = (np.sin(motion.angle) / radius).astype(np.float32)[:, None, None]
    grid = np.arange(stage.size, dtype=np.float32)
    dx = (grid - motion.centre[:, :1])[:, None, :]
    dy = (grid - motion.centre[:, 1:])[:, :, None]
    return dx * cos + dy * sin, dy * cos - dx * sin, radius[:, None, None]


def _paint(
    video: FloatArray, look: Look, u: FloatArray, v: FloatArray, radius: FloatArray | np.float32
) -> None:
    """Blend a look over `video`, of shape (3, frames, height, width), in place."""
    cover = coverage(look.shape, u, v, np.asarray(radius, np.float32))
    share = SURFACES[look.surface](u, v)
    colours = _mix(look.primary, look.secondary, share)
    for channel, colour in enumerate(colours):
        video[channel] += (colour - video[channel]) * cover


def _mix(primary: RGB, secondary: RGB, share: FloatArray) -> list[FloatArray]:
    pairs = zip(primary, secondary, strict=True)
    return [np.float32(second - first) * share + np.float32(first) for first, second in pairs]


@lru_cache(maxsize=1)
def _noise_tile() -> FloatArray:
    """One unit-deviation tile with its own wrap-around margin."""
    tile = np.random.default_rng(0).standard_normal((GRAIN_TILE, GRAIN_TILE), np.float32)
    return np.tile(tile, (2, 2))


def _noise(grain: Grain, stage: Stage) -> FloatArray:
    tile = np.lib.stride_tricks.sliding_window_view(_noise_tile(), (stage.size, stage.size))
    return tile[grain.cuts[:, 0], grain.cuts[:, 1]] * np.float32(grain.deviation)
