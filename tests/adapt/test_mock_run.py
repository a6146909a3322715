import re
from collections.abc import Callable

import pytest
import torch
from torch import nn

from severe_bench.adapt.mock_run import mock_run
from severe_bench.config.recipe import Clip
from severe_bench.models.backbone import BACKBONES, Backbone
from severe_bench.plan.job import NetworkRef, WeightsRef
from tests.adapt.fakes import Tiny

CLIP = Clip(frames=4, size=16)


class Noisy(Tiny):
    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        return super().forward(clips) + torch.rand(8)


class Mixing(Tiny):
    """Statistics of the batch even in eval mode."""

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        features = super().forward(clips)
        return features - features.mean(0)


class Maps(Tiny):
    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        return self.conv(clips)


class Infinite(Tiny):
    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        return super().forward(clips) / 0


class Counting(Tiny):
    """A buffer that moves in eval mode: not frozen."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("seen", torch.zeros(1))

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        self.seen += 1
        return super().forward(clips)


class Detached(Tiny):
    def __init__(self) -> None:
        super().__init__()
        self.spare = nn.Linear(1, 1)


class Broken(Tiny):
    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        raise ValueError("needs\n32 frames")


def stages(
    monkeypatch: pytest.MonkeyPatch, build: Callable[[], nn.Module], width: int | None = 8
) -> list[tuple[str, bool, str]]:
    def get(name: str, where: str = "") -> Backbone:
        return Backbone(name, width, build)

    monkeypatch.setattr(BACKBONES, "get", get)
    ref = NetworkRef(backbone="mine", weights=WeightsRef(source="none", init_seed=0))
    return [(stage.name, stage.ok, stage.seen) for stage in mock_run(ref, None, CLIP)]


@pytest.mark.parametrize("width", [8, None])
def test_a_sound_model_goes_through_everything(
    monkeypatch: pytest.MonkeyPatch, width: int | None
) -> None:
    found = stages(monkeypatch, Tiny, width)
    assert [name for name, ok, _ in found if ok] == [
        "build",
        "forward",
        "features",
        "probe",
        "finetune",
    ]
    assert found[0][2] == "672 parameters; random weights"
    assert found[1][2] == "8 features of each clip"
    assert re.fullmatch(r"loss \d\.\d+", found[4][2])


@pytest.mark.parametrize(
    ("build", "width", "stage", "words"),
    [
        (lambda: 1 / 0, 8, "build", "ZeroDivisionError"),
        (Broken, 8, "forward", "ValueError: needs 32 frames"),
        (Maps, 8, "forward", r"2 clips became \(2, 8, 4, 8, 8\), not \(2, 8\)"),
        (Maps, None, "forward", r"clips \(1, 3, 4, 16, 16\) became \(1, 8, 4, 8, 8\)"),
        (Tiny, 9, "forward", r"2 clips became \(2, 8\), not \(2, 9\)"),
        (Infinite, 8, "forward", "features are not finite"),
        (Noisy, 8, "features", "other features each time"),
        (Mixing, 8, "features", "depend on what else is in the batch"),
        (Counting, 8, "features", "a frozen backbone has changed"),
    ],
)
def test_what_will_not_work_is_said_at_its_stage(
    monkeypatch: pytest.MonkeyPatch,
    build: Callable[[], nn.Module],
    width: int | None,
    stage: str,
    words: str,
) -> None:
    name, ok, seen = stages(monkeypatch, build, width)[-1]
    assert (name, ok) == (stage, False)
    assert re.search(words, seen)
    assert "\n" not in seen


def test_parameters_that_do_not_train_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    _, ok, seen = stages(monkeypatch, Detached)[-1]
    assert ok
    assert "2 tensors got no gradient, first spare.weight" in seen
