"""Several heads that read the same features train as one: each batch is read once for all.

Every head has its own learning rate and weight decay and ends where it would have ended alone, up
to rounding. A head whose loss stops being finite is out; the others do not notice.
"""

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from severe_bench.adapt.linear_heads import LinearHeads
from severe_bench.config.recipe import Optimiser
from severe_bench.tasks.task import Assignment
from severe_bench.train.batch import Batch

BETA2, EPS = 0.999, 1e-8
"""Of Adam, as in `train.optim`."""
CACHED = 1 << 16
"""Numbers of each of four tensors that an update works on at once: a megabyte."""


class Heads(nn.Module):
    """Copies of a head with their own parameters, stacked: features (B, ...) to (H, B, ...).

    Args:
        head: initialised; every copy begins with its numbers. Without buffers.
        count: H.
    """

    alive: Tensor

    def __init__(self, head: nn.Module, count: int) -> None:
        super().__init__()
        parameters, _ = stack_module_state([head] * count)
        self.names = dict(zip((_plain(name) for name in parameters), parameters, strict=True))
        for plain, name in self.names.items():
            self.register_parameter(plain, nn.Parameter(parameters[name].detach().clone()))
        self.register_buffer("alive", torch.ones(count, dtype=torch.bool))
        self._head = [copy.deepcopy(head).to("meta")]  # in a list: no submodule, no parameters

    def forward(self, features: Tensor) -> Tensor:
        """Outputs of every head; what is random (dropout) is the same for all, as it is alone."""
        (head,) = self._head
        head.train(self.training)

        def one(parameters: dict[str, Tensor]) -> Tensor:
            outputs: Tensor = functional_call(head, parameters, (features,))
            return outputs

        stacked: Tensor = vmap(one, randomness="same")(self._parameters_by_name())
        return stacked

    def apart(self, number: int, head: nn.Module) -> nn.Module:
        """`head` with the numbers of the copy `number`."""
        own = {name: tensor[number].detach() for name, tensor in self._parameters_by_name().items()}
        head.load_state_dict(own)
        return head

    def _parameters_by_name(self) -> dict[str, Tensor]:
        return {name: self.get_parameter(plain) for plain, name in self.names.items()}


class HeadsObjective:
    """The sum of the task's losses of all heads that are still in.

    Args:
        heads: what trains; the device of batches is theirs.
        assignment: gives the loss.
        reads: which input of a batch.
    """

    def __init__(self, heads: Heads | LinearHeads, assignment: Assignment, reads: str) -> None:
        self._heads, self._assignment, self._reads = heads, assignment, reads

    @property
    def module(self) -> nn.Module:
        """What trains, and which heads are still in."""
        return self._heads

    def parameters(self) -> Iterable[nn.Parameter]:
        """Of all heads, stacked."""
        return self._heads.parameters()

    def begin_epoch(self, epoch: int) -> None:  # noqa: ARG002 - every epoch is alike
        """Train mode."""
        self._heads.train()

    def loss(self, batch: Batch) -> Tensor:
        """Sum over the heads with a finite loss; not finite where there is none."""
        return self.joined(self._heads(batch.inputs[self._reads]), batch.targets)

    def joined(self, outputs: Iterable[Tensor], targets: Tensor) -> Tensor:
        """Likewise, from outputs (B, ...) of each head; heads without a finite loss are out."""
        losses = self._losses(outputs, targets)
        alive = self._heads.alive
        alive &= losses.detach().isfinite()
        return losses[alive].sum() if bool(alive.any()) else losses.sum()

    def after_step(self) -> None:
        """Nothing."""

    def _losses(self, outputs: Iterable[Tensor], targets: Tensor) -> Tensor:
        """(H,)."""
        return torch.stack([self._assignment.loss(output, targets) for output in outputs])


class HeadsOptimiser(torch.optim.Optimizer):
    """SGD, Adam or AdamW with a learning rate and a weight decay for each head.

    Args:
        heads: whose parameters it updates, each (H, ...).
        specs: of each head; they differ in rate and decay only. The rate of the group, which the
            loop sets, is that of the first; the others keep their ratio to it.
        spared: names of the head's parameters that weight decay spares.
    """

    def __init__(
        self, heads: nn.Module, specs: Sequence[Optimiser], spared: Iterable[str] = ()
    ) -> None:
        self.spec = specs[0]
        device = next(heads.parameters()).device
        ratios = [spec.lr / self.spec.lr for spec in specs]
        self._ratios = torch.tensor(ratios, device=device)
        self._decays = torch.tensor([spec.weight_decay for spec in specs], device=device)
        super().__init__(heads.parameters(), {"lr": self.spec.lr})
        self._spared = {id(heads.get_parameter(_plain(name))) for name in spared}

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]  # noqa: ARG002
        """One update of every head; `closure` is not used."""
        update = self._sgd if self.spec.name == "sgd" else self._adam
        for group in self.param_groups:
            rates = group["lr"] * self._ratios
            for parameter in group["params"]:
                if parameter.grad is not None:
                    decays = self._decays * (id(parameter) not in self._spared)
                    update(parameter, rates, decays)

    def _sgd(self, parameter: nn.Parameter, rates: Tensor, decays: Tensor) -> None:
        momentum = self.spec.momentum
        state = self.state[parameter] or self._begun(parameter, "held")
        state["step"] += 1
        for some in _blocks(parameter):
            numbers, own = parameter[some], state["held"][some]
            gradient = _gradient(parameter)[some] + _wide(decays[some[0]], numbers) * numbers
            own.mul_(momentum).add_(gradient)
            change = gradient.add_(own, alpha=momentum) if self.spec.nesterov else own
            numbers.addcmul_(_wide(rates[some[0]], numbers), change, value=-1)

    def _adam(self, parameter: nn.Parameter, rates: Tensor, decays: Tensor) -> None:
        beta1, decoupled = self.spec.momentum, self.spec.name == "adamw"
        state = self.state[parameter] or self._begun(parameter, "mean", "square")
        state["step"] += 1
        done = int(state["step"])
        scale = (1 - beta1**done) / rates  # of the denominator, in place of the rate's
        whole = scale / (1 - BETA2**done) ** 0.5
        for some in _blocks(parameter):
            heads, numbers, gradient = some[0], parameter[some], _gradient(parameter)[some]
            mean, square = state["mean"][some], state["square"][some]
            if decoupled:
                numbers.mul_(_wide(1 - rates[heads] * decays[heads], numbers))
            else:
                gradient = gradient + _wide(decays[heads], numbers) * numbers
            mean.lerp_(gradient, 1 - beta1)
            square.mul_(BETA2).addcmul_(gradient, gradient, value=1 - BETA2)
            root = square.sqrt().mul_(_wide(whole[heads], numbers))
            numbers.addcdiv_(mean, root.add_(_wide(EPS * scale[heads], numbers)), value=-1)

    def _begun(self, parameter: nn.Parameter, *names: str) -> dict[str, Any]:
        zeros = {name: torch.zeros_like(parameter) for name in names}
        self.state[parameter] = {"step": 0, **zeros}
        state: dict[str, Any] = self.state[parameter]
        return state


def _blocks(parameter: Tensor) -> Iterator[tuple[slice, ...]]:
    """Heads, or parts of one, whose numbers stay in the processor's cache between operations."""
    if parameter.device.type != "cpu":
        yield (slice(None),)
        return
    for heads in _cut(parameter):
        if parameter[0].numel() <= CACHED:
            yield (heads,)
        else:
            yield from ((heads, part) for part in _cut(parameter[0]))


def _cut(numbers: Tensor) -> Iterator[slice]:
    """Along the first dimension."""
    count = max(1, CACHED // max(1, numbers[0].numel()))
    yield from (slice(first, first + count) for first in range(0, len(numbers), count))


def _wide(values: Tensor, like: Tensor) -> Tensor:
    """One value of each head, to be multiplied with its numbers."""
    return values.view(-1, *[1] * (like.dim() - 1))


def _gradient(parameter: nn.Parameter) -> Tensor:
    assert parameter.grad is not None  # noqa: S101 - `step` passes only those
    return parameter.grad


def _plain(name: str) -> str:
    """A parameter's name without dots, which names in a module must not have."""
    return name.replace(".", "__")
