"""Which cells can train together."""

from typing import Any

import pytest

from severe_bench.adapt.company import may_train_together
from tests.adapt.fakes import evaluate_job, recipe


def test_plain_linear_cells_can() -> None:
    assert may_train_together(evaluate_job("linear"))
    assert may_train_together(evaluate_job("linear_selected"))
    assert may_train_together(evaluate_job("linear", "arrow_of_time"))
    assert may_train_together(evaluate_job("linear", "multi_label"))
    still = recipe(numerics={"channels_last": False, "norm_eps": 1e-3})
    assert may_train_together(evaluate_job("linear", recipe=still))


@pytest.mark.parametrize(
    "blocks",
    [
        {"head": {"dropout": 0.5}},
        {"probe": {"reads": "clips"}},
        {"numerics": {"precision": "bf16"}},
        {"numerics": {"compile": True}},
        {"numerics": {"micro_batch": 2}},
        {"numerics": {"fused": True}},
    ],
)
def test_what_would_change_a_bit_cannot(blocks: dict[str, Any]) -> None:
    assert not may_train_together(evaluate_job("linear", recipe=recipe(**blocks)))


@pytest.mark.parametrize("protocol", ["finetune", "attentive", "knn"])
def test_other_protocols_cannot(protocol: str) -> None:
    assert not may_train_together(evaluate_job(protocol))


@pytest.mark.parametrize("task", ["segmentation", "ava_detection", "localisation"])
def test_other_procedures_cannot(task: str) -> None:
    assert not may_train_together(evaluate_job("linear", task))
