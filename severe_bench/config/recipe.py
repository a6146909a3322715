"""Recipes: everything about training and testing that can change a number."""

from typing import Annotated, Literal, Self

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from severe_bench.config.network_input import Input
from severe_bench.core.frozen import Frozen

Range = tuple[float, float]
Positive = Annotated[int, Field(ge=1)]
Unit = Annotated[float, Field(ge=0, le=1)]
Share = Annotated[float, Field(gt=0, le=1)]

HARA_SCALES = (1.0, 0.84089642, 0.70710678, 0.59460356, 0.5)
"""Powers of the fourth root of one half: Hara et al., CVPR 2018, section 3.3."""


class Clip(Frozen):
    """What one clip is, in time and space.

    Args:
        frames: per clip, as the network sees them.
        size: side of the square crop in pixels.
        sampling: `stride`: `frames` frames, `stride` apart; `seconds`: `frames`
            frames at `rate` per second (SEVERE code: 32 at 16); `uniform`: one frame of each of
            `frames` equal parts of the video, drawn apart in training; `linear`: likewise, but
            with one offset for all parts (Ghodrati et al. 2018, arrow of time).
        stride: of `stride` sampling, in frames at `frame_rate`.
        frame_rate: of `stride` sampling, frames per second to which a video is resampled by time
            before frames are counted (PySlowFast extracts Charades at 24, AVA at 30); None: each
            file's own.
        rate: of `seconds` sampling, in frames per second.
        short: what a video shorter than a clip gives, of `stride` and `seconds` sampling: `loop`
            starts over (SEVERE code); `hold` repeats its first and last frame around it, at a
            random place in training (PySlowFast, Charades).
    """

    frames: Positive = 16
    size: Positive = 112
    sampling: Literal["stride", "seconds", "uniform", "linear"] = "stride"
    stride: Positive = 1
    frame_rate: Annotated[float, Field(gt=0)] | None = None
    rate: Annotated[float, Field(gt=0)] = 16.0
    short: Literal["loop", "hold"] = "loop"

    @model_validator(mode="after")
    def _strides_need_their_sampling(self) -> Self:
        if self.short == "hold" and self.sampling != "stride":
            raise ValueError("short: hold needs sampling: stride")
        if self.frame_rate is not None and self.sampling != "stride":
            raise ValueError("frame_rate needs sampling: stride")
        return self

    @model_serializer(mode="wrap")
    def _without_a_rate_that_is_the_files_own(
        self, plain: SerializerFunctionWrapHandler
    ) -> dict[str, object]:
        """Cells that count native frames keep the ids that they had before there was a choice."""
        fields: dict[str, object] = plain(self)
        return {n: v for n, v in fields.items() if v is not None or n != "frame_rate"}


class Augment(Frozen):
    """Training augmentation: one draw per clip, other draws for other clips.

    Args:
        crop: which part of the frame becomes the clip. `area`: `area` of it at aspect `ratio`
            (Szegedy et al. 2015; SEVERE code); `multiscale`: a square of one of `scales` of the
            short side, anywhere (Hara et al. 2018); `short_side`: a square of the clip's own size
            after the short side was made `short_side` times as long (PySlowFast); `centre`: the
            test crop, nothing is drawn.
        area: fraction of the frame's area that the crop covers.
        ratio: aspect ratio of the crop (log-uniform).
        scales: of `multiscale`, each in (0, 1].
        short_side: of `short_side`, in sides of the clip: 256 to 340 pixels with a crop of 112 is
            [2.286, 3.036].
        law: what is uniform of `short_side`: the length (`uniform`), or one over it (`inverse`).
        flip: probability of a horizontal flip.
        brightness, contrast, saturation: factor uniform in [1 - x, 1 + x].
        hue: shift uniform in [-x, x] of the hue circle, x <= 0.5.
    """

    crop: Literal["area", "multiscale", "short_side", "centre"] = "area"
    area: Range = (0.08, 1.0)
    ratio: Range = (3 / 4, 4 / 3)
    scales: Annotated[tuple[Share, ...], Field(min_length=1)] = HARA_SCALES
    short_side: Range = (1.0, 1.0)
    law: Literal["uniform", "inverse"] = "uniform"
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
        if not 1 <= self.short_side[0] <= self.short_side[1]:
            raise ValueError("short_side needs 1 <= low <= high")
        return self


class Test(Frozen):
    """Testing: `clips` equally spaced clips, resize to size / `resize`, crop.

    Identical clips (of short videos) are computed once and weighted; the mean is the same.

    Args:
        clips: in time.
        crops: in space: 1 is the centre; 3 are left, centre and right, or top, centre and bottom,
            of every clip (PySlowFast).
        resize: side of the crop over the resized short side. 0.875 makes it 128 for 112.
        starts: how equally spaced starts become frames: `floor` (SEVERE code) or `round`
            (PySlowFast).
        frames, stride: of a test clip, where they differ from those of a training clip.
        precise_norms: training batches over which batch normalisation's statistics are averaged
            anew before testing; 0 leaves them as training left them (PySlowFast, Charades: 200).
    """

    clips: Positive = 10
    crops: Literal[1, 3] = 1
    resize: Share = 0.875
    starts: Literal["floor", "round"] = "floor"
    frames: Positive | None = None
    stride: Positive | None = None
    precise_norms: Annotated[int, Field(ge=0)] = 0

    @property
    def views(self) -> int:
        """Most views of one video."""
        return self.clips * self.crops


class Optimiser(Frozen):
    """One learning rate for all trained parameters.

    Args:
        weight_decay: L2 penalty of `adam` and `sgd`, decoupled for `adamw`.
        momentum: of `sgd`; beta 1 of the others.
        nesterov: of `sgd`.
        decay_norms: whether weight decay holds for normalisation layers too.
    """

    name: Literal["adam", "adamw", "sgd"] = "adam"
    lr: Annotated[float, Field(gt=0)] = 1e-4
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    nesterov: bool = False
    decay_norms: bool = True

    @model_validator(mode="after")
    def _nesterov_is_sgds(self) -> Self:
        if self.nesterov and (self.name != "sgd" or self.momentum == 0):
            raise ValueError("nesterov needs name: sgd and a momentum")
        return self


class Schedule(Frozen):
    """Learning rate over epochs, stepped once per epoch (`cosine`: once per step).

    Args:
        epochs: after each of which the rate may change.
        clips_per_video: clips of each training video in one epoch. SEVERE's code counts epochs of
            ten clips (two for SSv2): 16 of them with milestones 6, 10, 14 are as many steps at
            the same rates as 160 with 60, 100, 140.
        kind: `multistep` multiplies by `gamma` at each milestone (epochs).
        warmup_epochs: linear from 0, in epochs.
        warmup_lr: learning rate of the first step of the warm-up; None: one equal step above 0.
    """

    epochs: Positive = 160
    clips_per_video: Positive = 1
    kind: Literal["constant", "multistep", "cosine"] = "multistep"
    milestones: tuple[Positive, ...] = ()
    gamma: Annotated[float, Field(gt=0)] = 0.1
    warmup_epochs: Annotated[float, Field(ge=0)] = 0.0
    warmup_lr: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _milestones_ascend(self) -> Self:
        if list(self.milestones) != sorted(set(self.milestones)):
            raise ValueError("milestones must ascend")
        return self


class Numerics(Frozen):
    """Choices about arithmetic that can change a number, hence part of a cell's identity.

    Args:
        precision: `fp32`, or `bf16` autocast; on a CPU that serves to try it out and is slow.
        channels_last: weights and clips in channels_last_3d.
        compile: torch.compile the network; where that cannot be done here, the cell goes on without
            and its result says why. Which variants torch compiles follows from the shapes that it
            met before, so that a resumed cell may round otherwise than one that ran through.
        micro_batch: clips per forward pass; gradients accumulate to the recipe's batch size.
            Batch normalisation sees micro-batches, contrast has its negatives in them, and where a
            loss is a mean over boxes or snippets, each has its own: so this too can change a
            number. None: whole.
        norm_eps: of batch normalisation; None: as the model was pretrained, which a checkpoint's
            layout says (CtP, Tubelet-Contrast: 1e-3), else its backbone (torchvision: 1e-5).
            SEVERE's code has 1e-5 for every model.
        fused: one kernel for the whole step of a network's optimiser; it rounds otherwise. Probes
            on cached features have an optimiser of their own.
        autotune: on CUDA, cuDNN times its algorithms for each shape and takes the fastest, which
            may be one that adds in no fixed order; so two runs differ in rounding. On a CPU it
            changes nothing.
    """

    precision: Literal["fp32", "bf16"] = "fp32"
    channels_last: bool = True
    compile: bool = False
    micro_batch: Positive | None = None
    norm_eps: Annotated[float, Field(gt=0)] | None = None
    fused: bool = False
    autotune: bool = False

    @model_serializer(mode="wrap")
    def _without_what_is_not_asked_for(
        self, plain: SerializerFunctionWrapHandler
    ) -> dict[str, object]:
        """Cells that ask for neither keep the ids that they had before there were these two."""
        fields: dict[str, object] = plain(self)
        return {n: v for n, v in fields.items() if v or n not in {"fused", "autotune"}}


class Head(Frozen):
    """What the task's own head does not say of itself.

    Args:
        dropout: of features before the head.
        init: of linear layers: torch's `default`, or `normal`: N(0, 0.01) and bias 0 (SEVERE code:
            linear evaluation).
        outputs: outputs of a head with one output for each class, at least as many as classes;
            those beyond are trained against and cut off after merging. SEVERE's linear evaluation
            keeps Kinetics' 400 for UCF101. None: the classes.
    """

    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    init: Literal["default", "normal"] = "default"
    outputs: Positive | None = None


class Probe(Frozen):
    """How a frozen backbone is read by the linear protocol.

    Args:
        reads: `features`: once, `feature_views` augmented clips of each training video; `clips`:
            in every step, a new clip each time.
        batch_norm: of the frozen backbone: `eval`, or `train`: it normalises by the batch, and its
            running statistics drift as training goes on, so that what is tested is not what was
            pretrained (SEVERE code). `train` needs `clips`.
    """

    reads: Literal["features", "clips"] = "features"
    batch_norm: Literal["eval", "train"] = "eval"

    @model_validator(mode="after")
    def _drift_needs_clips(self) -> Self:
        if self.batch_norm == "train" and self.reads == "features":
            raise ValueError("batch_norm: train needs reads: clips")
        return self


class Selection(Frozen):
    """Which state of the network is tested.

    Args:
        model: `last`; or `best_test`, the one that does best on the TEST split during training, as
            SEVERE's code selects. Such numbers are marked `selected_on: test` wherever they stand.
        every: epochs between two looks.
        clips: of each test video in a look, at random times, each scored alone by the task's
            headline metric.
    """

    model: Literal["last", "best_test"] = "last"
    every: Positive = 1
    clips: Positive = 1


class Recipe(Frozen):
    """How one model meets one dataset, whatever the task.

    Args:
        input: how pixels become numbers, in place of each model's own statement: PySlowFast has
            one mean and deviation for all models (Charades, AVA).
        drop_last: leave out the last batch of an epoch where it is not full.
        feature_views: augmented views per training video that a probe on cached features sees.
        standardise: scale cached features by mean and deviation of the training features.
    """

    clip: Clip = Clip()
    augment: Augment = Augment()
    test: Test = Test()
    optimiser: Optimiser = Optimiser()
    schedule: Schedule = Schedule()
    head: Head = Head()
    probe: Probe = Probe()
    selection: Selection = Selection()
    numerics: Numerics = Numerics()
    input: Input | None = None
    batch_size: Positive = 32
    drop_last: bool = False
    feature_views: Positive = 1
    standardise: bool = False

    @property
    def test_clip(self) -> Clip:
        """What a test clip is."""
        said = {"frames": self.test.frames, "stride": self.test.stride}
        return self.clip.model_copy(update={k: v for k, v in said.items() if v is not None})
