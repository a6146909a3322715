"""Before a cell: arithmetic that its recipe names, and generators in a known state."""

from collections.abc import Iterator

import pytest
import torch
from torch import nn

from severe_bench.config.recipe import Numerics
from severe_bench.run.torch_setup import prepare_torch
from severe_bench.train.numerics import arithmetic


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    flags = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    yield
    torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = flags
    torch.set_num_threads(threads)
    torch.set_rng_state(state)
    torch.use_deterministic_algorithms(False)
    torch.backends.cudnn.benchmark = False
    torch.backends.mkldnn.set_flags(True)


def test_fp32_is_fp32_on_every_device() -> None:
    """TF32, which torch uses for convolutions unless told otherwise, has 10 bits of mantissa."""
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = True
    prepare_torch("cpu", 0, Numerics())
    assert not torch.backends.cudnn.allow_tf32
    assert not torch.backends.cuda.matmul.allow_tf32


def test_a_cell_is_independent_of_what_its_worker_ran_before() -> None:
    draws = []
    for seed in (0, 0, 1):
        torch.rand(len(draws))
        prepare_torch("cpu", seed, Numerics())
        draws.append(torch.rand(3).tolist())
    assert draws[0] == draws[1] != draws[2]


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("frames", [1, 2, 3])
def test_gradients_of_short_clips_are_right(precision: str, frames: int) -> None:
    """oneDNN leaves those of the middle tap in bf16 at two frames to whatever lies in memory."""
    numerics = Numerics.model_validate({"precision": precision})
    prepare_torch("cpu", 0, numerics)
    layer = nn.Conv3d(16, 32, (3, 1, 1), padding=(1, 0, 0), bias=False)
    clips = torch.randn(4, 16, frames, 7, 7)
    with arithmetic(numerics, "cpu"):
        layer(clips).float().square().sum().backward()
    found, layer.weight.grad = layer.weight.grad, None
    with torch.backends.mkldnn.flags(enabled=False):
        layer(clips).square().sum().backward()
    assert found is not None
    assert layer.weight.grad is not None
    assert (found - layer.weight.grad).abs().max() < 0.03 * layer.weight.grad.abs().max()


def test_onednn_is_off_for_that_cell_only() -> None:
    prepare_torch("cpu", 0, Numerics(precision="bf16"))
    assert not torch.backends.mkldnn.enabled
    prepare_torch("cpu", 0, Numerics())
    assert torch.backends.mkldnn.enabled


@pytest.mark.parametrize("device", ["cpu", "cuda:0"])
def test_choosing_algorithms_by_time_is_one_cells_own(device: str) -> None:
    """And is not deterministic, where it chooses anything at all."""
    prepare_torch(device, 0, Numerics(autotune=True))
    assert torch.backends.cudnn.benchmark
    assert torch.are_deterministic_algorithms_enabled() is (device == "cpu")
    prepare_torch(device, 0, Numerics())
    assert not torch.backends.cudnn.benchmark
    assert torch.are_deterministic_algorithms_enabled()
