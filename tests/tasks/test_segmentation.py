import numpy as np
import pytest
import torch
from torch.nn import functional as F

from severe_bench.metrics.measure import METRICS
from severe_bench.tasks.segmentation import SEGMENTATION, SegmentationOptions, moments
from severe_bench.tasks.task import TASKS, Assignment
from tests.tasks.timelines import DATASET, video


def bound(**options: object) -> Assignment:
    return SEGMENTATION.bind(SegmentationOptions.model_validate(options), DATASET)


def of_snippets(assignment: Assignment, *args: object) -> torch.Tensor:
    assert assignment.clip_targets is not None
    return assignment.clip_targets(*args)  # type: ignore[arg-type]


def placed(assignment: Assignment, *args: object) -> np.ndarray:
    assert assignment.placed is not None
    return assignment.placed(*args)  # type: ignore[arg-type]


def times(count: int, hop: float, first: float = 0.0) -> np.ndarray:
    edges = first + np.arange(count + 1) * hop
    return np.stack([edges[:-1], edges[1:]], axis=1)


def test_is_registered_with_its_metrics() -> None:
    assert TASKS.get("segmentation") is SEGMENTATION
    assert SEGMENTATION.headline in SEGMENTATION.metrics
    assert [METRICS.get(name).metric.name for name in SEGMENTATION.metrics] == [
        *("mof", "mof_foreground", "edit", "f1_10", "f1_25", "f1_50")
    ]


def test_the_head_has_one_output_more_than_there_are_classes() -> None:
    head = bound(hidden=5, layers=1).head(7)
    assert head(torch.zeros(2, 3, 7)).shape == (2, 3, 4)


def test_targets_are_ids_at_the_rate_and_filled_up() -> None:
    long, short = video(3.0, (0, 1.0, 2.0)), video(1.0, (2, 0.0, 0.5))
    found = bound(rate=2.0).targets([long, short])
    assert found.tolist() == [[0, 0, 1, 1, 0, 0], [3, 0, -1, -1, -1, -1]]
    assert found.dtype == torch.int64


def test_a_video_shorter_than_a_moment_has_one() -> None:
    assert moments(video(0.01), 15.0).tolist() == [0.005]


def test_snippets_are_trained_on_what_happens_in_their_middle() -> None:
    record = video(4.0, (1, 0.9, 2.1))
    stretches = np.stack([times(5, 1.0), np.full((5, 2), np.nan)])
    stretches[1, :2] = times(2, 1.0, first=1.0)
    found = of_snippets(bound(), [record, record], stretches)
    assert found.tolist() == [[0, 2, 0, 0, -1], [2, 0, -1, -1, -1]]


def test_the_loss_is_cross_entropy_over_the_snippets_that_are_there() -> None:
    outputs = torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(0))
    targets = torch.tensor([[0, 3, -1], [1, -1, -1]])
    rows = torch.stack([outputs[0, 0], outputs[0, 1], outputs[1, 0]])
    expected = F.cross_entropy(rows, torch.tensor([0, 3, 1]))
    torch.testing.assert_close(bound().loss(outputs, targets), expected)


def test_the_loss_of_nothing_is_0_with_a_gradient() -> None:
    outputs = torch.zeros(1, 2, 4, requires_grad=True)
    loss = bound().loss(outputs, torch.full((1, 2), -1))
    loss.backward()
    assert loss.item() == 0.0


def test_moments_have_the_likeliest_class_of_their_snippet() -> None:
    task = bound(rate=4.0)
    logits = torch.tensor([[0.0, 3, 0, 0], [0, 0, 0, 2], [1, 0, 0, 0]])
    merged = task.merge(logits, torch.full((3,), 1 / 3))
    torch.testing.assert_close(merged.sum(1), torch.ones(3))
    found = placed(task, merged.numpy(), times(3, 0.5), video(1.5))
    assert found.tolist() == [1, 1, 3, 3, 0, 0]


def test_after_the_last_snippet_its_class_goes_on() -> None:
    task = bound(rate=1.0)
    merged = np.eye(4, dtype=np.float32)[[1, 2]]
    assert placed(task, merged, times(2, 1.0), video(5.0)).tolist() == [1, 2, 2, 2, 2]


def test_of_a_part_of_a_video_times_are_those_of_the_whole() -> None:
    task = bound(rate=1.0)
    record = video(30.0)
    part = type(record)("p", "v.avi", None, "test", start=10.0, end=13.0, extras=record.extras)
    merged = np.eye(4, dtype=np.float32)[[1, 2, 3]]
    assert placed(task, merged, times(3, 1.0, first=10.0), part).tolist() == [1, 2, 3]


def test_probabilities_that_are_nan_stay_nan_and_are_refused_by_the_metrics() -> None:
    task = bound(rate=1.0)
    merged = np.full((2, 4), np.nan, np.float32)
    merged[0] = [0, 1, 0, 0]
    found = placed(task, merged, times(2, 1.0), video(2.0))
    assert found[0] == 1
    assert np.isnan(found[1])


@pytest.mark.parametrize("field", ["rate", "hop"])
def test_options_are_positive(field: str) -> None:
    with pytest.raises(ValueError, match=field):
        SegmentationOptions.model_validate({field: 0})
