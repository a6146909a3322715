"""What a cell may cost where nothing was measured: an order of magnitude, on one core or one GPU.

The constants of the core are those of a modern one with AVX-512: 1.3 ms forward and 5 ms forward
and backward for a clip of 8 x 48 x 48 through the narrow R(2+1)D, 13 ms to render a video. For
other backbones they are those of R(2+1)D-18 (40 giga-multiplications for 16 x 112 x 112) at 30 giga
a second, by as much as their operations are more or fewer. Of a factory or a Hugging Face model the
operations are not known before it is built; it is taken for R(2+1)D-18, and said to be a guess. Any
measured cell corrects them; see `plan.expect`. The GPU's are those of SEVERE's own log of its SSv2
test: 30 clips of 32 x 112 x 112 through R(2+1)D-18 in 0.32 s, decoding included.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from severe_bench.adapt.unit import UNITS
from severe_bench.core.budget import Budget
from severe_bench.data.adapter import ADAPTERS
from severe_bench.models.backbone import BACKBONES
from severe_bench.plan.job import (
    DatasetJob,
    DatasetRef,
    EvaluateJob,
    FeaturesJob,
    NetworkRef,
    PretrainJob,
)
from severe_bench.plan.sizes import backbone_sizes
from severe_bench.tasks.task import TASKS

Sizes = Mapping[str, int]
UNKNOWN: Sizes = {}

AnyJob = DatasetJob | PretrainJob | FeaturesJob | EvaluateJob


@dataclass(frozen=True)
class Machine:
    """How fast one worker is.

    Args:
        forward: seconds for each pixel of each frame, by backbone, where measured.
        reference: likewise, of `REFERENCE`.
        decode: seconds for a video decoded.
    """

    forward: Mapping[str, float]
    reference: float
    decode: float


REFERENCE = "r2plus1d_18"
CORE = Machine({"r2plus1d_narrow": 7e-8}, reference=7e-6, decode=0.005)
GPU = Machine({"r2plus1d_narrow": 2.7e-10}, reference=2.7e-8, decode=0.0)
OTHER_PARAMETERS = 33_000_000
OTHER_WIDTH = 512

STEP = 4.0
"""Forward and backward, in forwards."""
PRETEXT_VIEWS = 2
RENDER, PROBE_STEP, START = 0.03, 0.001, 0.5
"""Seconds: for a video made, a step of a probe, a cell started."""
VIDEO_BYTES, PREDICTION_BYTES, SMALL_FILES = 15_000, 100, 30_000
TRAIN, TEST, CLASSES = 9_500, 3_800, 100
"""Where a dataset does not say: about the size of UCF101."""
SIZES: Mapping[str, Sizes] = {"ucf101_24": {"train": 2290, "test": 917}}
"""Of datasets whose official files are not counted: 3,207 videos, Köpüklü et al. 2019."""


def prior_seconds(
    job: AnyJob, reads: str, sizes: Sizes = UNKNOWN, machine: Machine = CORE
) -> float:
    """Seconds on one worker.

    Args:
        job: of the cell.
        reads: `clips` or `features`, of an evaluate job.
        sizes: number of samples of the dataset by split, as far as known.
        machine: that the worker is.
    """
    videos = _videos(job.dataset, sizes)
    if isinstance(job, DatasetJob):
        return START + RENDER * sum(videos.values())
    if isinstance(job, PretrainJob):
        schedule = job.recipe.schedule
        clips = schedule.epochs * schedule.clips_per_video * _labels(job.budget, videos["train"])
        return START + clips * PRETEXT_VIEWS * STEP * _forward(job.backbone, job, machine)
    if isinstance(job, FeaturesJob):
        cost = machine.decode + views_of(job) * _forward(job.network.backbone, job, machine)
        return START + videos[job.split] * cost
    if reads == "features":
        return START + _probe(job, videos)
    return START + _finetune(job, videos, machine)


def views_of(job: FeaturesJob) -> int:
    """Clips of each sample that a features job reads."""
    own = UNITS.get(job.unit).clips
    if own is not None:
        return own(job.unit_options)
    return job.recipe.feature_views if job.views == "train" else job.recipe.test.views


def _clips_of_task(job: EvaluateJob) -> tuple[int, int] | None:
    task = TASKS.get(job.task)
    return task.clips and task.clips(task.options.model_validate(job.task_options))


def _probe(job: EvaluateJob, videos: Sizes) -> float:
    labels = _labels(job.budget, videos["train"])
    schedule = job.recipe.schedule
    steps = ceil(labels * schedule.clips_per_video / job.recipe.batch_size)
    return schedule.epochs * steps * PROBE_STEP


def _finetune(job: EvaluateJob, videos: Sizes, machine: Machine) -> float:
    recipe, forward = job.recipe, _forward(job.network.backbone, job, machine)
    labels = _labels(job.budget, videos["train"])
    own = _clips_of_task(job)
    in_training, in_testing = own or (1, recipe.test.views)
    step = STEP if job.protocol == "finetune" else 1.0
    epochs = recipe.schedule.epochs * recipe.schedule.clips_per_video * in_training
    test = videos["test"] * (machine.decode + in_testing * forward)
    if recipe.selection.model != "last":
        looks = recipe.schedule.epochs // recipe.selection.every
        clips = in_testing if own else recipe.selection.clips
        test += videos["test"] * looks * clips * forward
    return labels * (machine.decode + epochs * step * forward) + test


def prior_bytes(job: AnyJob, sizes: Sizes = UNKNOWN) -> int:
    """Bytes of a cell's folder when it is done; arguments as of `prior_seconds`."""
    videos = _videos(job.dataset, sizes)
    if isinstance(job, DatasetJob):
        return sum(videos.values()) * VIDEO_BYTES
    if isinstance(job, PretrainJob):
        known = backbone_sizes().get(job.backbone)
        return 4 * (known.parameters if known else OTHER_PARAMETERS) + SMALL_FILES
    if isinstance(job, FeaturesJob):
        return 4 * videos[job.split] * views_of(job) * _width(job.network) + SMALL_FILES
    return videos["test"] * PREDICTION_BYTES + SMALL_FILES


def _forward(
    backbone: str, job: PretrainJob | FeaturesJob | EvaluateJob, machine: Machine
) -> float:
    clip = job.recipe.clip
    return _per_pixel(backbone, machine) * clip.frames * clip.size**2


def _per_pixel(backbone: str, machine: Machine) -> float:
    measured, sizes = machine.forward.get(backbone), backbone_sizes()
    if measured is not None:
        return measured
    own = sizes.get(backbone, sizes[REFERENCE])
    return machine.reference * own.per_pixel / sizes[REFERENCE].per_pixel


def network_of(job: AnyJob) -> str:
    """Name of its backbone, empty for a dataset."""
    if isinstance(job, DatasetJob):
        return ""
    return job.backbone if isinstance(job, PretrainJob) else job.network.backbone


def network_known(backbone: str, reads: str) -> bool:
    """Whether it is known how much work goes through a network; none is of cached features."""
    return not backbone or reads == "features" or backbone in backbone_sizes()


def _width(network: NetworkRef) -> int:
    return BACKBONES.get(network.backbone).width or OTHER_WIDTH


def size_known(dataset: DatasetRef, sizes: Sizes) -> bool:
    """Whether a cost can be told: from a count, or of official files, about as many as UCF101's.

    Nothing is known of a dataset of one's own that is not here.
    """
    adapter = ADAPTERS.get(dataset.adapter)
    counted = "train" in _said(dataset, sizes)
    return counted or adapter.expected(adapter.options.model_validate(dataset.options)) is not None


def _said(dataset: DatasetRef, sizes: Sizes) -> dict[str, int]:
    options = {s: n for s, n in dataset.options.items() if isinstance(n, int)}
    return {**SIZES.get(dataset.adapter, {}), **sizes, **options}


def _videos(dataset: DatasetRef, sizes: Sizes) -> dict[str, int]:
    """By split, as the options or the files say; else in the proportion of UCF101's."""
    said = _said(dataset, sizes)
    train = said.get("train", TRAIN)
    return {"train": train, "test": said.get("test", ceil(train * TEST / TRAIN))}


def _labels(budget: Budget, videos: int) -> int:
    if budget.percent is not None:
        return ceil(videos * budget.percent / 100)
    if budget.per_class is not None:
        return min(videos, budget.per_class * CLASSES)
    if budget.samples is not None:
        return len(budget.samples)
    return videos if budget.count is None else min(videos, budget.count)
