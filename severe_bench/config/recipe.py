"""Recipes: everything about training and testing that can change a number."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from severe_bench.core.frozen import Frozen

Range = tuple[float, float]
Positive = Annotated[int, Field(ge=1)]
Unit = Annotated[float, Field(ge=0, le=1)]


class Clip(Frozen):
    """What one clip is, in time and space.

    Args:
        frames: per clip, as the network sees them.
        size: side of the square crop in pixels.
        sampling: `stride`: `frames` frames, `stride` apart, at native rate; `seconds`: `frames`
            frames at `rate` per second; `uniform`: spread over the whole video.
        stride: of `stride` sampling, in native frames.
        rate: of `seconds` sampling, in frames per second.
    """

    frames: Positive = 16
    size: Positive = 112
    sampling: Literal["stride", "seconds", "uniform"] = "stride"
    stride: Positive = 1
    rate: Annotated[float, Field(gt=0)] = 16.0


class Augment(Frozen):
    """Training augmentation: one draw per clip, other draws for other clips.

    Args:
        area: fraction of the frame's area that the crop covers.
        ratio: aspect ratio of the crop (log-uniform).
        flip: probability of a horizontal flip.
        brightness, contrast, saturation: factor uniform in [1 - x, 1 + x].
        hue: shift uniform in [-x, x] of the hue circle, x <= 0.5.
    """

    area: Range = (0.08, 1.0)
    ratio: Range = (3 / 4, 4 / 3)
    flip: Unit = 0.5
    brightness: Unit = 0.4
    contrast: Unit = 0.4
    saturation: Unit = 0.4
    hue: Annotated[float, Field(ge=0, le=0.5)] = 0.2

    @model_validator(mode="after")
    def _ranges_ascend(self) -> Self:
        if not 0 < self.area[0] <= self.area[1] <= 1:
            raise ValueError("area needs 0 < low <= high <= 1")
        if not 0 < self.ratio[0] <= self.ratio[1]:
            raise ValueError("ratio needs 0 < low <= high")
        return self


class Test(Frozen):
    """Testing: `clips` equally spaced clips, resize to size / `resize`, centre crop.

    Identical clips (of short videos) are computed once and weighted; the mean is the same.
    """

    clips: Positive = 10
    resize: Annotated[float, Field(gt=0, le=1)] = 0.875


class Optimiser(Frozen):
    """One learning rate for all trained parameters."""

    name: Literal["adam", "adamw", "sgd"] = "adam"
    lr: Annotated[float, Field(gt=0)] = 1e-4
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9


class Schedule(Frozen):
    """Learning rate over epochs, stepped once per epoch (`cosine`: once per step).

    Args:
        epochs: passes over the training set.
        kind: `multistep` multiplies by `gamma` at each milestone (epochs).
        warmup_epochs: linear from 0, in epochs.
    """

    epochs: Positive = 160
    kind: Literal["constant", "multistep", "cosine"] = "multistep"
    milestones: tuple[Positive, ...] = ()
    gamma: Annotated[float, Field(gt=0)] = 0.1
    warmup_epochs: Annotated[float, Field(ge=0)] = 0.0

    @model_validator(mode="after")
    def _milestones_ascend(self) -> Self:
        if list(self.milestones) != sorted(set(self.milestones)):
            raise ValueError("milestones must ascend")
        return self


class Numerics(Frozen):
    """Choices about arithmetic that can change a number, hence part of a cell's identity.

    Args:
        precision: `fp32`, or `bf16` autocast.
        channels_last: weights and clips in channels_last_3d.
        compile: torch.compile the network.
        micro_batch: clips per forward pass; gradients accumulate to the recipe's batch size.
            Batch normalisation sees micro-batches, so this too can change a number. None: whole.
    """

    precision: Literal["fp32", "bf16"] = "fp32"
    channels_last: bool = True
    compile: bool = False
    micro_batch: Positive | None = None


class Recipe(Frozen):
    """How one model meets one dataset, whatever the task.

    Args:
        feature_views: augmented views per training video that a probe on cached features sees.
        standardise: scale cached features by mean and deviation of the training features.
    """

    clip: Clip = Clip()
    augment: Augment = Augment()
    test: Test = Test()
    optimiser: Optimiser = Optimiser()
    schedule: Schedule = Schedule()
    numerics: Numerics = Numerics()
    batch_size: Positive = 32
    feature_views: Positive = 1
    standardise: bool = False
