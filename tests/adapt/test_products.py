"""Batched products: the bits of single ones, or not used."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from severe_bench.adapt.products import Exercise, HeadShape, Products


@given(
    st.integers(1, 6), st.integers(1, 40), st.integers(1, 70), st.integers(1, 40), st.integers(0, 9)
)
@settings(deadline=None, max_examples=60)
def test_losses_and_gradients_are_those_of_single_heads(
    heads: int, samples: int, width: int, classes: int, seed: int
) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    shape = HeadShape(classes, width)
    rows, into = torch.randn(2, heads, shape.row)
    features = torch.randn(heads, samples, width).relu()
    targets = torch.randint(classes, (heads, samples))
    given = Exercise(rows, features, targets, [F.cross_entropy] * heads)
    losses = Products(shape)(given, into)
    for number in range(heads):
        weight = shape.weight(rows)[number].clone().requires_grad_()
        bias = shape.bias(rows)[number].clone().requires_grad_()
        loss = F.cross_entropy(F.linear(features[number].clone(), weight, bias), targets[number])
        loss.backward()
        assert torch.equal(losses[number], loss)
        assert torch.equal(shape.weight(into)[number], weight.grad)
        assert torch.equal(shape.bias(into)[number], bias.grad)


def test_rows_hold_weight_and_bias_at_whole_64_bytes() -> None:
    shape = HeadShape(3, 5)
    rows = torch.zeros(2, shape.row)
    shape.weight(rows)[1], shape.bias(rows)[1] = 1.0, 2.0
    assert shape.weight(rows).shape == (2, 3, 5)
    assert shape.row % 16 == 0
    assert rows[0].sum() == 0
    assert rows[1].tolist() == [1.0] * 15 + [0.0] + [2.0] * 3 + [0.0] * 13


@pytest.mark.parametrize("broken", ["baddbmm", "bmm"])
def test_a_product_that_rounds_otherwise_is_noticed_and_not_used(
    broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.set_num_threads(1)
    shape, size = HeadShape(10, 64), torch.Size((3, 16, 64))
    exact = getattr(torch, broken)

    def otherwise(*args: Tensor, **rest: Tensor) -> Tensor:
        product = exact(*args, **rest)
        product[0, 0, 0] = product[0, 0, 0].nextafter(torch.tensor(9.0))
        return product

    assert Products(shape)._exact_in(size)
    monkeypatch.setattr(torch, broken, otherwise)
    products = Products(shape)
    assert not products._exact_in(size)
    rows, into = torch.randn(2, 3, shape.row)
    targets = torch.randint(10, (3, 16))
    products(Exercise(rows, torch.randn(size), targets, [F.cross_entropy] * 3), into)
    assert products._exact == {size: False}


def test_one_sample_is_no_product_of_matrices() -> None:
    products = Products(HeadShape(4, 16))
    assert not products._exact_in(torch.Size((3, 1, 16)))
