"""One training step of a finetuned network as a cell takes it, and what the device could do."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from severe_bench.adapt.network import WholeNetwork
from severe_bench.config.recipe import Numerics, Optimiser
from severe_bench.models.network import build_network, feature_width
from severe_bench.plan.job import NetworkRef, WeightsRef
from severe_bench.run.torch_setup import prepare_torch
from severe_bench.train.numerics import arithmetic, lay_out, place
from severe_bench.train.optim import build_optimiser

GEMMS = 5
"""Matrix products that are timed; the best counts."""


@dataclass(frozen=True)
class Setting:
    """What is finetuned, on what.

    Args:
        device: torch device string.
        batch, frames, size: of the clips.
        backbone: from random weights.
        classes: outputs of the head.
        gemm: side of the square matrices whose product is the measure of the device; a multiple
            of 16.
        pairs: of timed runs.
        steps: in each of them.
    """

    device: str = "cpu"
    batch: int = 16
    frames: int = 8
    size: int = 56
    backbone: str = "r2plus1d_18"
    classes: int = 101
    gemm: int = 2048
    pairs: int = 3
    steps: int = 1

    @property
    def clips(self) -> str:
        """Of one step, in words."""
        return f"batch {self.batch} x {self.frames} x {self.size}²"

    @property
    def on_cuda(self) -> bool:
        """Whether work is queued and has to be waited for."""
        return torch.device(self.device).type == "cuda"

    def random_clips(self) -> Tensor:
        """(B, 3, T, S, S) on the device."""
        generator = torch.Generator().manual_seed(0)
        shape = (self.batch, 3, self.frames, self.size, self.size)
        return torch.randn(shape, generator=generator).to(self.device)

    def wait(self) -> None:
        """Until the device has done what it was given."""
        if self.on_cuda:
            torch.cuda.synchronize(self.device)


@contextmanager
def as_torch_is(setting: Setting) -> Iterator[None]:
    """Torch's own defaults, TF32 in convolutions among them: the plain side is not held back."""
    with _flags_put_back():
        torch.backends.cudnn.allow_tf32, torch.backends.cudnn.benchmark = True, False
        torch.use_deterministic_algorithms(False)
        yield
        setting.wait()


@contextmanager
def as_a_cell_is(setting: Setting, numerics: Numerics) -> Iterator[None]:
    """What is set for a cell."""
    with _flags_put_back():
        prepare_torch(setting.device, 0, numerics)
        yield
        setting.wait()


@contextmanager
def _flags_put_back() -> Iterator[None]:
    cudnn, onednn = torch.backends.cudnn, torch.backends.mkldnn
    before = cudnn.allow_tf32, cudnn.benchmark
    threads, enabled = torch.get_num_threads(), onednn.enabled
    deterministic = torch.are_deterministic_algorithms_enabled()
    try:
        yield
    finally:
        cudnn.allow_tf32, cudnn.benchmark = before
        torch.set_num_threads(threads)
        onednn.set_flags(enabled)
        torch.use_deterministic_algorithms(deterministic)


class Finetuning:
    """A network, its optimiser, and one step of both, as `train.loop` takes it."""

    def __init__(self, setting: Setting, numerics: Numerics) -> None:
        self.setting, self.numerics = setting, numerics
        weights = WeightsRef(source="none", init_seed=0)
        backbone = build_network(NetworkRef(backbone=setting.backbone, weights=weights), None)
        width = feature_width(setting.backbone, backbone, setting.frames, setting.size)
        torch.manual_seed(0)
        network = WholeNetwork(backbone, nn.Linear(width, setting.classes))
        place(network, numerics, setting.device)
        self.network = network.train()
        spec = Optimiser(name="adam", lr=1e-4)
        self.optimiser = build_optimiser(spec, network.parameters(), fused=numerics.fused)
        self.targets = torch.arange(setting.batch, device=setting.device) % setting.classes

    def step(self, clips: Tensor) -> float:
        """The loss of a step on clips (B, 3, T, S, S)."""
        laid = lay_out({"clips": clips}, self.numerics)["clips"]
        self.optimiser.zero_grad(set_to_none=True)
        with arithmetic(self.numerics, self.setting.device):
            loss = nn.functional.cross_entropy(self.network(laid), self.targets)
        loss.backward()  # type: ignore[no-untyped-call]
        if not math.isfinite(loss.item()):
            raise ValueError(f"the loss is {loss.item()}")
        self.optimiser.step()
        return loss.item()

    def steps(self, clips: Tensor) -> None:
        """As many as the setting says."""
        for _ in range(self.setting.steps):
            self.step(clips)

    def flops(self, clips: Tensor) -> int:
        """Floating point operations of one step, forward and backward."""
        with FlopCounterMode(display=False) as counter:
            self.step(clips)
        return int(counter.get_total_flops())


def matrix_rate(setting: Setting, kind: torch.dtype) -> float:
    """Operations per second of a matrix product, the best of a few.

    On a CPU torch has two libraries for it, and the one behind `@` is not always the faster, so the
    same product is also taken as a 1 x 1 convolution.
    """
    side = setting.gemm
    left, right = (torch.randn(side, side).to(setting.device, kind) for _ in range(2))
    works: list[Callable[[], object]] = [lambda: left @ right]
    if not setting.on_cuda:
        pixels = left.view(16, side, side // 16, 1).contiguous(memory_format=torch.channels_last)
        works.append(lambda: nn.functional.conv2d(pixels, right[:, :, None, None]))
    taken = [seconds for work in works for seconds in seconds_of(setting, work, GEMMS)]
    return 2 * side**3 / min(taken)


def seconds_of(setting: Setting, work: Callable[[], object], times: int) -> list[float]:
    """Of each call, after one that does not count."""
    work()
    setting.wait()
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        setting.wait()
        taken.append(time.perf_counter() - began)
    return taken
