"""Tiny videos whose brightness beats a known number of times, and a network that knows it all."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from severe_bench.adapt.counting.anchors import Outputs
from severe_bench.adapt.counting.states import Floats, States, cycle_lengths
from severe_bench.config.recipe import Recipe
from severe_bench.core.budget import Budget
from severe_bench.core.extras import COUNT, STARTS, STOP
from severe_bench.core.record import Dataset, Record
from severe_bench.plan.job import DatasetRef, EvaluateJob, NetworkRef, WeightsRef

ANCHORS = (0.5, 0.67, 0.8, 1.0, 1.25, 1.5, 2.0)
NETWORK = NetworkRef(backbone="tiny", weights=WeightsRef(source="none", init_seed=5))


def beats_of(bounds: Sequence[int], frames: int) -> NDArray[np.uint8]:
    """(frames, 12, 16, 3): bright at each boundary, dark half-way; grey outside."""
    phase = np.interp(np.arange(frames), bounds, np.arange(len(bounds)))
    grey = 110 + 90 * np.cos(2 * np.pi * phase)
    pixels = np.broadcast_to(grey[:, None, None, None], (frames, 12, 16, 3))
    return pixels.round().astype(np.uint8)


def write_beats(path: Path, bounds: Sequence[int], frames: int) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=12, options={"crf": "10", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt = 16, 12, "yuv420p"
        for pixels in beats_of(bounds, frames):
            picture = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())


def beats_record(number: int, split: str, bounds: Sequence[int]) -> Record:
    name = f"beats-{number:02d}"
    extras = {
        **COUNT.set(len(bounds) - 1),
        **STARTS.set(tuple(bounds[:-1])),
        **STOP.set(bounds[-1]),
    }
    return Record(name, f"{name}.mp4", 0, split, extras=extras)  # type: ignore[arg-type]


def make_beats(root: Path, train: int = 8, test: int = 9) -> Dataset:
    """Two to six beats of 5 to 10 frames each, with a few frames of nothing around them."""
    records = []
    for number in range(train + test):
        random = np.random.default_rng(number)
        lengths = random.integers(5, 10) + random.integers(0, 2, size=2 + number % 5)
        bounds = (int(random.integers(4)) + np.cumsum([0, *lengths])).tolist()
        split = "train" if number < train else "test"
        record = beats_record(number, split, bounds)
        write_beats(root / record.path, bounds, bounds[-1] + 1 + int(random.integers(4)))
        records.append(record)
    return Dataset("beats", root, ("beat",), tuple(records))


def recipe(**blocks: Any) -> Recipe:
    """Windows of 4 + 4 frames of 8 x 8 pixels."""
    plain: dict[str, Any] = {
        "clip": {"frames": 8, "size": 8},
        "optimiser": {"lr": 0.01},
        "schedule": {"epochs": 2, "kind": "constant"},
        "batch_size": 4,
    }
    return Recipe.model_validate({**plain, **blocks})


def counting_job(protocol: str, **rest: Any) -> EvaluateJob:
    plain: dict[str, Any] = {
        "network": NETWORK,
        "dataset": DatasetRef(adapter="manifest", digest="0" * 64),
        "task": "counting",
        "task_options": {"clips": 2, "rollout": 4, "scales": 6, "levels": 2},
        "protocol": protocol,
        "budget": Budget(),
        "recipe": recipe(),
        "seed": 0,
    }
    return EvaluateJob.model_validate({**plain, **rest})


def oracle(states: States, lengths: Floats | float) -> Outputs:
    """What a perfect network says: the anchor nearest to the true cycle, and the rest as a box.

    Args:
        states: (N, 3).
        lengths: (N,) or a number: of the true cycles around each state.
    """
    true = np.broadcast_to(lengths, len(states))[:, None]
    ratios = true / cycle_lengths(states)
    log = np.log(ratios[:, :, None] / np.asarray(ANCHORS))
    outputs = np.zeros((len(states), 2, 3, len(ANCHORS)), dtype=np.float32)
    outputs[:, :, 1] = -np.abs(log)
    outputs[:, :, 2] = log
    return outputs
