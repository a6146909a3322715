import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from severe_bench.core.errors import UserError
from severe_bench.core.record import Dataset, Record
from severe_bench.metrics.measure import METRICS
from severe_bench.tasks.recognition import RECOGNITION
from severe_bench.tasks.task import TASKS, NoOptions

THREE = RECOGNITION.bind(NoOptions(), Dataset("three", Path(), ("a", "b", "c"), ()))


def record(label: int | None) -> Record:
    return Record(f"video-{label}", "a.mp4", label, "test")


def test_is_registered_and_its_metrics_are() -> None:
    assert TASKS.get("recognition") is RECOGNITION
    assert RECOGNITION.headline in RECOGNITION.metrics
    assert [METRICS.get(name).metric.name for name in RECOGNITION.metrics] == list(
        RECOGNITION.metrics
    )


def test_imports_no_torch() -> None:
    """Plan and status look tasks and metrics up."""
    code = (
        "import sys, severe_bench.tasks.recognition, severe_bench.metrics.accuracy;"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_targets_are_class_ids() -> None:
    targets = THREE.targets([record(2), record(0)])
    assert targets.tolist() == [2, 0]
    assert targets.dtype == torch.int64


@pytest.mark.parametrize(
    ("label", "said"), [(None, "needs a class"), (3, "outside 0 to 2"), (-1, "outside")]
)
def test_a_wrong_label_names_the_sample(label: int | None, said: str) -> None:
    with pytest.raises(UserError, match=said) as caught:
        THREE.targets([record(0), record(label)])
    assert caught.value.where == f"video-{label}"


def test_head_and_loss() -> None:
    head = THREE.head(7)
    logits = head(torch.randn(5, 7))
    assert logits.shape == (5, 3)
    by_hand = -np.log(2 / 3)
    logits = torch.log(torch.tensor([[1 / 6, 2 / 3, 1 / 6]]))
    assert THREE.loss(logits, torch.tensor([1])).item() == pytest.approx(by_hand)


def test_views_are_averaged_after_the_softmax() -> None:
    """By hand: softmax (1/3, 2/3) and (3/4, 1/4); averaging logits instead would differ."""
    logits = torch.log(torch.tensor([[1.0, 2.0], [3.0, 1.0]]))
    even = THREE.merge(logits, torch.tensor([0.5, 0.5]))
    assert even.tolist() == pytest.approx([13 / 24, 11 / 24])
    uneven = THREE.merge(logits, torch.tensor([0.9, 0.1]))
    assert uneven.tolist() == pytest.approx([0.9 / 3 + 0.075, 0.6 + 0.025])
    means = logits.mean(0).softmax(0)
    assert not torch.allclose(even, means, atol=1e-3)


def test_identical_views_weighted_equal_them_repeated() -> None:
    logits = torch.randn(2, 4)
    repeated = THREE.merge(logits[[0, 0, 0, 1]], torch.full((4,), 0.25))
    weighted = THREE.merge(logits, torch.tensor([0.75, 0.25]))
    torch.testing.assert_close(weighted, repeated)


def test_huge_logits_do_not_overflow() -> None:
    merged = THREE.merge(torch.tensor([[1e30, 0.0]]), torch.ones(1))
    assert merged.tolist() == [1.0, 0.0]
