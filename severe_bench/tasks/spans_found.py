"""Spans from snippets: the loss of an anchor-free head, its decoding, and soft suppression."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from severe_bench.tasks.timeline import Floats, middles

ALPHA, GAMMA = 0.25, 2.0
"""Of focal loss (Lin et al. 2017, section 5.1)."""
ENDS = 2


def span_loss(outputs: Tensor, targets: Tensor) -> Tensor:
    """Focal loss of the classes and distance-IoU loss of the ends, each over the positives' number.

    Args:
        outputs: (B, V, C + 2).
        targets: (B, V, 3): class id or -1, and hops to start and end; NaN where there is none.
    """
    there = ~targets[..., 0].isnan()
    said, true = outputs[there].float(), targets[there]
    positive = true[:, 0] >= 0
    wanted = torch.zeros_like(said[:, :-ENDS])
    wanted[positive, true[positive, 0].long()] = 1.0
    total = _focal(said[:, :-ENDS], wanted).sum()
    distances = F.softplus(said[positive, -ENDS:])
    total = total + _distance_iou(distances, true[positive, 1:]).sum()
    return total / positive.sum().clamp_min(1)


def decoded(outputs: Tensor) -> Tensor:
    """Outputs (V, C + 2) as probabilities (V, C) and hops (V, 2) to start and end, side by side."""
    return torch.cat([outputs[:, :-ENDS].sigmoid(), F.softplus(outputs[:, -ENDS:])], dim=1)


@dataclass(frozen=True)
class Suppression:
    """Which spans are kept: least score, spread of the Gaussian, and how many of a video."""

    min_score: float
    spread: float
    most: int


def spans_found(
    merged: NDArray[np.float32], times: Floats, within: tuple[float, float], how: Suppression
) -> NDArray[np.float32]:
    """The spans of a video, best first.

    Args:
        merged: (V, C + 2) as `decoded` gives it.
        times: (V, 2) stretches of the snippets, in seconds.
        within: start and end of the video; spans are cut to it.
        how: what is kept.

    Returns:
        (K, 4) start, end, class id and score; numbers that are not finite stay so.
    """
    hop = times[0, 1] - times[0, 0]
    distances = merged[:, -ENDS:].astype(np.float64) * hop
    spans = middles(times)[:, None] + distances * np.array([-1.0, 1.0])
    spans = np.clip(spans, *within)
    rows = [
        np.column_stack([*_kept(spans, scores.astype(np.float64), label, how)])
        for label, scores in enumerate(merged[:, :-ENDS].T)
    ]
    found = np.concatenate(rows)
    best = np.argsort(-found[:, 3], kind="stable")[: how.most]
    return np.asarray(found[best], dtype=np.float32)


def _kept(
    spans: Floats, scores: Floats, label: int, how: Suppression
) -> tuple[Floats, Floats, Floats]:
    """Spans (K, 2), class ids and scores (K,) of one class, by falling score.

    The best one lowers the scores of all that overlap it, then the best of the rest does, and so on
    (Bodla et al. 2017, figure 2). NaN ranks first, and is kept.
    """
    likely = ~(scores < how.min_score)
    left, ranks = spans[likely], scores[likely]
    kept, found = list[Floats](), list[float]()
    while len(ranks) and len(kept) < how.most:
        best = int(ranks.argmax())
        kept.append(left[best])
        found.append(float(ranks[best]))
        ranks = ranks * np.exp(-(_overlaps(left, left[best]) ** 2) / how.spread)
        ranks[best] = -1.0
        stay = ~(ranks < how.min_score)
        left, ranks = left[stay], ranks[stay]
    return np.array(kept).reshape(-1, 2), np.full(len(kept), float(label)), np.array(found)


def _overlaps(spans: Floats, one: Floats) -> Floats:
    """Intersection over union of spans (K, 2) with one span (2,): (K,)."""
    shared = np.minimum(spans[:, 1], one[1]) - np.maximum(spans[:, 0], one[0])
    shared = np.maximum(shared, 0.0)
    union = spans[:, 1] - spans[:, 0] + one[1] - one[0] - shared
    return np.asarray(np.divide(shared, union, out=np.zeros_like(shared), where=union > 0))


def _focal(logits: Tensor, wanted: Tensor) -> Tensor:
    """Focal loss of every logit."""
    entropy = F.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    chances = logits.sigmoid()
    missed = chances + wanted - 2 * chances * wanted
    weight = ALPHA * wanted + (1 - ALPHA) * (1 - wanted)
    return weight * missed**GAMMA * entropy


def _distance_iou(said: Tensor, true: Tensor) -> Tensor:
    """1 - IoU + (distance of the middles / hull) ** 2 of spans (P, 2) around one point each.

    Zheng et al. 2020 (DIoU), in one dimension; spans are distances to their start and end.
    """
    shared = torch.minimum(said, true).sum(1)
    hull = torch.maximum(said, true).sum(1).clamp_min(1e-6)
    apart = (said.diff(dim=1) - true.diff(dim=1))[:, 0] / 2
    return 1 - shared / hull + (apart / hull) ** 2
