"""What tubelets look like and how they move: the options, light to import.

Thesis of Thoker, chapter 5.4 and appendix C. Lengths are shares of the frame's side, so that they
hold for any resolution; the thesis states pixels of a frame of 112. Patch shapes, soft edges,
opacity, aspect ratios and the extent of smoothed paths are not in the text; their defaults follow
the released code of the paper (ICCV 2023), but for the opacity, which stays 1.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from severe_bench.core.frozen import Frozen

Unit = Annotated[float, Field(ge=0, le=1)]
Span = tuple[float, float]
Motion = Literal["static", "linear", "nonlinear"]
Shape = Literal["rectangle", "ellipse", "rhombus"]


class Shapes(Frozen):
    """Weights with which the shape of a patch is drawn."""

    rectangle: Annotated[float, Field(ge=0)] = 0.5
    ellipse: Annotated[float, Field(ge=0)] = 0.35
    rhombus: Annotated[float, Field(ge=0)] = 0.15


class TubeletOptions(Frozen):
    """How many tubelets, cut from where, moving and changing how.

    Args:
        count: tubelets per pair of clips, M.
        size: range of a patch's sides (16 to 64 of 112 pixels).
        aspect: range of width over height, drawn log-uniformly; the area is kept.
        shapes: weights of the patch shapes.
        soft_edges: probability of a patch with soft edges.
        opacity: range of a patch's opacity.
        motion: `static`, `linear` (eq. 5.5) or `nonlinear` (eq. 5.6).
        step: range of Delta, the bound on the distance of neighbouring keyframes, of `linear`.
        points: N of `nonlinear`, points that are smoothed and then thinned out to the frames.
        smoothing: sigma of `nonlinear`, in points.
        extent: range of the width and the height of a `nonlinear` path; None leaves the smoothed
            path as eq. 5.6 has it, a few pixels long.
        keyframes: K, of linear paths and of the form.
        rotation: largest angle in degrees, either way; 0 for none.
        scale: range of the factors of width and height; (1, 1) for none.
        shear: largest shear, either way; 0 for none.
        patch_source: `first` cuts the patches from the first clip of the pair, as the thesis does;
            `third` from another video, a deviation: in its own clip a patch can be camouflage, and
            the clip it is cut from shows the patch's surroundings.
    """

    count: Annotated[int, Field(ge=1)] = 2
    size: Span = (1 / 7, 4 / 7)
    aspect: Span = (0.5, 2.0)
    shapes: Shapes = Shapes()
    soft_edges: Unit = 0.5
    opacity: Span = (1.0, 1.0)
    motion: Motion = "nonlinear"
    step: Span = (40 / 112, 80 / 112)
    points: Annotated[int, Field(ge=2)] = 48
    smoothing: Annotated[float, Field(gt=0)] = 8.0
    extent: Span | None = (20 / 112, 90 / 112)
    keyframes: Annotated[int, Field(ge=2)] = 3
    rotation: Annotated[float, Field(ge=0)] = 90.0
    scale: Span = (1.0, 1.0)
    shear: Annotated[float, Field(ge=0)] = 0.0
    patch_source: Literal["first", "third"] = "first"

    @model_validator(mode="after")
    def _spans_ascend(self) -> Self:
        for name in ("size", "aspect", "opacity", "step", "scale"):
            low, high = getattr(self, name)
            if not 0 < low <= high:
                raise ValueError(f"{name} needs 0 < low <= high")
        if max(self.size[1], self.opacity[1], *(self.extent or (0, 0))) > 1:
            raise ValueError("size, opacity and extent are at most 1")
        return self
