"""What is asked about a video: one or more samples, read off its scene."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from severe_bench.core.extras import DURATION, LABELS, SPANS, Span
from severe_bench.data.procedural.render import actor_masks, boxes
from severe_bench.data.procedural.scene import Scene

TIMED = (LABELS.name, SPANS.name, DURATION.name)
"""Targets of `timed`."""

Corners = tuple[float, float, float, float]

REST = "rest"
"""Name of the phases in which an actor does nothing."""


@dataclass(frozen=True)
class Sample:
    """One question about a video.

    Args:
        label: class id, or None where there is no single class.
        extras: further targets, as in `Record.extras`.
        name: tells it from other samples of the same video; empty where it is the only one.
    """

    label: int | None
    extras: Mapping[str, object] = field(default_factory=dict)
    name: str = ""


def described(
    label: int,
    scene: Scene,
    fps: int,  # noqa: ARG001 - as every maker of samples
    rng: np.random.Generator,  # noqa: ARG001
) -> tuple[Sample, ...]:
    """The class; beside it what is known of the main actor, for those who look into the table.

    `count` is the number of periods completed here, and no target.
    """
    look, motion = scene.actors[0].look, scene.actors[0].motion
    extras: dict[str, object] = {
        "count": float(round(motion.count, 4)),
        "turns": round(motion.turns, 4),
        "speed": round(motion.speed, 4),
        "motion": motion.kind,
        "shape": look.shape,
        "surface": look.surface,
        "ground": scene.backdrop.kind,
        "distractors": scene.distractors,
    }
    return (Sample(label, extras),)


def timed(
    label: int,  # noqa: ARG001 - there is no single class
    scene: Scene,
    fps: int,
    rng: np.random.Generator,  # noqa: ARG001
    classes: tuple[str, ...],
) -> tuple[Sample, ...]:
    """All that is done, by class and by time; `TIMED` names these targets."""
    spans = spans_in(scene, classes, fps)
    labels = tuple(sorted({span.label for span in spans}))
    duration = DURATION.set(seconds(scene.stage.frames, fps))
    return (Sample(None, {**LABELS.set(labels), **SPANS.set(spans), **duration}),)


def spans_in(scene: Scene, classes: tuple[str, ...], fps: int) -> tuple[Span, ...]:
    """Everything that the actors do, by its start and then by its class; rests are left out."""
    spans = [
        Span(classes.index(phase.name), seconds(phase.start, fps), seconds(phase.end, fps))
        for actor in scene.actors
        for phase in actor.motion.phases
        if phase.name != REST
    ]
    return tuple(sorted(spans, key=lambda span: (span.start, span.label)))


def seconds(frame: int, fps: int) -> float:
    """Time at which a frame begins, to the tenth of a millisecond."""
    return round(frame / fps, 4)


def corners(scene: Scene, actor: int) -> tuple[Corners | None, ...]:
    """Box of an actor in every frame, in fractions of the frame; None where it is out of sight."""
    found = boxes(actor_masks(scene, actor)) / scene.stage.size
    return tuple(None if np.isnan(box[0]) else _rounded(box.tolist()) for box in found)


def _rounded(box: list[float]) -> Corners:
    x1, y1, x2, y2 = (round(side, 5) for side in box)
    return x1, y1, x2, y2
