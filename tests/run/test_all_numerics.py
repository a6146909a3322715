"""A cell with every fast option on, from its videos to its number, on each kind of device."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from severe_bench.config.loading import load_config
from severe_bench.config.recipe import Numerics
from severe_bench.data.procedural.generate import generate
from severe_bench.data.procedural.spec import WorldSpec
from severe_bench.plan.build import plan_suite
from severe_bench.run.cell import How, run_cell
from severe_bench.run.torch_setup import prepare_torch
from severe_bench.store.cells import check
from severe_bench.store.events import read_events
from severe_bench.store.layout import Layout

STUDY = """\
version: 1
datasets:
  near: {adapter: manifest, root: world}
recipes:
  fast:
    clip: {frames: 8, size: 32, sampling: stride, stride: 1}
    test: {clips: 2}
    batch_size: 4
    schedule: {epochs: 2}
    numerics:
      {precision: bf16, channels_last: true, micro_batch: 2, fused: true, autotune: true,
       compile: %s}
models:
  none: {backbone: r2plus1d_narrow}
experiments:
  near: {factor: domain, dataset: near, task: recognition, protocol: finetune, recipe: fast}
suites:
  s: {blocks: [{models: none, experiments: near, seeds: [0]}]}
"""
NO_CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
CUDA = pytest.param("cuda:0", marks=(pytest.mark.gpu, NO_CUDA))


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    threads = torch.get_num_threads()
    yield
    prepare_torch("cpu", 0, Numerics())
    torch.use_deterministic_algorithms(False)
    torch.set_num_threads(threads)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    generate(WorldSpec(world="near", train=8, test=4, size=48), tmp_path / "world")
    return tmp_path


def run(study: Path, device: str, *, compiled: bool) -> tuple[str, ...]:
    """The remarks of the study's cell, which is done."""
    config = study / "benchmarks.yaml"
    config.write_text(STUDY % str(compiled).lower())
    layout = Layout(study / "results", "s")
    (cell,) = (cell for cell in plan_suite(load_config(config), "s").cells if cell.label)
    ended = run_cell(layout, cell, How(device=device), lambda: False, lambda _: None)
    assert ended.state == "done", ended.message
    result = check(layout.folder(cell))
    assert result is not None
    assert [metric.n for metric in result.metrics if metric.headline] == [4]
    assert device in result.provenance.device
    said = [event.note for event in read_events(layout.folder(cell)) if event.event == "remark"]
    assert tuple(said) == result.provenance.remarks
    return result.provenance.remarks


@pytest.mark.parametrize("device", ["cpu", CUDA])
def test_a_finetuned_cell(study: Path, device: str) -> None:
    assert run(study, device, compiled=device != "cpu") == ()


def test_a_cell_that_cannot_be_compiled_is_done_and_says_why(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(call: object) -> object:
        def compiled(*_: object) -> None:
            raise RuntimeError("no triton")

        return compiled

    monkeypatch.setattr(torch, "compile", fails)
    (text,) = run(study, "cpu", compiled=True)
    assert text == "torch.compile failed, the network ran without it: RuntimeError: no triton"
