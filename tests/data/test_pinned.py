"""Frames that a device fetches by itself are the same frames, and nothing else is touched."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch

from severe_bench.config.network_input import Input
from severe_bench.config.recipe import Augment, Recipe
from severe_bench.core.errors import UserError
from severe_bench.data import loading, sources
from severe_bench.data.loading import ahead
from severe_bench.data.pinned import pinned
from severe_bench.data.reading import RawViews, TimedClip
from severe_bench.data.transforms import apply, draw, on_device

FRAMES = np.random.default_rng(0).integers(0, 256, (8, 40, 50, 3), dtype=np.uint8)


@dataclass(frozen=True)
class Window:
    raw: TimedClip
    number: int


def test_frames_are_found_and_the_rest_is_left() -> None:
    pinnings: list[torch.Tensor] = []

    def pin(tensor: torch.Tensor) -> torch.Tensor:
        pinnings.append(tensor)
        return tensor.clone()

    clip = TimedClip(FRAMES, np.array([0.0, 1.0]))
    items = pinned([Window(clip, 3), FRAMES, np.zeros((4, 5), np.uint8), 7], pin)
    window, frames, rows, number = items
    assert len(pinnings) == 2
    assert isinstance(window, Window)
    assert torch.equal(window.raw.frames, torch.from_numpy(FRAMES))  # type: ignore[arg-type]
    assert window.raw.times is clip.times
    assert torch.equal(frames, torch.from_numpy(FRAMES))  # type: ignore[arg-type]
    assert isinstance(rows, np.ndarray)
    assert (window.number, number) == (3, 7)


def test_errors_of_the_user_pass_through() -> None:
    error = UserError("is empty", "b.mp4", "replace it")
    assert pinned(error, lambda _: pytest.fail("no frames")) is error


def test_training_clips_and_test_views_are_the_same_from_tensors() -> None:
    augment = Augment()
    draws = draw(augment, [(40, 50)], torch.Generator().manual_seed(0))
    clip = pinned(TimedClip(FRAMES, np.zeros(2)), torch.clone)
    assert torch.equal(apply([clip.frames], draws, 24, "cpu"), apply([FRAMES], draws, 24, "cpu"))
    raw = RawViews(FRAMES, np.arange(8)[None], np.ones(1, np.float32), np.zeros((1, 2)))
    views = [
        sources._views(one, Recipe(), Input(), torch.device("cpu"))
        for one in (raw, pinned(raw, torch.clone))
    ]
    assert torch.equal(views[0].clips, views[1].clips)


class Loader:
    """Stands for torch's, and keeps what it was told."""

    def __init__(self, _: object, **settings: Any) -> None:
        self.settings = settings
        told.append(settings)

    def __iter__(self) -> Iterator[object]:
        return iter(())


told: list[dict[str, Any]] = []


@pytest.mark.parametrize("cuda", [False, True])
def test_memory_is_pinned_where_there_is_cuda(monkeypatch: pytest.MonkeyPatch, cuda: bool) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(loading, "DataLoader", Loader)
    assert list(ahead(abs, range(3), workers=2)) == []
    settings = told.pop()
    assert settings["pin_memory"] is cuda
    assert settings["prefetch_factor"] * settings["num_workers"] == 4
    assert settings["multiprocessing_context"].get_start_method() == "forkserver"


def threads(_: int) -> int:
    return torch.get_num_threads()


def test_a_loader_process_has_one_thread() -> None:
    assert list(ahead(threads, range(2), workers=1)) == [1, 1]


@pytest.mark.parametrize("is_pinned", [False, True])
def test_copies_wait_unless_they_come_from_pinned_memory(
    monkeypatch: pytest.MonkeyPatch, is_pinned: bool
) -> None:
    asked: list[bool] = []

    def to(tensor: torch.Tensor, device: str, *, non_blocking: bool) -> torch.Tensor:
        asked.append(non_blocking)
        return tensor

    monkeypatch.setattr(torch.Tensor, "is_pinned", lambda _: is_pinned)
    monkeypatch.setattr(torch.Tensor, "to", to)
    on_device(FRAMES, "cuda")
    assert asked == [is_pinned]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_loaders_hand_out_pinned_frames() -> None:
    (clip,) = ahead(frames_of, [3], workers=1)
    assert clip.frames.is_pinned()  # type: ignore[attr-defined]
    assert torch.equal(on_device(clip.frames, "cuda").cpu(), torch.from_numpy(FRAMES))


def frames_of(_: int) -> TimedClip:
    return TimedClip(FRAMES, np.zeros(2))
