"""Size and arithmetic of the built-in backbones, as counted once and kept with the package."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class BackboneSize:
    """One backbone: `parameters`, and `gflops` of one clip of `frames` frames of side `size`."""

    parameters: int
    gflops: float
    frames: int
    size: int

    @property
    def per_pixel(self) -> float:
        """10⁹ operations for each pixel of each frame."""
        return self.gflops / (self.frames * self.size**2)


@cache
def backbone_sizes() -> dict[str, BackboneSize]:
    """By the backbone's name; those of other packages are absent."""
    text = (files("severe_bench.models") / "backbones.csv").read_text(encoding="utf-8")
    return {
        row["name"]: BackboneSize(
            int(row["parameters"]), float(row["gflops"]), int(row["frames"]), int(row["size"])
        )
        for row in csv.DictReader(text.splitlines())
    }
