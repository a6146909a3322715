from math import inf

import numpy as np
import pytest

from severe_bench.core.metric import Metric
from severe_bench.metrics.measure import METRICS


def test_bounds_are_worst_and_best_unless_said() -> None:
    assert Metric("top1", "top-1", "%", 0.0, 100.0).bounds == (0.0, 100.0)
    assert Metric("error", "error", "", 1.0, 0.0).bounds == (0.0, 1.0)


def test_a_model_can_be_worse_than_a_useless_one() -> None:
    ari = METRICS.get("ari").metric
    assert ari.bounds == (-50.0, 100.0)
    assert ari.higher_is_better
    assert ari.score(-10.0) == -10.0
    assert METRICS.get("counting_error").metric.bounds == (0.0, inf)


def test_the_least_adjusted_rand_index_is_its_bound() -> None:
    crossed = np.array([0, 0, 1, 1], np.float32), np.array([0, 1, 0, 1])
    assert METRICS.get("ari").value(*crossed) == pytest.approx(-50.0)


@pytest.mark.parametrize("farthest", [0.5, -1.0])
def test_a_farthest_value_cannot_contradict_the_direction(farthest: float) -> None:
    with pytest.raises(ValueError, match="better than the worst"):
        Metric("error", "error", "", worst=1.0, best=0.0, farthest=farthest)
