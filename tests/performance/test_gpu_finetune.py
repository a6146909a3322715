"""What measures a GPU runs, at a toy size, where there is none."""

import importlib
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from severe_bench.config.recipe import Numerics
from tests.performance import __main__ as command
from tests.performance import bench_finetune, gpu_finetune
from tests.performance.films import Original
from tests.performance.finetune_step import Finetuning, Setting, as_a_cell_is, as_torch_is
from tests.performance.measure import Line

TOY = Setting(
    batch=2, frames=4, size=16, backbone="r2plus1d_narrow", classes=3, gemm=32, pairs=2, steps=2
)
FILM = Original("96x64 H.264", ".mp4", "libx264", {"preset": "ultrafast"}, 64, 96, 1, 1)
OURS = gpu_finetune.OURS.model_copy(update={"compile": False})


def test_every_line_of_the_gpu_at_a_toy_size() -> None:
    step, feeding = gpu_finetune.bench(TOY, FILM, OURS)
    assert "r2plus1d_narrow, batch 2 x 4 x 16²: eager fp32, contiguous / ours" in step.claim
    assert "(bf16, channels_last, fused, autotune)" in step.claim
    assert "of the measured bf16 matrix rate" in step.measured
    assert "core(s) feed it" in feeding.measured


def test_a_remark_has_a_line_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(call: object) -> object:
        def compiled(*_: object) -> None:
            raise RuntimeError("no triton")

        return compiled

    monkeypatch.setattr(torch, "compile", fails)
    *_, said = gpu_finetune.bench(TOY, FILM, gpu_finetune.OURS)
    assert said.measured.endswith("RuntimeError: no triton")


def test_the_line_of_the_cpu_at_a_toy_size() -> None:
    (line,) = bench_finetune.bench(TOY)
    assert "fp32, batch 2 x 4 x 16²: contiguous / channels_last_3d" in line.claim
    assert "of the matrix-product rate" in line.measured


def test_both_sides_take_the_same_steps() -> None:
    clips = TOY.random_clips()
    plain, ours = (Finetuning(TOY, Numerics(channels_last=last)) for last in (False, True))
    losses = [[side.step(clips) for _ in range(2)] for side in (plain, ours)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-2)
    assert losses[0][1] != losses[0][0]


def test_operations_are_those_of_the_layers() -> None:
    """Forward, and backward to weights and inputs: three times the forward pass of the head."""
    setting = Setting(batch=2, frames=4, size=16, backbone="r2plus1d_narrow", classes=3)
    wider = Setting(batch=2, frames=4, size=16, backbone="r2plus1d_narrow", classes=1003)
    few, many = (Finetuning(s, Numerics()).flops(s.random_clips()) for s in (setting, wider))
    width = Finetuning(setting, Numerics()).network.head.in_features  # type: ignore[union-attr]
    assert many - few == 3 * 2 * 2 * width * 1000


def test_flags_are_left_as_they_were() -> None:
    before = torch.backends.cudnn.allow_tf32, torch.backends.cudnn.benchmark
    with as_a_cell_is(TOY, Numerics(autotune=True)):
        assert (torch.backends.cudnn.allow_tf32, torch.backends.cudnn.benchmark) == (False, True)
        assert torch.are_deterministic_algorithms_enabled()
    with as_torch_is(TOY):
        assert torch.backends.cudnn.allow_tf32
        assert not torch.are_deterministic_algorithms_enabled()
    assert (torch.backends.cudnn.allow_tf32, torch.backends.cudnn.benchmark) == before


def test_without_a_gpu_one_line_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    command.main(["--gpu"])
    assert capsys.readouterr().out == "nothing was measured: there is no GPU here\n"


def test_with_a_gpu_its_section_joins_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "performance.md"
    page.write_text("# Head\n\n## clips\n\nkept\n")
    one = SimpleNamespace(
        __doc__="What.", bench=lambda: iter([Line("a / b", "3.0x", headline=True)])
    )
    readme = tmp_path / "README.md"
    readme.write_text("a\n<!-- from make bench -->\n<!-- so far -->\nb\n")
    monkeypatch.setattr(command, "PAGE", page)
    monkeypatch.setattr(command, "README", readme)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "NVIDIA X")
    asked: list[str] = []
    monkeypatch.setattr(importlib, "import_module", lambda name: asked.append(name) or one)
    command.main(["--gpu"])
    assert asked == ["tests.performance.gpu_finetune"]
    written = page.read_text()
    assert "## clips\n\nkept\n" in written
    assert "## gpu_finetune\n\nWhat. " in written
    assert "NVIDIA X, " in written
    assert "| **a / b** | 3.0x |" in written
    assert "| a / b | 3.0x |" in readme.read_text()
