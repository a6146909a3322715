"""Small objectives, sources and sessions that the tests of training share."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from severe_bench.config.recipe import Recipe
from severe_bench.core.session import Progress, Session
from severe_bench.train.batch import Batch


def recipe(**blocks: Any) -> Recipe:
    """A short recipe; blocks override whole blocks."""
    plain: dict[str, Any] = {
        "batch_size": 6,
        "optimiser": {"name": "adam", "lr": 0.05},
        "schedule": {"epochs": 3, "milestones": [2]},
    }
    return Recipe.model_validate({**plain, **blocks})


class Wires:
    """A session whose stop and checkpoint answers a test decides call by call."""

    def __init__(
        self,
        folder: Path,
        stop: Callable[[int], bool] = lambda call: False,
        due: Callable[[int], bool] = lambda call: False,
        device: str = "cpu",
    ) -> None:
        self.calls = {"stop": -1, "due": -1}
        self.reports: list[Progress] = []
        self.stop, self.due = stop, due
        self.session = Session(
            folder, device, {}, self._ask_stop, self._ask_due, self.reports.append
        )

    def _ask_stop(self) -> bool:
        self.calls["stop"] += 1
        return self.stop(self.calls["stop"])

    def _ask_due(self) -> bool:
        self.calls["due"] += 1
        return self.due(self.calls["due"])


@dataclass
class Noise:
    """Random inputs of a fixed shape, a pure function of (epoch, step)."""

    shape: tuple[int, ...] = (6, 4)
    steps_per_epoch: int = 4
    classes: int = 3
    seen: list[tuple[int, int]] = field(default_factory=list)

    def batch(self, epoch: int, step: int) -> Batch:
        self.seen.append((epoch, step))
        generator = torch.Generator().manual_seed(1000 * epoch + step)
        inputs = torch.randn(self.shape, generator=generator)
        targets = torch.randint(self.classes, (self.shape[0],), generator=generator)
        return Batch({"features": inputs}, targets)


class Classify:
    """Cross entropy of any module, with hooks to record what the loop calls."""

    def __init__(self, module: nn.Module) -> None:
        self.module = module
        self.epochs: list[int] = []

    def parameters(self) -> Iterable[nn.Parameter]:
        return self.module.parameters()

    def begin_epoch(self, epoch: int) -> None:
        self.epochs.append(epoch)
        self.module.train()

    def loss(self, batch: Batch) -> torch.Tensor:
        return nn.functional.cross_entropy(self.module(batch.inputs["features"]), batch.targets)

    def after_step(self) -> None:
        pass


class Pair(nn.Module):
    """A network with batch norm and dropout, its momentum copy, and a queue of embeddings."""

    def __init__(self) -> None:
        super().__init__()
        self.query, self.key = self._net(), self._net()
        self.register_buffer("queue", torch.zeros(5, 3))
        self.register_buffer("head", torch.zeros((), dtype=torch.int64))

    @staticmethod
    def _net() -> nn.Module:
        body = [nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.4), nn.Linear(8, 3)]
        return nn.Sequential(*body)


class Momentum(Classify):
    """Like a momentum-contrast method: the key encoder and queue move in `after_step`."""

    module: Pair

    def parameters(self) -> Iterable[nn.Parameter]:
        return self.module.query.parameters()

    def loss(self, batch: Batch) -> torch.Tensor:
        outputs = self.module.query(batch.inputs["features"])
        self._last = outputs.detach().mean(0)
        pull = (outputs.mean(0) - self.module.queue.mean(0)).square().mean()
        return nn.functional.cross_entropy(outputs, batch.targets) + 0.1 * pull

    @torch.no_grad()
    def after_step(self) -> None:
        pairs = zip(self.module.key.parameters(), self.module.query.parameters(), strict=True)
        for key, query in pairs:
            key.lerp_(query, 0.1)
        self.module.queue[self.module.head] = self._last
        self.module.head.copy_((self.module.head + 1) % len(self.module.queue))


def state_of(module: nn.Module) -> dict[str, torch.Tensor]:
    """A copy of everything the module holds."""
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def assert_same(left: dict[str, torch.Tensor], right: dict[str, torch.Tensor]) -> None:
    """Equal names and equal bits."""
    assert left.keys() == right.keys()
    different = [name for name in left if not torch.equal(left[name], right[name])]
    assert different == []
