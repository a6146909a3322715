import math

import pytest
import torch
from torch.nn import functional as F

from severe_bench.pretrain.info_nce import info_nce


def unit(*shape: int, seed: int = 0) -> torch.Tensor:
    return F.normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(seed)), dim=-1)


def loss_by_hand(
    queries: torch.Tensor, keys: torch.Tensor, negatives: torch.Tensor, temperature: float
) -> float:
    """Equation 5.1, term by term."""
    total = 0.0
    for i, query in enumerate(queries.tolist()):
        others = [key for j, key in enumerate(keys.tolist()) if j != i] + negatives.tolist()
        h = [
            math.exp(sum(a * b for a, b in zip(query, key, strict=True)) / temperature)
            for key in [keys[i].tolist(), *others]
        ]
        total -= math.log(h[0] / sum(h))
    return total / len(queries)


@pytest.mark.parametrize("negatives", [0, 1, 7])
@pytest.mark.parametrize("temperature", [0.1, 1.0])
def test_the_loss_is_equation_5_1(negatives: int, temperature: float) -> None:
    queries, keys, queue = unit(5, 4), unit(5, 4, seed=1), unit(negatives, 4, seed=2)
    expected = loss_by_hand(queries, keys, queue, temperature)
    assert info_nce(queries, keys, queue, temperature).item() == pytest.approx(expected, rel=1e-5)


def test_nothing_told_apart_costs_the_logarithm_of_the_choices() -> None:
    same = unit(1, 4).expand(6, 4)
    loss = info_nce(same, same, same[:3], 0.2)
    assert loss.item() == pytest.approx(math.log(9), rel=1e-5)


def test_opposite_negatives_cost_nothing() -> None:
    pair = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
    assert info_nce(pair, pair, torch.zeros(0, 2), 0.05).item() == pytest.approx(0, abs=1e-6)
