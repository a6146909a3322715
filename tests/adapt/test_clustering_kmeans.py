from pathlib import Path

import numpy as np
import pytest
from sklearn.cluster import kmeans_plusplus

from severe_bench.adapt.neighbours import of_videos
from severe_bench.core.errors import UserError
from severe_bench.metrics.measure import METRICS
from tests.adapt.fakes import recipe
from tests.adapt.test_retrieval_ranking import evaluated, table


def test_blobs_are_found_and_the_seed_is_the_jobs(tmp_path: Path) -> None:
    first, again = (evaluated(tmp_path / n, 12, "clustering", seed=3) for n in ("a", "b"))
    np.testing.assert_array_equal(first.predictions.scores, again.predictions.scores)
    assert first.predictions.scores.shape == (30,)
    values = {metric.name: metric.value for metric in first.metrics}
    assert values["cluster_accuracy"] > 85
    assert values["ari"] > 60
    assert first.metrics[0].headline


def spread(vectors: np.ndarray, clusters: np.ndarray) -> float:
    """Sum of squared distances to the means, which k-means makes small."""
    means = [vectors[clusters == cluster] for cluster in np.unique(clusters)]
    return float(sum(((rows - rows.mean(0)) ** 2).sum() for rows in means))


def test_the_clusters_are_at_least_as_tight_as_plain_ones(tmp_path: Path) -> None:
    """Lloyd's iterations by hand from one seeding."""
    found = evaluated(tmp_path, 12, "clustering").predictions.scores
    vectors = of_videos(table("test", 30, 1)[0]).numpy().astype(np.float64)
    centres, _ = kmeans_plusplus(vectors, 3, random_state=5)
    for _ in range(50):
        nearest = ((vectors[:, None] - centres) ** 2).sum(2).argmin(1)
        centres = np.stack([vectors[nearest == cluster].mean(0) for cluster in range(3)])
    assert spread(vectors, found) <= spread(vectors, nearest) + 1e-9


def test_the_training_set_is_seen_only_to_standardise(tmp_path: Path) -> None:
    small, large = (evaluated(tmp_path / str(n), n, "clustering") for n in (12, 60))
    np.testing.assert_array_equal(small.predictions.scores, large.predictions.scores)
    plan = recipe(standardise=True)
    scaled = evaluated(tmp_path / "scaled", 12, "clustering", recipe=plan)
    assert len(set(scaled.predictions.scores)) == 3


@pytest.mark.parametrize("name", ["cluster_accuracy", "nmi"])
def test_scores_fit_the_metrics(name: str, tmp_path: Path) -> None:
    found = evaluated(tmp_path, 12, "clustering").predictions
    with pytest.raises(UserError, match="NaN"):
        METRICS.get(name).value(np.full_like(found.scores, np.nan), found.targets)
