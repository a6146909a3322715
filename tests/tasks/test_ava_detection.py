import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from severe_bench.core.errors import UserError
from severe_bench.core.extras import BOXES, Box
from severe_bench.core.record import Dataset, Record
from severe_bench.metrics.measure import METRICS
from severe_bench.tasks.ava_detection import AVA_60, AVA_DETECTION, AvaDetectionOptions
from severe_bench.tasks.task import TASKS

NAN = torch.nan
THREE = Dataset("d", Path(), ("a", "b", "c"), ())
TASK = AVA_DETECTION.bind(AvaDetectionOptions(dropout=0.0), THREE)


def frame(*boxes: Box, name: str = "f") -> Record:
    return Record(name, "v.mp4", None, "train", extras=BOXES.set(boxes))


def test_is_registered_and_light() -> None:
    assert TASKS.get("ava_detection") is AVA_DETECTION
    assert [METRICS.get(name).metric.name for name in AVA_DETECTION.metrics] == ["frame_map"]
    modules = "severe_bench.tasks.ava_detection, severe_bench.adapt.boxes.procedure"
    code = f"import sys, {modules}, severe_bench.adapt.boxes.unit; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_targets_are_boxes_and_a_row_of_classes_padded_with_nan() -> None:
    two = frame(Box(0, 0, 0.5, 1, (0, 2)), Box(0.5, 0, 1, 1, ()))
    targets = TASK.targets([two, frame()])
    expected = [[0, 0, 0.5, 1, 1, 0, 1], [0.5, 0, 1, 1, 0, 0, 0]]
    assert targets[0].tolist() == expected
    assert targets[1].isnan().all()
    assert TASK.targets([frame()]).shape == (1, 0, 7)


def test_a_class_that_is_not_there_is_refused() -> None:
    with pytest.raises(UserError, match="class id 3 is outside 0 to 2"):
        TASK.targets([frame(Box(0, 0, 1, 1, (3,)))])


def test_the_loss_is_binary_cross_entropy_of_the_boxes_that_are_there() -> None:
    logits = torch.randn(2, 2, 3, requires_grad=True)
    targets = torch.full((2, 2, 7), NAN)
    targets[0, 1] = torch.tensor([0, 0, 1, 1, 1, 0, 1.0])
    targets[1, 0] = torch.tensor([0, 0, 1, 1, 0, 0, 0.0])
    loss = TASK.loss(logits, targets)
    p = logits.detach().sigmoid()
    terms = [*p[0, 1, [0, 2]], *(1 - p[0, 1, [1]]), *(1 - p[1, 0])]
    assert loss.item() == pytest.approx(-float(torch.stack(terms).log().mean()))
    loss.backward()
    assert logits.grad is not None
    assert logits.grad[0, 0].abs().sum() == 0


def test_a_batch_without_boxes_has_no_loss_but_a_gradient() -> None:
    logits = torch.randn(1, 1, 3, requires_grad=True)
    loss = TASK.loss(logits, torch.full((1, 1, 7), NAN))
    loss.backward()
    assert loss.item() == 0.0


def test_the_head_is_linear_and_views_merge_by_probability() -> None:
    head = TASK.head(5)
    features = torch.randn(4, 2, 5)
    weight, bias = dict(head.named_parameters()).values()
    torch.testing.assert_close(head(features), F.linear(features, weight, bias))
    logits = torch.randn(2, 4, 3)
    merged = TASK.merge(logits, torch.tensor([0.25, 0.75]))
    torch.testing.assert_close(merged, 0.25 * logits[0].sigmoid() + 0.75 * logits[1].sigmoid())


def test_ava60_leaves_20_classes_without_scores() -> None:
    names = tuple(str(number) for number in range(80))
    task = AVA_DETECTION.bind(
        AvaDetectionOptions(evaluated="ava60"), Dataset("a", Path(), names, ())
    )
    merged = task.merge(torch.zeros(1, 2, 80), torch.ones(1))
    assert np.flatnonzero(~merged[0].isinf().numpy()).tolist() == [label - 1 for label in AVA_60]
    assert (len(AVA_60), len(set(AVA_60)), min(AVA_60), max(AVA_60)) == (60, 60, 1, 80)
    with pytest.raises(UserError, match="60 of 80 classes, and there are 3"):
        AVA_DETECTION.bind(AvaDetectionOptions(evaluated="ava60"), THREE)


def test_only_what_changes_boxes_or_pixels_is_part_of_the_features() -> None:
    same = AVA_DETECTION.unit_options(AvaDetectionOptions(dropout=0.1))
    assert same == AVA_DETECTION.unit_options(AvaDetectionOptions())
    assert same != AVA_DETECTION.unit_options(AvaDetectionOptions(min_score=0.5))
