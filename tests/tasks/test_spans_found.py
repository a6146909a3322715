"""The loss against torchvision's, and soft suppression against one written down pair by pair."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.ops import distance_box_iou_loss, sigmoid_focal_loss

from severe_bench.tasks.spans_found import Suppression, decoded, span_loss, spans_found

GENERATOR = torch.Generator().manual_seed(4)
WITHIN = (0.0, 100.0)


def test_the_loss_is_focal_and_distance_iou_over_the_number_of_positives() -> None:
    outputs = torch.randn(1, 6, 5, generator=GENERATOR)
    targets = torch.tensor(
        [[[-1.0, 0, 0], [2, 0.5, 3.5], [2, 1.5, 2.5], [0, 0.1, 0.2], [-1, 0, 0], [torch.nan] * 3]]
    )
    wanted = torch.zeros(5, 3)
    wanted[[1, 2, 3], [2, 2, 0]] = 1
    focal = sigmoid_focal_loss(outputs[0, :5, :3], wanted, reduction="sum")
    said = decoded(outputs[0])[1:4, 3:]
    true = targets[0, 1:4, 1:]
    # A span around 10 as a box that is thin, so that only its length tells.
    thin = torch.tensor([[0.0, 1e-4]]).expand(3, 2)
    left = torch.stack([10 - said[:, 0], thin[:, 0], 10 + said[:, 1], thin[:, 1]], dim=1)
    right = torch.stack([10 - true[:, 0], thin[:, 0], 10 + true[:, 1], thin[:, 1]], dim=1)
    ends = distance_box_iou_loss(left.double(), right.double(), reduction="sum")
    expected = (focal + ends) / 3
    torch.testing.assert_close(span_loss(outputs, targets).double(), expected, rtol=1e-3, atol=1e-3)


def test_without_positives_the_loss_is_that_of_the_background_alone() -> None:
    outputs = torch.zeros(1, 2, 4, requires_grad=True)
    loss = span_loss(outputs, torch.tensor([[[-1.0, 0, 0], [-1, 0, 0]]]))
    loss.backward()
    expected = sigmoid_focal_loss(torch.zeros(4), torch.zeros(4), reduction="sum")
    torch.testing.assert_close(loss.detach(), expected)
    assert outputs.grad is not None
    assert outputs.grad.isfinite().all()


def test_right_outputs_cost_nothing() -> None:
    distance = math.log(math.expm1(2.0))
    outputs = torch.tensor([[[30.0, -30.0, distance, distance]]])
    assert span_loss(outputs, torch.tensor([[[0.0, 2.0, 2.0]]])) < 1e-6


def found(
    spans: list[tuple[float, float, int, float]], how: Suppression
) -> list[tuple[float, float, int, float]]:
    """`spans_found` of (start, end, class, score), each said by a snippet in its middle of one."""
    rows = []
    for place, (start, end, label, score) in enumerate(spans):
        middle = place + 0.5
        row = np.zeros(2 + 2)
        row[label] = score
        rows.append([*row[:2], middle - start, end - middle])
    times = np.stack([np.arange(len(spans)), np.arange(len(spans)) + 1], axis=1).astype(float)
    kept = spans_found(np.array(rows), times, (-100.0, 100.0), how)
    return [(s, e, int(c), x) for s, e, c, x in kept.astype(float).tolist()]


def slow_suppression(
    spans: list[tuple[float, float, int, float]], how: Suppression
) -> list[tuple[float, float, int, float]]:
    kept = []
    for label in (0, 1):
        left = [(s, e, score) for s, e, c, score in spans if c == label and score >= how.min_score]
        of_class = 0
        while left and of_class < how.most:
            start, end, score = max(left, key=lambda item: item[2])
            left.remove((start, end, score))
            kept.append((start, end, label, score))
            of_class += 1
            lowered = []
            for s, e, x in left:
                shared = max(0.0, min(e, end) - max(s, start))
                union = (e - s) + (end - start) - shared
                share = shared / union if union else 0.0
                lowered.append((s, e, x * math.exp(-(share**2) / how.spread)))
            left = [item for item in lowered if item[2] >= how.min_score]
    return sorted(kept, key=lambda item: -item[3])[: how.most]


NUMBERS = st.integers(0, 8).map(float)
SPANS = st.tuples(NUMBERS, NUMBERS, st.integers(0, 1)).map(lambda s: (min(s[:2]), max(s[:2]), s[2]))


@settings(max_examples=80, deadline=None)
@given(
    st.lists(SPANS, min_size=1, max_size=7),
    st.permutations(range(1, 8)),
    st.sampled_from([0.05, 0.5, 2.0]),
    st.integers(1, 8),
)
def test_suppression_agrees_with_pair_by_pair(
    spans: list[tuple[float, float, int]], order: list[int], spread: float, most: int
) -> None:
    scored = [(*span, rank / 8 + 0.001) for span, rank in zip(spans, order, strict=False)]
    how = Suppression(0.05, spread, most)
    # Equal scores may come out in any order: they are compared as they rank.
    fast, slow = found(scored, how), slow_suppression(scored, how)
    np.testing.assert_allclose([s for *_, s in fast], [s for *_, s in slow], atol=1e-6)
    if len({round(score, 5) for *_, score in slow}) == len(slow):
        np.testing.assert_allclose(fast, slow, atol=1e-5)


def test_other_classes_do_not_suppress() -> None:
    both = found([(0.0, 4.0, 0, 0.9), (0.0, 4.0, 1, 0.8)], Suppression(0.01, 0.5, 10))
    np.testing.assert_allclose([score for *_, score in both], [0.9, 0.8])


def test_spans_are_cut_to_the_video() -> None:
    merged = np.array([[0.9, 5.0, 5.0]])
    kept = spans_found(merged, np.array([[1.0, 2.0]]), (0.5, 3.0), Suppression(0.01, 0.5, 10))
    np.testing.assert_allclose(kept, [[0.5, 3.0, 0, 0.9]])


@pytest.mark.parametrize("most", [1, 3])
def test_no_more_than_asked_for_are_kept(most: int) -> None:
    spans = [(float(n), n + 1.0, n % 2, 0.9 - n / 100) for n in range(8)]
    kept = found(spans, Suppression(0.01, 0.5, most))
    assert [start for start, *_ in kept] == [float(n) for n in range(most)]
