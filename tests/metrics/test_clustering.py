from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from severe_bench.core.errors import UserError
from severe_bench.metrics.measure import METRICS

NAMES = ["cluster_accuracy", "cluster_purity", "nmi", "ari"]
Case = tuple[NDArray[np.float32], NDArray[np.int64]]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Down to one sample, one cluster, one class."""
    n = draw(st.integers(1, 12))
    clusters = draw(hnp.arrays(np.float32, n, elements=st.integers(0, draw(st.integers(0, 4)))))
    labels = draw(hnp.arrays(np.int64, n, elements=st.integers(0, draw(st.integers(0, 4)))))
    return clusters, labels


def best_match(clusters: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """The best of all one-to-one namings of five clusters."""
    ids = clusters.astype(int)
    return 100 * max(
        float((np.array(name)[ids] == labels).mean()) for name in permutations(range(5))
    )


@settings(max_examples=150, deadline=None)
@given(cases())
def test_against_all_namings_and_scikit_learn(case: Case) -> None:
    clusters, labels = case
    found = {name: METRICS.get(name).value(clusters, labels) for name in NAMES}
    assert found["cluster_accuracy"] == pytest.approx(best_match(clusters, labels))
    commonest = [np.bincount(labels[clusters == c]).max() for c in set(clusters.tolist())]
    assert found["cluster_purity"] == pytest.approx(100 * sum(commonest) / len(labels))
    assert found["cluster_purity"] >= found["cluster_accuracy"] - 1e-9
    ids = clusters.astype(int)
    assert found["ari"] == pytest.approx(100 * adjusted_rand_score(labels, ids), abs=1e-9)
    nmi = 100 * normalized_mutual_info_score(labels, ids)
    if len(set(ids)) > 1 or len(set(labels)) > 1:
        assert found["nmi"] == pytest.approx(nmi, abs=1e-6)


@settings(max_examples=100, deadline=None)
@given(cases(), st.permutations(range(5)))
def test_the_numbers_of_clusters_mean_nothing(case: Case, names: list[int]) -> None:
    clusters, labels = case
    renamed = np.array(names, np.float32)[clusters.astype(int)]
    for name in NAMES:
        value = METRICS.get(name).value
        assert value(renamed, labels) == pytest.approx(value(clusters, labels), abs=1e-9)
        assert value(labels.astype(np.float32), labels) == pytest.approx(100.0)


def test_by_hand() -> None:
    """Classes aaabbb, clusters 001122: cluster 0 is a, 1 or 2 is b; four of six are right."""
    clusters, labels = np.array([0, 0, 1, 1, 2, 2], np.float32), np.array([0, 0, 0, 1, 1, 1])
    values = {name: METRICS.get(name).value(clusters, labels) for name in NAMES}
    assert values["cluster_accuracy"] == pytest.approx(400 / 6)
    assert values["cluster_purity"] == pytest.approx(500 / 6)
    # 2 pairs within both; 3 in clusters, 6 in classes, 15 in all.
    assert values["ari"] == pytest.approx(100 * (2 - 18 / 15) / (4.5 - 18 / 15))


def test_random_clusters_have_no_adjusted_agreement() -> None:
    random = np.random.default_rng(0)
    clusters = random.integers(4, size=4000).astype(np.float32)
    assert abs(METRICS.get("ari").value(clusters, random.integers(4, size=4000))) < 1


@pytest.mark.parametrize("name", NAMES)
def test_what_does_not_fit_is_refused(name: str) -> None:
    value = METRICS.get(name).value
    with pytest.raises(UserError, match="1 of 2 test samples are NaN"):
        value(np.array([0, np.nan], np.float32), np.array([0, 1]))
    with pytest.raises(UserError, match="no test sample"):
        value(np.zeros(0, np.float32), np.zeros(0, int))
    with pytest.raises(ValueError, match="whole numbers"):
        value(np.array([0.5], np.float32), np.array([0]))
    with pytest.raises(ValueError, match=r"\(N,\) both"):
        value(np.zeros((2, 3), np.float32), np.array([0, 1]))


@pytest.mark.parametrize("name", NAMES)
def test_units_and_direction(name: str) -> None:
    metric = METRICS.get(name).metric
    assert (metric.name, metric.unit, metric.score(70.0)) == (name, "%", 70.0)
