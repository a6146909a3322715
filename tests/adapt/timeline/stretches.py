"""Tiny videos in which one colour after another is brighter for a while, with rests in between."""

from pathlib import Path
from typing import Any

import av
import numpy as np

from severe_bench.config.recipe import Recipe
from severe_bench.core.extras import DURATION, SPANS, Span
from severe_bench.core.record import Dataset, Record, Split
from tests.adapt import fakes

RATE = 10
OPTIONS: dict[str, Any] = {"hop": 0.5, "hidden": 16, "layers": 2, "window": 6}
UNIT_OPTIONS = {"hop": 0.5, "hop_in": "clips"}


def drawn_spans(number: int) -> tuple[tuple[Span, ...], int]:
    """Spans of 6 to 12 frames, some of them with a rest before, and the video's length."""
    random = np.random.default_rng(number)
    spans: list[Span] = []
    frame = 0
    for _ in range(2 + number % 3):
        frame += int(random.integers(0, 2) * random.integers(6, 10))
        end = frame + int(random.integers(6, 13))
        others = [c for c in range(3) if not spans or c != spans[-1].label]
        spans.append(Span(int(random.choice(others)), frame / RATE, end / RATE))
        frame = end
    return tuple(spans), frame + 4


def write_stretches(path: Path, spans: tuple[Span, ...], frames: int, seed: int) -> None:
    """Noise of 24 x 32 pixels, in a span with one colour brighter."""
    random = np.random.default_rng(seed)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"crf": "8", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt = 32, 24, "yuv420p"
        for frame in range(frames):
            pixels = random.integers(0, 120, size=(24, 32, 3))
            for span in spans:
                if span.start <= (frame + 0.5) / RATE < span.end:
                    pixels[..., span.label] += 100
            picture = av.VideoFrame.from_ndarray(pixels.astype(np.uint8), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())


def make_stretches(root: Path, train: int = 14, test: int = 8) -> Dataset:
    records = []
    for number in range(train + test):
        spans, frames = drawn_spans(number)
        name = f"stretches-{number:02d}"
        write_stretches(root / f"{name}.mp4", spans, frames, number)
        split: Split = "train" if number < train else "test"
        extras = {**SPANS.set(spans), **DURATION.set(frames / RATE)}
        records.append(Record(name, f"{name}.mp4", None, split, extras=extras))
    return Dataset("stretches", root, fakes.COLOURS, tuple(records))


def recipe(**blocks: Any) -> Recipe:
    """Clips of 4 frames, a hop of 2; colours are left alone, for they are the class."""
    plain = {
        "clip": {"frames": 4, "size": 16},
        "test": {"clips": 1},
        "optimiser": {"name": "adamw", "lr": 0.01},
        "schedule": {"epochs": 25, "kind": "cosine"},
        "batch_size": 4,
        "standardise": True,
    }
    return fakes.recipe(**{**plain, **blocks})
