"""A small real dataset of video files, a tiny backbone, and tasks and sessions for adaptation."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch
from torch import nn

from severe_bench.config.recipe import Recipe
from severe_bench.core.budget import Budget
from severe_bench.core.metric import Metric
from severe_bench.core.record import Dataset, Record
from severe_bench.metrics.measure import Measure
from severe_bench.models.backbone import Backbone
from severe_bench.plan.job import DatasetRef, EvaluateJob, FeaturesJob, NetworkRef, WeightsRef
from severe_bench.tasks.recognition import RECOGNITION
from severe_bench.tasks.task import Assignment, NoOptions, Task
from severe_bench.train.loop import FitSummary, fit

COLOURS = ("red", "green", "blue")
NETWORK = NetworkRef(backbone="tiny", weights=WeightsRef(source="none", init_seed=5))
DATASET = DatasetRef(adapter="manifest", digest="0" * 64)


def write_video(path: Path, colour: int, frames: int, seed: int) -> None:
    """Noise in which one colour channel is brighter, 24 x 32 pixels."""
    random = np.random.default_rng(seed)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=12, options={"crf": "10", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt = 32, 24, "yuv420p"
        for _ in range(frames):
            pixels = random.integers(0, 120, size=(24, 32, 3))
            pixels[..., colour] += 70
            picture = av.VideoFrame.from_ndarray(pixels.astype(np.uint8), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())


def make_dataset(root: Path, train: int = 18, test: int = 9) -> Dataset:
    """Videos of 3 to 12 frames, so that some are shorter than a clip; tests in groups of two."""
    records = []
    for number in range(train + test):
        name, colour = f"video-{number:02d}", number % 3
        frames = 3 + (number * 5) % 10
        write_video(root / f"{name}.mp4", colour, frames, number)
        split = "train" if number < train else "test"
        extras = {"count": float(frames)}
        group = None if split == "train" else f"group-{number // 2}"
        records.append(Record(name, f"{name}.mp4", colour, split, group=group, extras=extras))
    return Dataset("colours", root, COLOURS, tuple(records))


class Tiny(nn.Module):
    """Convolution, batch norm, pooling: clips to 8 features."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv3d(3, 8, (3, 3, 3), stride=(1, 2, 2), padding=1)
        self.norm = nn.BatchNorm3d(8)

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        return self.norm(self.conv(clips)).relu().mean((2, 3, 4))


TINY = Backbone("tiny", width=8, build=Tiny)


def _count_targets(records: Sequence[Record]) -> torch.Tensor:
    return torch.tensor([[record.extras["count"]] for record in records])


def _mae(scores: np.ndarray, targets: np.ndarray) -> float:
    return float(np.abs(scores - targets).mean())


COUNTS = Assignment(
    head=lambda width: nn.Sequential(nn.Dropout(0.3), nn.Linear(width, 1)),
    targets=_count_targets,
    loss=nn.functional.mse_loss,
    merge=lambda outputs, weights: weights @ outputs,
)
COUNTING = Task(
    name="counting",
    options=NoOptions,
    bind=lambda options, dataset: COUNTS,
    metrics=("mae",),
    headline="mae",
)
THREE = RECOGNITION.bind(NoOptions(), Dataset("three", Path(), COLOURS, ()))
MAE = Measure(Metric("mae", "mean absolute error", "", worst=10.0, best=0.0), _mae)


class TwoHeads(nn.Module):
    """Outputs (B, 2, classes): the same answer wanted of two heads."""

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.left, self.right = nn.Linear(width, classes), nn.Linear(width, classes)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return torch.stack([self.left(features), self.right(features)], dim=1)


def _two_heads(options: NoOptions, dataset: Dataset) -> Assignment:
    return Assignment(
        head=lambda width: TwoHeads(width, len(dataset.classes)),
        targets=lambda records: torch.tensor([[r.label, r.label] for r in records]),
        loss=lambda outputs, targets: nn.functional.cross_entropy(
            outputs.flatten(0, 1), targets.flatten()
        ),
        merge=lambda outputs, weights: torch.einsum("v,vhc->hc", weights, outputs.softmax(-1)),
    )


TWO_HEADS = Task(
    name="two_heads",
    options=NoOptions,
    bind=_two_heads,
    metrics=("both",),
    headline="both",
)


def recognition_of(dataset: Dataset) -> Assignment:
    return RECOGNITION.bind(NoOptions(), dataset)


def _both(scores: np.ndarray, targets: np.ndarray) -> np.ndarray:
    return 100.0 * (scores.argmax(-1) == targets).all(axis=1)


BOTH = Measure(
    Metric("both", "both heads right", "%", worst=0.0, best=100.0),
    lambda scores, targets: float(_both(scores, targets).mean()),
    _both,
)


def recipe(**blocks: Any) -> Recipe:
    """Clips of 6 frames of 16 x 16 pixels; colours are left alone, for they are the class."""
    plain: dict[str, Any] = {
        "clip": {"frames": 6, "size": 16},
        "augment": {"area": [0.4, 1.0], "brightness": 0, "contrast": 0, "saturation": 0, "hue": 0},
        "test": {"clips": 3},
        "optimiser": {"lr": 0.02},
        "schedule": {"epochs": 4, "milestones": [3]},
        "batch_size": 4,
    }
    return Recipe.model_validate({**plain, **blocks})


def evaluate_job(protocol: str, task: str = "recognition", **rest: Any) -> EvaluateJob:
    plain: dict[str, Any] = {
        "network": NETWORK,
        "dataset": DATASET,
        "task": task,
        "protocol": protocol,
        "budget": Budget(),
        "recipe": recipe(),
        "seed": 0,
    }
    return EvaluateJob.model_validate({**plain, **rest})


def features_job(split: str, views: str, **rest: Any) -> FeaturesJob:
    plain: dict[str, Any] = {
        "network": NETWORK,
        "dataset": DATASET,
        "split": split,
        "views": views,
        "recipe": recipe(),
    }
    return FeaturesJob.model_validate({**plain, **rest})


def broken_after_training(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    """Let `fit`, as a module of `severe_bench.adapt` calls it, leave a NaN among the head's biases.

    As where a checkpoint of such a network is taken, or bf16 overflows only in the test.
    """

    def fit_and_break(objective: Any, *rest: Any, **named: Any) -> FitSummary:
        summary = fit(objective, *rest, **named)
        with torch.no_grad():
            list(objective.module.parameters())[-1].flatten()[0] = torch.nan
        return summary

    monkeypatch.setattr(f"severe_bench.adapt.{module}.fit", fit_and_break)
