"""Linear heads as one layer."""

import torch
from torch import nn

from severe_bench.adapt.linear_heads import LinearHeads, is_plain_linear
from severe_bench.adapt.many_heads import Heads


def test_every_head_begins_alike_and_has_its_own_outputs() -> None:
    head, features = nn.Linear(6, 3), torch.randn(5, 6)
    heads = LinearHeads(head, 4)
    with torch.no_grad():
        heads.weight[2] += 1
        heads.bias[2] -= 2
    outputs = heads(features)
    assert [output.shape for output in outputs] == [(5, 3)] * 4
    torch.testing.assert_close(outputs[1], head(features))
    moved = features @ (head.weight + 1).T + head.bias - 2
    torch.testing.assert_close(outputs[2], moved)
    apart = heads.apart(2, nn.Linear(6, 3))
    torch.testing.assert_close(apart(features), outputs[2])


def test_they_are_kept_as_other_heads_are() -> None:
    """So that their checkpoints fit each other's."""
    head = nn.Linear(6, 3)
    one, other = LinearHeads(head, 4).state_dict(), Heads(head, 4).state_dict()
    assert list(one) == list(other)
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_only_plain_linear_heads_can_join() -> None:
    assert is_plain_linear(nn.Linear(3, 2))
    assert not is_plain_linear(nn.Linear(3, 2, bias=False))
    assert not is_plain_linear(nn.Sequential(nn.Dropout(0.1), nn.Linear(3, 2)))
