"""Before a cell: arithmetic that its recipe names, and generators in a known state."""

from collections.abc import Iterator

import pytest
import torch

from severe_bench.config.recipe import Numerics
from severe_bench.run.torch_setup import prepare_torch


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


@pytest.mark.parametrize("device", ["cpu", "cuda:0"])
def test_choosing_algorithms_by_time_is_one_cells_own(device: str) -> None:
    """And is not deterministic, where it chooses anything at all."""
    prepare_torch(device, 0, Numerics(autotune=True))
    assert torch.backends.cudnn.benchmark
    assert torch.are_deterministic_algorithms_enabled() is (device == "cpu")
    prepare_torch(device, 0, Numerics())
    assert not torch.backends.cudnn.benchmark
    assert torch.are_deterministic_algorithms_enabled()
