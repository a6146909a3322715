from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from torch.nn import functional as F

from severe_bench.core.errors import UserError
from severe_bench.core.extras import LABELS, SPANS, Span
from severe_bench.core.record import Dataset, Record
from severe_bench.metrics.measure import METRICS
from severe_bench.tasks.multi_label import MULTI_LABEL, MultiLabelOptions
from severe_bench.tasks.task import TASKS, Assignment

FOUR = Dataset("four", Path(), ("a", "b", "c", "d"), ())


def bound(**options: object) -> Assignment:
    return MULTI_LABEL.bind(MultiLabelOptions.model_validate(options), FOUR)


def video(*labels: int, spans: Sequence[Span] | None = None) -> Record:
    extras = LABELS.set(tuple(labels))
    return Record("v", "v.mp4", None, "test", extras=extras | SPANS.set(tuple(spans or ())))


def test_targets_are_all_labels_of_a_video() -> None:
    found = bound().targets([video(0, 2), video(), video(3)])
    assert found.tolist() == [[1, 0, 1, 0], [0, 0, 0, 0], [0, 0, 0, 1]]
    assert found.dtype == torch.uint8


@pytest.mark.parametrize("label", [-1, 4])
def test_a_label_outside_the_list_is_refused(label: int) -> None:
    with pytest.raises(UserError, match=f"class id {label} is outside 0 to 3"):
        bound().targets([video(label)])


def test_a_dataset_without_labels_is_refused() -> None:
    with pytest.raises(UserError, match="has no labels"):
        bound().targets([Record("v", "v.mp4", 1, "test")])


TIMES = st.integers(0, 40).map(lambda tenth: tenth / 10)


@given(st.lists(st.tuples(st.integers(0, 3), TIMES, TIMES), max_size=5), st.tuples(TIMES, TIMES))
def test_a_clip_has_what_goes_on_at_any_of_its_moments(
    spans: list[tuple[int, float, float]], clip: tuple[float, float]
) -> None:
    """Looked up in tenths of a second, where all times lie."""
    first, last = sorted(clip)
    stated = [Span(label, *sorted((one, other))) for label, one, other in spans]
    of_clips = bound(train_labels="clip").clip_targets
    assert of_clips is not None
    found = of_clips([video(spans=stated)], np.array([[first, last]]))[0]
    moments = np.arange(round(first * 10), round(last * 10) + 1)
    for label in range(4):
        active = any(
            round(s.start * 10) <= moment <= round(s.end * 10)
            for s in stated
            if s.label == label
            for moment in moments
        )
        assert bool(found[label]) == active


def test_clips_of_one_batch_have_their_own_times() -> None:
    record = video(spans=[Span(1, 0.0, 2.0), Span(3, 5.0, 6.0)])
    of_clips = bound(train_labels="clip").clip_targets
    assert of_clips is not None
    found = of_clips([record] * 3, np.array([[0.5, 1.0], [2.5, 4.0], [1.5, 5.5]]))
    assert found.tolist() == [[0, 1, 0, 0], [0, 0, 0, 0], [0, 1, 0, 1]]


def test_a_clip_has_the_labels_of_its_video_unless_asked() -> None:
    assert bound().clip_targets is None


def test_the_loss_is_binary_cross_entropy() -> None:
    logits = torch.tensor([[2.0, -1.0, 0.0, 3.0]])
    targets = torch.tensor([[1, 0, 1, 0]], dtype=torch.uint8)
    p = 1 / (1 + np.exp(-logits.numpy()))
    expected = -np.log(np.where(targets.numpy() == 1, p, 1 - p)).mean()
    assert bound().loss(logits, targets).item() == pytest.approx(expected, rel=1e-6)


def test_views_are_merged_by_the_largest_or_the_mean_probability() -> None:
    logits = torch.tensor([[0.0, 4.0, -3.0, 1.0], [1.0, -4.0, -3.0, 9.0], [99.0] * 4])
    weights = torch.tensor([0.75, 0.25, 0.0])
    p = logits.sigmoid()
    torch.testing.assert_close(bound().merge(logits, weights), p[:2].amax(0))
    mean = bound(merge="mean").merge(logits, weights)
    torch.testing.assert_close(mean, 0.75 * p[0] + 0.25 * p[1])


def test_the_head_is_linear() -> None:
    head, features = bound().head(6), torch.randn(3, 6)
    expected = F.linear(features, head.weight, head.bias)
    torch.testing.assert_close(head(features), expected)
    assert expected.shape == (3, 4)


@pytest.mark.parametrize("options", [{"merge": "median"}, {"train_labels": True}, {"loss": "bce"}])
def test_other_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        MultiLabelOptions.model_validate(options)


def test_neighbours_vote_for_each_label() -> None:
    assert MULTI_LABEL.ballots is not None
    ballots = MULTI_LABEL.ballots(MultiLabelOptions(), FOUR)
    assert ballots(torch.tensor([[1, 0, 1, 0]], dtype=torch.uint8)).tolist() == [[1, 0, 1, 0]]


def test_it_is_registered_and_its_metrics_exist() -> None:
    assert TASKS.get("multi_label") is MULTI_LABEL
    assert MULTI_LABEL.headline in MULTI_LABEL.metrics
    assert [METRICS.get(name).metric.name for name in MULTI_LABEL.metrics] == ["map", "map_sklearn"]
