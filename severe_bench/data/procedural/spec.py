"""What to film: a world, how much of it, and from which seed."""

from typing import Self

from pydantic import Field, model_validator

from severe_bench.core.digest import digest_of
from severe_bench.core.frozen import Frozen
from severe_bench.core.record import SPLITS, Split
from severe_bench.data.procedural.scene import REFERENCE_SIZE
from severe_bench.data.procedural.worlds import WORLDS

RENDERER_VERSION = 2
"""To be raised with any change that alters a pixel, a truth or a byte of the files."""


class WorldSpec(Frozen):
    """A data set of the built-in world; what is left out is the world's own default.

    Args:
        world: a key of `worlds.WORLDS`.
        train, test: numbers of videos.
        seed: with the world, the split and the index, it determines a video entirely.
        size: side of the frame in pixels, even because of 4:2:0 colour.
        frames: length of a video.
        fps: frames per second.
        scale: multiplies `train` and `test` as `scaled` does; 1 afterwards, so not in the digest.

    Raises:
        UserError: there is no such world.

    Example:
        >>> WorldSpec(world="near").scaled(0.1).test
        60
    """

    world: str
    # The defaults of `train`, `test` and `frames` stand for the world's own, which differ.
    train: int = Field(default=0, ge=0)
    test: int = Field(default=0, ge=0)
    seed: int = Field(default=0, ge=0)
    size: int = Field(default=REFERENCE_SIZE, ge=32, le=256, multiple_of=2)
    frames: int = Field(default=16, ge=8, le=1024)
    fps: int = Field(default=12, ge=1, le=120)
    scale: float = Field(default=1, gt=0, exclude=True)

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, given: object) -> object:
        if not isinstance(given, dict) or "world" not in given:
            return given
        world = WORLDS.get(str(given["world"]))
        defaults = {"train": world.train, "test": world.test, "frames": world.frames}
        filled = defaults | given
        factor, counts = filled.get("scale", 1), {split: filled[split] for split in SPLITS}
        numbers = all(isinstance(number, int | float) for number in (factor, *counts.values()))
        if not numbers or factor == 1:
            return filled
        rounds = {s: _in_rounds(n, factor, len(world.classes)) for s, n in counts.items()}
        return filled | rounds | {"scale": 1 if factor > 0 else factor}

    @model_validator(mode="after")
    def _long_enough(self) -> Self:
        least = WORLDS.get(self.world).least
        if self.frames < least:
            raise ValueError(f"the world {self.world!r} needs at least {least} frames")
        return self

    def count(self, split: Split) -> int:
        """Number of videos in a split."""
        return self.train if split == "train" else self.test

    def scaled(self, factor: float) -> Self:
        """Return the spec with `factor` times the videos, in whole rounds of the classes."""
        classes = len(WORLDS.get(self.world).classes)
        rounds: dict[str, int] = {
            split: _in_rounds(self.count(split), factor, classes) for split in SPLITS
        }
        return self.model_copy(update=rounds)

    def digest(self) -> str:
        """Return the SHA-256 of this spec and of the renderer's version, as 64 hex digits."""
        named = {"world": WORLDS.stamped(self.world), "renderer": RENDERER_VERSION}
        return digest_of(self.model_dump() | named)


def _in_rounds(count: int, factor: float, classes: int) -> int:
    """`factor` times `count` in whole rounds of the classes; at least one round, unless none."""
    return max(1, round(count * factor / classes)) * classes if count else 0
