"""Networks that adaptation trains or reads: a backbone, a task's head, both together."""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import nn

from severe_bench.config.recipe import Recipe
from severe_bench.core.errors import NotFinite
from severe_bench.tasks.task import Assignment
from severe_bench.train.batch import Batch
from severe_bench.train.numerics import arithmetic, lay_out


class WholeNetwork(nn.Module):
    """Backbone, then head: clips (B, 3, T, H, W) to outputs (B, ...)."""

    def __init__(self, backbone: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.backbone, self.head = backbone, head

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        """Outputs of the head."""
        outputs: torch.Tensor = self.head(self.backbone(clips))
        return outputs


class TaskObjective:
    """A task's loss of a module that is trained whole, in train mode.

    Args:
        module: from one input of a batch to outputs (B, ...).
        assignment: gives the loss.
        reads: which input: `clips` or `features`.
    """

    def __init__(self, module: nn.Module, assignment: Assignment, reads: str) -> None:
        self._module, self._assignment, self._reads = module, assignment, reads

    @property
    def module(self) -> nn.Module:
        """What trains."""
        return self._module

    def parameters(self) -> Iterable[nn.Parameter]:
        """All of them."""
        return self._module.parameters()

    def begin_epoch(self, epoch: int) -> None:  # noqa: ARG002 - every epoch is alike
        """Train mode: batch normalisation learns, dropout drops."""
        self._module.train()

    def loss(self, batch: Batch) -> torch.Tensor:
        """Mean of the task's loss over the batch."""
        return self._assignment.loss(self._module(batch.inputs[self._reads]), batch.targets)

    def after_step(self) -> None:
        """Nothing."""


class FrozenObjective(TaskObjective):
    """A task's loss of a whole network of which only the head trains.

    Args:
        network: backbone and head.
        assignment: gives the loss.
        batch_norm: of the backbone: `eval`, or `train`, with statistics that drift.
    """

    def __init__(self, network: WholeNetwork, assignment: Assignment, batch_norm: str) -> None:
        super().__init__(network, assignment, "clips")
        self._network, self._drifts = network, batch_norm == "train"
        network.backbone.requires_grad_(False)

    def parameters(self) -> Iterable[nn.Parameter]:
        """The head's."""
        return self._network.head.parameters()

    def begin_epoch(self, epoch: int) -> None:  # noqa: ARG002 - every epoch is alike
        """The head in train mode, the backbone as asked for."""
        self._network.head.train()
        self._network.backbone.train(self._drifts)


def seeded_head(assignment: Assignment, width: int, seed: int) -> nn.Module:
    """The task's head, initialised from `seed`; torch's global generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return assignment.head(width)


def finite(outputs: torch.Tensor) -> torch.Tensor:
    """What a network or a head gave, if all of it are numbers.

    Raises:
        NotFinite: some are NaN or infinite. A metric might not notice: NaN is never above anything.
    """
    if not bool(outputs.isfinite().all()):
        raise NotFinite("the network's outputs hold NaN or infinity")
    return outputs


def outputs_of(module: nn.Module, clips: torch.Tensor, recipe: Recipe, device: str) -> torch.Tensor:
    """As `features_of`, of a network that ends in a task's head.

    Raises:
        NotFinite: some outputs are NaN or infinite.
    """
    return finite(features_of(module, clips, recipe, device))


@torch.inference_mode()
def features_of(
    module: nn.Module, clips: torch.Tensor, recipe: Recipe, device: str
) -> torch.Tensor:
    """Outputs (V, ...) float32 of clips (V, 3, T, H, W), in the recipe's numerics.

    No forward pass takes more clips than one of training does. Who keeps features tells whose are
    not finite.
    """
    numerics = recipe.numerics
    parts = torch.split(clips.to(device), numerics.micro_batch or recipe.batch_size)
    with arithmetic(numerics, device):
        outputs = [module(lay_out({"clips": part}, numerics)["clips"]) for part in parts]
    return torch.cat(outputs).float()


def state_digest(module: nn.Module) -> str:
    """SHA-256 of all parameters and buffers: names, types, shapes and bits."""
    digest = hashlib.sha256()
    for name, tensor in module.state_dict().items():
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        flat = tensor.detach().cpu().contiguous().flatten()
        digest.update(flat.view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


@contextmanager
def frozen(module: nn.Module) -> Iterator[None]:
    """Eval mode, and afterwards a check that not one bit of the module has changed.

    SEVERE's linear evaluation leaves batch normalisation in train mode, so its frozen features
    drift during training; here that is an error.

    Raises:
        RuntimeError: something changed.
    """
    module.eval().requires_grad_(False)
    before = state_digest(module)
    yield
    if state_digest(module) != before:
        raise RuntimeError("a frozen backbone has changed")
