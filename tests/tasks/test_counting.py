import math
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError

from severe_bench.core.errors import UserError
from severe_bench.core.extras import COUNT
from severe_bench.core.record import Dataset, Record
from severe_bench.metrics.measure import METRICS
from severe_bench.tasks.counting import COUNTING, CountingOptions

NOTHING = Dataset("reps", Path(), (), ())
TASK = COUNTING.bind(CountingOptions(), NOTHING)
NONE = math.nan


def test_is_registered_and_its_metrics_are() -> None:
    assert COUNTING.headline in COUNTING.metrics
    assert [METRICS.get(name).metric.name for name in COUNTING.metrics] == list(COUNTING.metrics)
    assert (COUNTING.unit, COUNTING.procedure) == (None, "counting")


def test_imports_no_torch() -> None:
    """Plan and status look tasks, metrics and procedures up."""
    code = (
        "import sys, severe_bench.tasks.counting, severe_bench.metrics.counting,"
        "severe_bench.adapt.counting.procedure;"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_defaults_are_those_of_the_released_code() -> None:
    """Reference notes, section 6."""
    options = CountingOptions()
    assert options.anchors == (0.5, 0.67, 0.8, 1.0, 1.25, 1.5, 2.0)
    assert (options.clips, options.cut, options.rollout, options.box_weight) == (10, 300, 11, 50.0)
    assert (options.scales, options.scale_range, options.levels) == (30, (0.03, 0.35), 4)


@pytest.mark.parametrize("wrong", [{"clips": 0}, {"outside": "black"}, {"anchors": [0.0]}])
def test_impossible_options_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        CountingOptions.model_validate(wrong)


def test_head_gives_two_sides_of_two_logits_and_a_box_per_anchor() -> None:
    head = TASK.head(12)
    assert head(torch.randn(5, 12)).shape == (5, 2, 3, 7)
    bound = 1 / math.sqrt(12)
    assert all(p.abs().max() <= bound for p in head.parameters())


def test_targets_are_counts_of_at_least_one() -> None:
    records = [Record(str(n), "a.mp4", None, "test", extras=COUNT.set(n)) for n in (3, 1)]
    assert TASK.targets(records).tolist() == [3, 1]
    with pytest.raises(UserError, match="its count is 0"):
        TASK.targets([Record("none", "a.mp4", None, "test", extras=COUNT.set(0))])
    with pytest.raises(UserError, match="has no count"):
        TASK.targets([Record("none", "a.mp4", None, "test")])


def test_loss_is_cross_entropy_and_fifty_times_smooth_l1_over_all_anchors() -> None:
    """Against the sums written out, with ignored anchors and anchors without a box."""
    torch.manual_seed(0)
    outputs = torch.randn(2, 2, 3, 7)
    targets = torch.full((2, 2, 2, 7), NONE)
    targets[:, :, 0] = torch.randint(0, 2, (2, 2, 7)).float()
    targets[1, 0, 0] = -1
    positive = targets[:, :, 0] == 1
    targets[:, :, 1][positive] = torch.randn(int(positive.sum()))
    expected = 0.0
    for side in range(2):
        entropies, boxes = [], []
        for sample in range(2):
            for anchor in range(7):
                kind, box = targets[sample, side, :, anchor].tolist()
                no, yes, said = outputs[sample, side, :, anchor].tolist()
                if kind != -1:
                    own = yes if kind else no
                    entropies.append(math.log(math.exp(no) + math.exp(yes)) - own)
                off = 0.0 if math.isnan(box) else abs(said - box)
                boxes.append(off - 0.5 if off >= 1 else off**2 / 2)
        expected += sum(entropies) / len(entropies) + 50 * sum(boxes) / 14
    assert TASK.loss(outputs, targets).item() == pytest.approx(expected, rel=1e-5)


def test_loss_teaches_nothing_where_all_anchors_are_ignored() -> None:
    """The mean over no anchor would be NaN."""
    outputs = torch.randn(3, 2, 3, 7, requires_grad=True)
    targets = torch.full((3, 2, 2, 7), NONE)
    targets[:, :, 0] = -1
    loss = TASK.loss(outputs, targets)
    loss.backward()  # type: ignore[no-untyped-call]
    assert loss.item() == 0.0
    assert outputs.grad is not None
    assert not outputs.grad.any()


def test_boxes_without_a_target_get_no_gradient_but_dilute_the_others() -> None:
    outputs = torch.zeros(1, 2, 3, 7, requires_grad=True)
    targets = torch.zeros(1, 2, 2, 7)
    targets[:, :, 1] = NONE
    targets[0, 0, :, 3] = torch.tensor([1.0, 0.5])
    TASK.loss(outputs, targets).backward()  # type: ignore[no-untyped-call]
    assert outputs.grad is not None
    boxes = outputs.grad[0, :, 2]
    assert boxes[0, 3].item() == pytest.approx(-50 * 0.5 / 7)
    assert int((boxes != 0).sum()) == 1


def test_box_weight_is_an_option() -> None:
    outputs, targets = torch.zeros(1, 2, 3, 7), torch.zeros(1, 2, 2, 7)
    targets[:, :, 1] = 2.0
    plain = COUNTING.bind(CountingOptions(box_weight=0), NOTHING).loss(outputs, targets).item()
    assert plain == pytest.approx(2 * math.log(2))
    assert TASK.loss(outputs, targets).item() == pytest.approx(plain + 100 * 1.5)


def test_merging_is_the_mean_frequency() -> None:
    places = torch.tensor([0.1, 0.3, 0.2])
    assert TASK.merge(places, torch.full((3,), 1 / 3)).item() == pytest.approx(0.2)
