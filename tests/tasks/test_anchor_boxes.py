import math

import numpy as np
import pytest
import torch
from torch import Tensor

from severe_bench.tasks.anchor_boxes import (
    AnchorHead,
    candidates,
    decoded,
    pair_overlap,
    region_loss,
)
from tests.metrics.brute_force import iou

ANCHORS = torch.tensor([[0.2, 0.3], [0.5, 0.5], [0.4, 0.9]])
CLASSES, H, W = 4, 3, 5
NAN = torch.nan


def outputs(seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(2, len(ANCHORS), 5 + CLASSES, H, W, generator=generator)


def truth() -> Tensor:
    """Two boxes in the first frame, one in the second."""
    rows = torch.full((2, 3, 5), NAN)
    rows[0, 0] = torch.tensor([0.1, 0.2, 0.35, 0.45, 2])
    rows[0, 2] = torch.tensor([0.5, 0.05, 0.95, 0.98, 0])
    rows[1, 1] = torch.tensor([0.6, 0.5, 1.0, 1.0, 3])
    return rows


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def slow_box(t: Tensor, a: int, row: int, column: int) -> tuple[float, ...]:
    x, y = (sigmoid(float(t[0])) + column) / W, (sigmoid(float(t[1])) + row) / H
    w, h = (float(ANCHORS[a, n]) * math.exp(float(t[2 + n])) for n in (0, 1))
    return x - w / 2, y - h / 2, x + w / 2, y + h / 2


def slow_loss(out: Tensor, rows: Tensor) -> float:
    """Cell by cell, from the formulas."""
    total = 0.0
    for b in range(len(out)):
        boxes = [row.tolist() for row in rows[b] if not row[0].isnan()]
        places = {}
        for x1, y1, x2, y2, label in boxes:
            gx, gy, gw, gh = (x1 + x2) / 2 * W, (y1 + y2) / 2 * H, x2 - x1, y2 - y1
            fits = [iou((0, 0, gw, gh), (0, 0, float(w), float(h))) for w, h in ANCHORS]
            a = max(range(len(ANCHORS)), key=lambda n: fits[n])
            places[a, int(gy), int(gx)] = True
            t = out[b, a, :, int(gy), int(gx)]
            off = (gx % 1, gy % 1, math.log(gw / ANCHORS[a, 0]), math.log(gh / ANCHORS[a, 1]))
            for said, right in zip((*t[:2].sigmoid(), *t[2:4]), off, strict=True):
                d = abs(float(said) - right)
                total += (d * d / 2 if d < 1 else d - 0.5) / 2
            reached = iou(slow_box(t, a, int(gy), int(gx)), (x1, y1, x2, y2))  # type: ignore[arg-type]
            total += 5 * (sigmoid(float(t[4])) - reached) ** 2 / 2
            p = float(t[5:].softmax(0)[int(label)])
            total += -((1 - p) ** 2) * math.log(p)
        for a in range(len(ANCHORS)):
            for row in range(H):
                for column in range(W):
                    t = out[b, a, :, row, column]
                    box = slow_box(t, a, row, column)
                    near = max(iou(box, tuple(other[:4])) for other in boxes)  # type: ignore[arg-type]
                    if (a, row, column) not in places and near <= 0.6:
                        total += sigmoid(float(t[4])) ** 2 / 2
    return total / len(out)


def test_boxes_are_where_the_formulas_say() -> None:
    out = outputs()
    found = decoded(out, ANCHORS)
    for a in range(len(ANCHORS)):
        for row in range(H):
            for column in range(W):
                expected = slow_box(out[1, a, :, row, column], a, row, column)
                assert found[1, a, row, column].tolist() == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_the_loss_is_what_the_formulas_say(seed: int) -> None:
    out, rows = outputs(seed), truth()
    assert region_loss(out, rows, ANCHORS).item() == pytest.approx(slow_loss(out, rows), rel=1e-4)


def test_a_prediction_that_is_good_anyway_is_not_called_wrong() -> None:
    """Cell beside the right one predicts the box nearly as well; its confidence has no gradient."""
    out = torch.zeros(1, 1, 6, 1, 2)
    out[0, 0, 0, 0] = torch.tensor([5.0, -5.0])  # both at the border between the cells
    out.requires_grad_()
    rows = torch.tensor([[[0.252, 0.0, 0.752, 1.0, 0]]])
    region_loss(out, rows, torch.tensor([[0.5, 1.0]])).backward()
    assert out.grad is not None
    assert out.grad[0, 0, 4, 0, 0] == 0
    assert out.grad[0, 0, 4, 0, 1] != 0


def test_without_boxes_only_confidence_is_asked() -> None:
    out = outputs()
    expected = float((out[:, :, 4].sigmoid() ** 2 / 2).sum() / 2)
    for rows in (torch.full((2, 2, 5), NAN), torch.empty(2, 0, 5)):
        assert region_loss(out, rows, ANCHORS).item() == pytest.approx(expected)


def test_a_box_that_ends_at_the_frames_edge_has_a_cell() -> None:
    rows = torch.tensor([[[1.0, 1.0, 1.0, 1.0, 0]]])
    rows[..., :2] -= 1e-6
    assert region_loss(outputs()[:1], rows, ANCHORS).isfinite()


def test_training_finds_the_boxes() -> None:
    """Free outputs, not a network: the least loss is at the right answer."""
    out = outputs().requires_grad_()
    optimiser = torch.optim.Adam([out], lr=0.2)
    rows = truth()
    for _ in range(150):
        optimiser.zero_grad()
        region_loss(out, rows, ANCHORS).backward()
        optimiser.step()
    for frame, padded in enumerate(rows):
        found = candidates(out.detach(), ANCHORS)[frame]
        wanted = padded[~padded[:, 0].isnan()]
        sure = found[found[:, 4] > 0.5]
        assert len(sure) >= len(wanted)
        for row in wanted:
            best = pair_overlap(sure[:, :4], row[None, :4]).argmax()
            torch.testing.assert_close(sure[best, :4], row[:4], atol=0.02, rtol=0)
            assert int(sure[best, 5:].argmax()) == int(row[4])
    assert region_loss(out, rows, ANCHORS) < 0.1


def test_candidates_keep_to_the_frame_and_their_classes_add_up() -> None:
    found = candidates(outputs(), ANCHORS)
    assert found.shape == (2, len(ANCHORS) * H * W, 5 + CLASSES)
    assert found[..., :5].min() >= 0
    assert found[..., :5].max() <= 1
    np.testing.assert_allclose(found[..., 5:].sum(-1), 1, rtol=1e-5)


def test_the_head_is_one_linear_layer_in_every_cell() -> None:
    head, maps = AnchorHead(6, 3, CLASSES), torch.randn(2, 6, H, W)
    found = head(maps)
    assert found.shape == (2, 3, 5 + CLASSES, H, W)
    weight, bias = head.cells.weight[:, :, 0, 0], head.cells.bias
    cell = (maps[1, :, 2, 4] @ weight.T + bias).view(3, 5 + CLASSES)
    torch.testing.assert_close(found[1, :, :, 2, 4], cell)
