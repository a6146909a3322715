import numpy as np

from severe_bench.core.extras import Proposal
from severe_bench.data.procedural.proposals import detections

TRUTH = [(0.1, 0.2, 0.4, 0.5), (0.6, 0.5, 1.0, 1.0)]


def iou(one: tuple[float, ...], two: Proposal) -> float:
    other = (two.x1, two.y1, two.x2, two.y2)
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    both = max(width, 0) * max(height, 0)
    areas = [(b[2] - b[0]) * (b[3] - b[1]) for b in (one, other)]
    return both / (sum(areas) - both)


def test_every_true_box_is_found_and_some_are_not_true() -> None:
    alarms, sure = [], []
    overlaps = []
    for seed in range(100):
        found = detections(TRUTH, np.random.default_rng(seed))
        best = [max(found, key=lambda p, box=box: iou(box, p)) for box in TRUTH]
        overlaps += [iou(box, p) for box, p in zip(TRUTH, best, strict=True)]
        sure += [p.score >= 0.9 for p in best]
        alarms.append(len(found) - len(TRUTH))
        assert [p.score for p in found] == sorted((p.score for p in found), reverse=True)
        for p in found:
            assert 0 <= p.x1 < p.x2 <= 1
            assert 0 <= p.y1 < p.y2 <= 1
            assert 0.3 <= p.score <= 1
    assert set(alarms) == {0, 1, 2}
    assert 0.85 < np.mean(sure) < 1
    assert min(overlaps) > 0.4
    assert 0.65 < np.mean(overlaps) < 0.9


def test_nobody_there_leaves_false_alarms_only() -> None:
    for seed in range(20):
        assert all(p.score <= 0.95 for p in detections([], np.random.default_rng(seed)))
