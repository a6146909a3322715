"""Acts: what an actor does for a number of cycles, and then is where and as it was before.

So acts follow each other without a jump, with rests between them, and the frames in which one
begins, repeats and ends are known. Lengths are pixels of a 56-pixel frame.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from severe_bench.data.procedural.motions import TAU, along
from severe_bench.data.procedural.samples import REST
from severe_bench.data.procedural.scene import FloatArray, Motion, Phase, Stage


@dataclass(frozen=True, eq=False)
class Pose:
    """How far an actor is from rest, per frame; `scale` is a factor."""

    x: FloatArray | float = 0.0
    y: FloatArray | float = 0.0
    angle: FloatArray | float = 0.0
    scale: FloatArray | float = 1.0

    def then(self, other: "Pose") -> "Pose":
        """Both at once."""
        return Pose(
            self.x + other.x,
            self.y + other.y,
            self.angle + other.angle,
            self.scale * other.scale,
        )


Manner = Callable[[FloatArray, float, float], Pose]


def _hop(cycles: FloatArray, size: float, side: float) -> Pose:  # noqa: ARG001 - always upwards
    return Pose(y=-15 * size * np.abs(np.sin(np.pi * cycles)))


def _sway(cycles: FloatArray, size: float, side: float) -> Pose:
    return Pose(x=side * 11 * size * np.sin(TAU * cycles))


def _swell(cycles: FloatArray, size: float, side: float) -> Pose:  # noqa: ARG001 - has no sides
    return Pose(scale=1 + 0.6 * size * np.sin(np.pi * cycles) ** 2)


def _shrink(cycles: FloatArray, size: float, side: float) -> Pose:  # noqa: ARG001 - has no sides
    return Pose(scale=1 - 0.45 * size * np.sin(np.pi * cycles) ** 2)


def _spin(cycles: FloatArray, size: float, side: float) -> Pose:  # noqa: ARG001 - a turn is a turn
    return Pose(angle=side * TAU * cycles)


def _rock(cycles: FloatArray, size: float, side: float) -> Pose:
    return Pose(angle=side * 0.8 * size * np.sin(TAU * cycles))


def _orbit(cycles: FloatArray, size: float, side: float) -> Pose:
    turn = TAU * cycles
    return Pose(x=side * 9 * size * np.sin(turn), y=9 * size * (np.cos(turn) - 1))


def _slant(cycles: FloatArray, size: float, side: float) -> Pose:
    way = 12 * size * np.sin(np.pi * cycles) ** 2
    return Pose(x=side * way, y=-way)


MANNERS: dict[str, Manner] = {
    "hop": _hop,
    "sway": _sway,
    "swell": _swell,
    "shrink": _shrink,
    "spin": _spin,
    "rock": _rock,
    "orbit": _orbit,
    "slant": _slant,
}
"""Ways of moving by name: from the cycles done, a factor on the extent and a side (1 or -1)."""


@dataclass(frozen=True)
class Act:
    """Something done from one frame to another.

    Args:
        manner: a key of `MANNERS`.
        bounds: the frame in which each cycle begins, and the one in which the last has ended; the
            actor is at rest in all of them.
        size: factor on the extent.
        side: 1 or -1, which way round or to which side first.
    """

    manner: str
    bounds: tuple[int, ...]
    size: float = 1.0
    side: float = 1.0

    def pose(self, frames: int) -> Pose:
        """At rest before and after."""
        cycles = np.interp(np.arange(frames), self.bounds, np.arange(len(self.bounds)))
        return MANNERS[self.manner](cycles, self.size, self.side)


def perform(kind: str, stage: Stage, home: FloatArray, angle: float, acts: Sequence[Act]) -> Motion:
    """The motion of an actor that does `acts` in their order and rests between them.

    Args:
        kind: name of the motion.
        stage: length and side of the video.
        home: where it rests.
        angle: how it is turned at rest.
        acts: none begins before the one before it has ended.
    """
    pose = reduce(Pose.then, (act.pose(stage.frames) for act in acts), Pose())
    held = np.ones(stage.frames)
    path = np.stack([home[0] + pose.x * held, home[1] + pose.y * held], axis=1)
    return along(
        kind,
        stage,
        path,
        angle=angle + pose.angle,
        scale=pose.scale,
        count=float(sum(len(act.bounds) - 1 for act in acts)),
        phases=tuple(_phases(acts, stage.frames)),
    )


def _phases(acts: Sequence[Act], frames: int) -> list[Phase]:
    """One phase per act, and rests for the gaps; an act lasts until the frame of its last bound."""
    phases, done = [], 0
    for act in acts:
        if act.bounds[0] > done:
            phases.append(Phase(REST, done, act.bounds[0]))
        done = min(act.bounds[-1], frames)
        phases.append(Phase(act.manner, act.bounds[0], done))
    if done < frames:
        phases.append(Phase(REST, done, frames))
    return phases


def even_act(manner: str, start: int, end: int, rng: np.random.Generator, size: float = 1.0) -> Act:
    """Draw an act between two frames, in whole cycles of about 8 to 14 frames."""
    cycles = max(1, round((end - start) / rng.uniform(8, 14)))
    bounds = np.linspace(start, end, cycles + 1).round().astype(int)
    extent = size * rng.uniform(0.85, 1.15)
    return Act(manner, tuple(bounds.tolist()), extent, float(rng.choice([-1, 1])))


def others(
    rng: np.random.Generator, first: str, names: Sequence[str], count: int
) -> tuple[str, ...]:
    """`first` and further names, all different, in random order: `count` together."""
    rest = [name for name in names if name != first]
    drawn = [first, *rng.permutation(rest)[: count - 1].tolist()]
    return tuple(str(name) for name in rng.permutation(drawn))
