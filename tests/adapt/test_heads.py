"""What a recipe adds to a task's head."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from severe_bench.adapt.heads import shaped
from severe_bench.config.recipe import Head
from severe_bench.core.errors import UserError
from severe_bench.core.record import Dataset
from severe_bench.tasks.arrow_of_time import ARROW_OF_TIME
from severe_bench.tasks.multi_label import MULTI_LABEL
from severe_bench.tasks.recognition import RECOGNITION
from severe_bench.tasks.task import NoOptions, Task
from severe_bench.tasks.verb_noun import VERB_NOUN
from tests.adapt.fakes import COLOURS, COUNTING, COUNTS, THREE


def test_a_plain_recipe_leaves_the_task_alone() -> None:
    assert shaped(RECOGNITION, THREE, Head()) is THREE


def test_dropout_comes_before_the_head() -> None:
    head = shaped(RECOGNITION, THREE, Head(dropout=0.5)).head(8)
    assert isinstance(head, nn.Sequential)
    assert isinstance(head[0], nn.Dropout)
    assert head[0].p == 0.5
    assert torch.equal(head.eval()(torch.ones(1, 8)), head[1](torch.ones(1, 8)))


def test_normal_initialisation() -> None:
    torch.manual_seed(0)
    head = shaped(RECOGNITION, THREE, Head(init="normal")).head(20_000)
    assert isinstance(head, nn.Linear)
    assert head.weight.std().item() == pytest.approx(0.01, rel=0.02)
    assert head.weight.mean().item() == pytest.approx(0, abs=2e-4)
    assert not head.bias.any()


def test_spare_outputs_are_trained_against_and_cut_off() -> None:
    """As SEVERE keeps Kinetics' 400 outputs for UCF101: their softmax share is lost."""
    wide = shaped(RECOGNITION, THREE, Head(outputs=5))
    head = wide.head(8)
    assert isinstance(head, nn.Linear)
    assert head.out_features == 5
    logits = torch.tensor([[1.0, 2.0, 3.0, 4.0, 5.0]])
    assert wide.loss(logits, torch.tensor([0])) > THREE.loss(logits[:, :3], torch.tensor([0]))
    merged = wide.merge(logits, torch.ones(1))
    torch.testing.assert_close(merged, logits.softmax(1)[0, :3])


def test_fewer_outputs_than_classes_are_refused() -> None:
    with pytest.raises(UserError, match="fewer than the 3 classes"):
        shaped(RECOGNITION, THREE, Head(outputs=2))


def test_what_is_cut_is_as_wide_as_the_tasks_own_head() -> None:
    """Two directions, however many classes the dataset has."""
    five = Dataset("five", Path(), tuple("abcde"), ())
    wide = shaped(ARROW_OF_TIME, ARROW_OF_TIME.bind(NoOptions(), five), Head(outputs=4))
    logits = torch.tensor([[1.0, 2.0, 3.0, 4.0]])
    torch.testing.assert_close(wide.merge(logits, torch.ones(1)), logits.softmax(1)[0, :2])


VERBS_AND_NOUNS = {"verb": ("cut", "wash"), "noun": ("pan", "pot", "cup")}


@pytest.mark.parametrize("task", [VERB_NOUN, MULTI_LABEL, COUNTING])
def test_heads_without_one_softmax_over_classes_are_not_widened(task: Task[Any]) -> None:
    data = Dataset("kitchen", Path(), COLOURS, (), vocabularies=VERBS_AND_NOUNS)
    assignment = task.bind(task.options(), data)
    with pytest.raises(UserError, match="no classes to add outputs to") as caught:
        shaped(task, assignment, Head(outputs=20))
    assert caught.value.where == f"task {task.name}"


def test_a_head_that_is_no_linear_layer_is_not_widened_whatever_its_task_says() -> None:
    with pytest.raises(UserError, match="no classes to add outputs to"):
        shaped(dataclasses.replace(COUNTING, outputs=lambda _: 7), COUNTS, Head(outputs=9))
