"""Average precision of detections, written down from its definition, one detection at a time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

Box = tuple[float, float, float, float]
Thing = dict[int, Box]
"""A tube: box by frame. A box of a key frame is a tube of one frame."""


@dataclass
class Scene:
    """One test sample: what was found, with scores, and what is there, of one class."""

    found: list[tuple[float, Thing]] = field(default_factory=list)
    there: list[Thing] = field(default_factory=list)


def iou(left: Box, right: Box) -> float:
    width = min(left[2], right[2]) - max(left[0], right[0])
    height = min(left[3], right[3]) - max(left[1], right[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (left, right)]
    return width * height / (areas[0] + areas[1] - width * height)


def tube_iou(left: Thing, right: Thing) -> float:
    both, either = left.keys() & right.keys(), left.keys() | right.keys()
    return sum(iou(left[frame], right[frame]) for frame in both) / len(either) if either else 0.0


def best_only(overlaps: Sequence[float], free: Sequence[bool], threshold: float) -> int | None:
    """PASCAL: the nearest truth or none."""
    if not overlaps:
        return None
    best = max(range(len(overlaps)), key=lambda place: overlaps[place])
    return best if overlaps[best] >= threshold and free[best] else None


def best_left(overlaps: Sequence[float], free: Sequence[bool], threshold: float) -> int | None:
    """ACT and YOWO: the nearest truth among those not taken."""
    left = [o if is_free else -1.0 for o, is_free in zip(overlaps, free, strict=True)]
    return best_only(left, free, threshold)


Rule = Callable[[Sequence[float], Sequence[bool], float], int | None]


def average_precision(scenes: Sequence[Scene], threshold: float, rule: Rule) -> float | None:
    """Mean over what is there of the best precision at which it, or more, is found."""
    wanted = sum(len(scene.there) for scene in scenes)
    if wanted == 0:
        return None
    ranked = sorted(
        ((score, number, thing) for number, s in enumerate(scenes) for score, thing in s.found),
        key=lambda entry: -entry[0],
    )
    free = [[True] * len(scene.there) for scene in scenes]
    points, right = [], 0
    for count, (score, number, thing) in enumerate(ranked, start=1):
        overlaps = [tube_iou(thing, truth) for truth in scenes[number].there]
        taken = rule(overlaps, free[number], threshold)
        if taken is not None:
            free[number][taken] = False
            right += 1
        if count == len(ranked) or ranked[count][0] != score:
            points.append((right, right / count))
    return sum(max((p for r, p in points if r >= n), default=0.0) for n in range(1, wanted + 1)) / (
        wanted
    )


def mean(values: Sequence[float | None]) -> float:
    """In per cent, over the classes that have one."""
    known = [value for value in values if value is not None]
    return 100 * sum(known) / len(known)
