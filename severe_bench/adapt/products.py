"""Losses and gradients of several linear heads at once, each with the bits that it has alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

COMPARED, MOST_TRIALS = 1 << 14, 64
"""Outputs to compare before products of a shape count as exact, in at most so many trials: other
kernels may differ in one output of a hundred."""
ALIGNED = 16
"""Numbers in 64 bytes, at whose multiples torch places every tensor: a product's rounding may
depend on where its arguments lie."""

Loss = Callable[[Tensor, Tensor], Tensor]
"""Of one head's outputs (B, C) and targets (B, ...), a scalar."""


@dataclass(frozen=True)
class HeadShape:
    """How the numbers of a linear head lie in one row: weight, bias, zeros up to whole 64 bytes.

    Args:
        classes, width: of the weight (C, D).

    Example:
        >>> HeadShape(3, 5).row
        32
    """

    classes: int
    width: int

    @property
    def row(self) -> int:
        """Numbers in a row."""
        return self._bias_at + _aligned(self.classes)

    @property
    def _bias_at(self) -> int:
        return _aligned(self.classes * self.width)

    def weight(self, rows: Tensor) -> Tensor:
        """Views (H, C, D) of rows (H, R)."""
        size = self.classes * self.width
        return rows[:, :size].view(len(rows), self.classes, self.width)

    def bias(self, rows: Tensor) -> Tensor:
        """Views (H, C) of rows (H, R)."""
        return rows[:, self._bias_at : self._bias_at + self.classes]


@dataclass(frozen=True)
class Exercise:
    """One step of heads that have batches of one length.

    Args:
        rows: (H, R) numbers of the heads.
        features: (H, B, D).
        targets: (H, B, ...).
        losses: of each head.
    """

    rows: Tensor
    features: Tensor
    targets: Tensor
    losses: Sequence[Loss]


class Products:
    """Losses and gradients of heads that have batches of one length.

    On a CPU matrix products are batched only where trials on this machine, with random numbers in
    this shape, give the bits that one head after another gives; else heads go one after another.
    So do batches of one sample: alone they are no product of matrices, and rarely round otherwise.

    Args:
        shape: of each head.
    """

    def __init__(self, shape: HeadShape) -> None:
        self._shape = shape
        self._exact: dict[torch.Size, bool] = {}

    def __call__(self, given: Exercise, into: Tensor) -> Tensor:
        """Losses (H,); gradients go `into` (H, R), whose padding is left alone."""
        size = given.features.shape
        if size not in self._exact:
            self._exact[size] = given.rows.device.type != "cpu" or self._exact_in(size)
        way = self._at_once if self._exact[size] else self._one_by_one
        return way(given, into)

    def _at_once(self, given: Exercise, into: Tensor) -> Tensor:
        outputs = self._outputs(given.rows, given.features).requires_grad_()
        each = zip(given.losses, outputs.unbind(), given.targets.unbind(), strict=True)
        losses = torch.stack([loss(output, target) for loss, output, target in each])
        (slopes,) = torch.autograd.grad(losses.sum(), outputs)
        self._pull(slopes, given.features, into)
        return losses.detach()

    def _outputs(self, rows: Tensor, features: Tensor) -> Tensor:
        """(H, B, C)."""
        weight, bias = self._shape.weight(rows).detach(), self._shape.bias(rows).detach()
        return torch.baddbmm(bias.unsqueeze(1), features, weight.transpose(1, 2))

    def _pull(self, slopes: Tensor, features: Tensor, into: Tensor) -> None:
        """From the gradients of outputs (H, B, C) those of weights and biases."""
        torch.bmm(slopes.transpose(1, 2), features, out=self._shape.weight(into))
        torch.sum(slopes, 1, out=self._shape.bias(into))

    def _one_by_one(self, given: Exercise, into: Tensor) -> Tensor:
        losses = []
        for number, loss_of in enumerate(given.losses):
            weight, bias = self._one(given.rows, number)
            outputs = F.linear(given.features[number].clone(), weight, bias)
            loss = loss_of(outputs, given.targets[number].clone())
            slopes = torch.autograd.grad(loss, (weight, bias))
            self._shape.weight(into)[number], self._shape.bias(into)[number] = slopes
            losses.append(loss.detach())
        return torch.stack(losses)

    def _one(self, rows: Tensor, number: int) -> tuple[Tensor, Tensor]:
        """Weight (C, D) and bias (C,) of one head, with gradients of their own."""
        own = rows[number : number + 1].detach()
        return self._shape.weight(own)[0].requires_grad_(), self._shape.bias(own)[
            0
        ].requires_grad_()

    def _exact_in(self, size: torch.Size) -> bool:
        """Whether batched products have the bits of single ones, for features (H, B, D)."""
        heads, samples, _ = size
        trials = min(MOST_TRIALS, -(-COMPARED // (heads * samples * self._shape.classes)))
        generator = torch.Generator().manual_seed(0)
        return samples > 1 and all(self._agree(size, generator) for _ in range(trials))

    def _agree(self, size: torch.Size, generator: torch.Generator) -> bool:
        """Whether they have, with some random numbers."""
        features = torch.randn(size, generator=generator)
        rows, into = torch.randn(2, size[0], self._shape.row, generator=generator)
        outputs = self._outputs(rows, features)
        slopes = torch.randn(outputs.shape, generator=generator)
        self._pull(slopes, features, into)
        return all(
            self._agrees(self._one(rows, n), features[n], outputs[n], slopes[n], self._one(into, n))
            for n in range(len(rows))
        )

    def _agrees(
        self,
        numbers: tuple[Tensor, Tensor],
        features: Tensor,
        outputs: Tensor,
        slopes: Tensor,
        found: tuple[Tensor, Tensor],
    ) -> bool:
        """Whether a head alone gives these outputs, and these gradients from slopes (B, C)."""
        own = F.linear(features.clone(), *numbers)
        expected = torch.autograd.grad(own, numbers, slopes.clone())
        pairs = zip((own, *expected), (outputs, *found), strict=True)
        return all(torch.equal(one, other) for one, other in pairs)


def _aligned(count: int) -> int:
    """The next multiple of `ALIGNED`."""
    return -(-count // ALIGNED) * ALIGNED
