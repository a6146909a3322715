"""What a recipe adds to a task's head."""

import pytest
import torch
from torch import nn

from severe_bench.adapt.heads import shaped
from severe_bench.config.recipe import Head
from severe_bench.core.errors import UserError
from tests.adapt.fakes import COUNTS, THREE


def test_a_plain_recipe_leaves_the_task_alone() -> None:
    assert shaped(THREE, Head(), 3) is THREE


def test_dropout_comes_before_the_head() -> None:
    head = shaped(THREE, Head(dropout=0.5), 3).head(8)
    assert isinstance(head, nn.Sequential)
    assert isinstance(head[0], nn.Dropout)
    assert head[0].p == 0.5
    assert torch.equal(head.eval()(torch.ones(1, 8)), head[1](torch.ones(1, 8)))


def test_normal_initialisation() -> None:
    torch.manual_seed(0)
    head = shaped(THREE, Head(init="normal"), 3).head(20_000)
    assert isinstance(head, nn.Linear)
    assert head.weight.std().item() == pytest.approx(0.01, rel=0.02)
    assert head.weight.mean().item() == pytest.approx(0, abs=2e-4)
    assert not head.bias.any()


def test_spare_outputs_are_trained_against_and_cut_off() -> None:
    """As SEVERE keeps Kinetics' 400 outputs for UCF101: their softmax share is lost."""
    wide = shaped(THREE, Head(outputs=5), 3)
    head = wide.head(8)
    assert isinstance(head, nn.Linear)
    assert head.out_features == 5
    logits = torch.tensor([[1.0, 2.0, 3.0, 4.0, 5.0]])
    assert wide.loss(logits, torch.tensor([0])) > THREE.loss(logits[:, :3], torch.tensor([0]))
    merged = wide.merge(logits, torch.ones(1))
    torch.testing.assert_close(merged, logits.softmax(1)[0, :3])


def test_what_cannot_be_widened_is_said() -> None:
    with pytest.raises(UserError, match="fewer than the 3 classes"):
        shaped(THREE, Head(outputs=2), 3)
    with pytest.raises(UserError, match="no classes to add outputs to"):
        shaped(COUNTS, Head(outputs=9), 3).head(8)
