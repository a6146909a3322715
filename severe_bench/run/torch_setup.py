"""Arithmetic that comes out the same each time."""

import os

import torch

from severe_bench.config.recipe import Numerics
from severe_bench.core.digest import digest_of

CUBLAS_VARIABLE = "CUBLAS_WORKSPACE_CONFIG"
CUBLAS_DETERMINISTIC = ":4096:8"
THREADS_VARIABLE = "OMP_NUM_THREADS"


def prepare_torch(device: str, seed: int, numerics: Numerics) -> None:
    """Deterministic algorithms, the lane's threads, and a fixed state of the global generators.

    Several 3D operations have no deterministic CUDA form (max-pooling's gradient is one); there
    torch warns and goes on. Where cuDNN may choose its algorithms by time, determinism is not asked
    for on CUDA: which one is fastest differs from run to run, and often it is not deterministic.
    TF32 is off: it would round what a recipe calls fp32 to 10 bits on some devices and not on
    others, and the device is no part of a cell's id. On a CPU bf16 goes without oneDNN: its weight
    gradients of 3D convolutions over two frames are wrong (torch 2.15 with AVX-512; R(2+1)D-18 has
    such layers at 16 frames). The seed makes a cell independent of what its worker ran before.

    Args:
        device: torch device string.
        seed: of the cell.
        numerics: of the cell's recipe; every flag is set anew, so none is left to the next cell.
    """
    os.environ.setdefault(CUBLAS_VARIABLE, CUBLAS_DETERMINISTIC)
    torch.set_num_threads(int(os.environ.get(THREADS_VARIABLE, "1")))
    on_cuda = torch.device(device).type == "cuda"
    torch.use_deterministic_algorithms(not (on_cuda and numerics.autotune), warn_only=on_cuda)
    torch.backends.cudnn.benchmark = numerics.autotune
    one_dnn = on_cuda or numerics.precision != "bf16"
    torch.backends.mkldnn.set_flags(one_dnn)  # type: ignore[no-untyped-call]
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    torch.manual_seed(int(digest_of(seed)[:8], 16))
