"""Tiny videos of coloured squares that move, boxed in every frame, and a tiny network with maps."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import av
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from severe_bench.config.recipe import Recipe
from severe_bench.core.budget import Budget
from severe_bench.core.extras import BOXES, KEY_TIME, PROPOSALS, TUBES, Box, Proposal, Tube
from severe_bench.core.record import Dataset, Record, Split
from severe_bench.models.backbone import Backbone
from severe_bench.models.stages import Stages
from severe_bench.plan.job import DatasetRef, EvaluateJob, FeaturesJob, NetworkRef, WeightsRef

COLOURS = ("red", "green", "blue")
SIZE, SIDE, FRAMES, RATE = 32, 12, 10, 10
NETWORK = NetworkRef(backbone="tiny_maps", weights=WeightsRef(source="none", init_seed=3))


class TinyMaps(nn.Module):
    """Convolutions over space that see 21 pixels; maps are 8 x 8 of a 32 x 32 clip."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv3d(3, 16, (1, 5, 5), stride=(1, 2, 2), padding=(0, 2, 2))
        self.norm = nn.BatchNorm3d(16)
        self.second = nn.Conv3d(16, 24, (1, 5, 5), stride=(1, 2, 2), padding=(0, 2, 2))
        self.last = nn.Conv3d(24, 24, (1, 3, 3), padding=(0, 1, 1))

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        maps: torch.Tensor = self.last(self.second(self.norm(self.first(clips).relu())).relu())
        return maps.mean((2, 3, 4))


TINY_MAPS = Backbone("tiny_maps", width=24, build=TinyMaps, maps=Stages(("last",)))


def corners(place: NDArray[np.float64]) -> tuple[float, float, float, float]:
    left, top = (float(edge) for edge in place)
    return left / SIZE, top / SIZE, (left + SIDE) / SIZE, (top + SIDE) / SIZE


def write_squares(path: Path, places: NDArray[np.float64], colours: list[int], seed: int) -> None:
    """Noise with squares (people, FRAMES, 2): left and top of each, in whole pixels."""
    random = np.random.default_rng(seed)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"crf": "8", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt = SIZE, SIZE, "yuv420p"
        for frame in range(FRAMES):
            pixels = random.integers(60, 110, size=(SIZE, SIZE, 3))
            for where, colour in zip(places[:, frame].astype(int), colours, strict=True):
                left, top = where
                pixels[top : top + SIDE, left : left + SIDE] = 30
                pixels[top : top + SIDE, left : left + SIDE, colour] = 230
            picture = av.VideoFrame.from_ndarray(pixels.astype(np.uint8), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())


def square_record(root: Path, number: int, split: Split) -> tuple[Record, Mapping[str, object]]:
    """One or two squares, each in its half, that move steadily; even places, for 4:2:0 colour."""
    random = np.random.default_rng(number)
    people = 1 + number % 2
    colours = [int(random.integers(3)) for _ in range(people)]
    starts = np.stack([random.uniform([16 * n, 0], [16 * n + 4, 20]) for n in range(people)])
    ends = np.stack([random.uniform([16 * n, 0], [16 * n + 4, 20]) for n in range(people)])
    share = np.linspace(0, 1, FRAMES)[None, :, None]
    places = 2 * np.round((starts[:, None] * (1 - share) + ends[:, None] * share) / 2)
    name = f"squares-{number:03d}"
    write_squares(root / f"{name}.mp4", places, colours, number)
    frames = tuple(range(FRAMES))
    tubes = [
        Tube(colour, frames, tuple(corners(place) for place in where))
        for where, colour in zip(places, colours, strict=True)
    ]
    boxes = [Box(*tube.boxes[5], labels=(tube.label,)) for tube in tubes]
    proposals = [Proposal(*tube.boxes[5], score=0.95 - n / 10) for n, tube in enumerate(tubes)]
    extras = {
        **TUBES.set(tuple(tubes)),
        **KEY_TIME.set(5.5 / RATE),
        **BOXES.set(tuple(boxes)),
        **PROPOSALS.set((*proposals, Proposal(0.0, 0.0, 0.1, 0.1, 0.3))),
    }
    return Record(name, f"{name}.mp4", colours[0], split, extras=extras), extras


def make_squares(root: Path, train: int = 24, test: int = 12) -> Dataset:
    records = [
        square_record(root, number, "train" if number < train else "test")[0]
        for number in range(train + test)
    ]
    return Dataset("squares", root, COLOURS, tuple(records))


def recipe(**blocks: Any) -> Recipe:
    """Clips of 4 frames of 32 x 32 pixels; colours are left alone, for they are the class."""
    plain: dict[str, Any] = {
        "clip": {"frames": 4, "size": SIZE},
        "augment": {
            "area": [0.6, 1.0],
            "brightness": 0,
            "contrast": 0,
            "saturation": 0,
            "hue": 0,
        },
        "optimiser": {"lr": 0.02},
        "schedule": {"epochs": 8, "kind": "cosine"},
        "batch_size": 8,
    }
    return Recipe.model_validate({**plain, **blocks})


def job(protocol: str, task: str, **rest: Any) -> EvaluateJob:
    plain: dict[str, Any] = {
        "network": NETWORK,
        "dataset": DatasetRef(adapter="manifest", digest="0" * 64),
        "task": task,
        "protocol": protocol,
        "budget": Budget(),
        "recipe": recipe(),
        "seed": 0,
    }
    return EvaluateJob.model_validate({**plain, **rest})


def features_job(split: Split, **rest: Any) -> FeaturesJob:
    plain: dict[str, Any] = {
        "network": NETWORK,
        "dataset": DatasetRef(adapter="manifest", digest="0" * 64),
        "split": split,
        "views": split,
        "unit": "box",
        "recipe": recipe(),
    }
    return FeaturesJob.model_validate({**plain, **rest})
