"""All that is known about a made video, in the form in which it is written beside it."""

import numpy as np

from severe_bench.core.frozen import Frozen
from severe_bench.core.record import Split
from severe_bench.data.procedural.film import label_at, scene_at
from severe_bench.data.procedural.render import actor_masks, boxes
from severe_bench.data.procedural.scene import Actor, FloatArray, Scene
from severe_bench.data.procedural.spec import WorldSpec
from severe_bench.data.procedural.worlds import WORLDS

Box = tuple[int, int, int, int]
Point = tuple[float, float]


class PhaseTruth(Frozen):
    """What happens in frames `start` up to but not including `end`."""

    name: str
    start: int
    end: int


class ActorTruth(Frozen):
    """Look and motion of one actor.

    Args:
        shape, surface, hue: what it looks like; hue of the primary colour in [0, 1).
        radius: pixels at scale 1.
        motion: name of the motion.
        count: periods completed; 0 for a motion that does not repeat.
        turns: net rotation, positive clockwise.
        speed: mean speed on the screen in pixels per frame.
        phases: in temporal order.
        centre: x and y in pixels, per frame.
        angle: radians, not wrapped, per frame.
        scale: factor on the radius, per frame.
        boxes: x0, y0, x1, y1 in pixels with the ends excluded, per frame; None when out of sight.
            Parts hidden behind another actor count, parts outside the frame do not.
    """

    shape: str
    surface: str
    hue: float
    radius: float
    motion: str
    count: float
    turns: float
    speed: float
    phases: tuple[PhaseTruth, ...]
    centre: tuple[Point, ...]
    angle: tuple[float, ...]
    scale: tuple[float, ...]
    boxes: tuple[Box | None, ...]


class Truth(Frozen):
    """Everything about one video; the first actor carries the label.

    What is asked about it (counts, spans, boxes) follows from its actors' motions, phases and
    boxes, and stands in the annotations.

    Args:
        path: of the video, relative to the data set.
        label: class name; of a video without a single class, one that it shows.
        split: train or test.
        frames, size, fps: length, side in pixels and rate of the video.
        ground, ground_hue: kind and hue of the ground.
        clutter: number of things standing around.
        camera: x and y of the frame's upper left corner in the world, in pixels, per frame.
        actors: the moving things.
    """

    path: str
    label: str
    split: Split
    frames: int
    size: int
    fps: int
    ground: str
    ground_hue: float
    clutter: int
    camera: tuple[Point, ...]
    actors: tuple[ActorTruth, ...]


def video_path(split: Split, index: int) -> str:
    """Path of a video relative to its data set."""
    return f"videos/{split}_{index:05d}.mp4"


def truth_at(spec: WorldSpec, split: Split, index: int) -> Truth:
    """State the truth about a video without rendering it; numbers are rounded to 4 decimals."""
    scene = scene_at(spec, split, index)
    return Truth(
        path=video_path(split, index),
        label=WORLDS.get(spec.world).classes[label_at(spec, index)],
        split=split,
        frames=scene.stage.frames,
        size=spec.size,
        fps=spec.fps,
        ground=scene.backdrop.kind,
        ground_hue=round(scene.backdrop.hue, 4),
        clutter=len(scene.clutter),
        camera=_points(scene.camera.offset),
        actors=tuple(_actor_truth(scene, index) for index in range(len(scene.actors))),
    )


def _actor_truth(scene: Scene, index: int) -> ActorTruth:
    actor: Actor = scene.actors[index]
    look, motion = actor.look, actor.motion
    return ActorTruth(
        shape=look.shape,
        surface=look.surface,
        hue=round(look.hue, 4),
        radius=round(look.radius, 4),
        motion=motion.kind,
        count=round(motion.count, 4),
        turns=round(motion.turns, 4),
        speed=round(motion.speed, 4),
        phases=tuple(PhaseTruth(name=p.name, start=p.start, end=p.end) for p in motion.phases),
        centre=_points(motion.centre),
        angle=_numbers(motion.angle),
        scale=_numbers(motion.scale),
        boxes=tuple(_box(box) for box in boxes(actor_masks(scene, index))),
    )


def _numbers(values: FloatArray) -> tuple[float, ...]:
    return tuple(round(float(value), 4) for value in values)


def _points(values: FloatArray) -> tuple[Point, ...]:
    return tuple((round(float(x), 4), round(float(y), 4)) for x, y in values)


def _box(box: FloatArray) -> Box | None:
    if np.isnan(box[0]):
        return None
    x0, y0, x1, y1 = (int(side) for side in box)
    return x0, y0, x1, y1
