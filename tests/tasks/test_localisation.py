import numpy as np
import torch

from severe_bench.metrics.measure import METRICS
from severe_bench.tasks.localisation import LOCALISATION, LocalisationOptions
from severe_bench.tasks.task import TASKS, Assignment
from tests.tasks.test_segmentation import of_snippets, placed, times
from tests.tasks.timelines import DATASET, video


def bound(**options: object) -> Assignment:
    return LOCALISATION.bind(LocalisationOptions.model_validate(options), DATASET)


def test_is_registered_with_its_metrics() -> None:
    assert TASKS.get("localisation") is LOCALISATION
    names = [METRICS.get(name).metric.name for name in LOCALISATION.metrics]
    assert names[0] == LOCALISATION.headline == "span_map"
    assert len(names) == 8


def test_targets_are_spans_filled_up_with_nan() -> None:
    found = bound().targets([video(9.0, (2, 1.0, 3.0), (0, 4.0, 9.5)), video(5.0)]).numpy()
    np.testing.assert_array_equal(found[0], [[1, 3, 2], [4, 9, 0]])
    assert np.isnan(found[1]).all()
    assert bound().targets([video(5.0)]).shape == (1, 0, 3)


def test_a_snippet_says_its_class_and_how_far_it_is_to_both_ends() -> None:
    record = video(4.0, (1, 0.75, 2.5))
    found = of_snippets(bound(), [record], times(5, 1.0)[None]).numpy()[0]
    np.testing.assert_allclose(found[1:3], [[1, 0.75, 1.0], [-1, 0, 0]])
    assert found[0].tolist() == [-1, 0, 0]
    assert np.isnan(found[4]).all()


def test_distances_are_in_hops() -> None:
    record = video(4.0, (1, 1.0, 3.0))
    found = of_snippets(bound(), [record], times(8, 0.5)[None]).numpy()[0]
    np.testing.assert_allclose(found[2], [1, 0.5, 3.5])
    np.testing.assert_allclose(found[5], [1, 3.5, 0.5])


def test_the_shortest_span_around_a_snippet_is_its_own() -> None:
    record = video(9.0, (0, 0.0, 9.0), (2, 2.0, 4.0), (1, 2.0, 7.0))
    found = of_snippets(bound(), [record], times(9, 1.0)[None])[0, :, 0]
    assert found.tolist() == [0, 0, 2, 2, 1, 1, 1, 0, 0]


def test_what_was_trained_on_would_find_every_span() -> None:
    record = video(12.0, (0, 1.0, 4.0), (2, 4.5, 6.0), (0, 6.5, 11.9))
    stretches = times(24, 0.5)
    wanted = of_snippets(bound(), [record], stretches[None]).numpy()[0]
    merged = np.zeros((24, 5), np.float32)
    inside = wanted[:, 0] >= 0
    merged[inside, wanted[inside, 0].astype(int)] = 0.9
    merged[:, 3:] = wanted[:, 1:]
    found = placed(bound(), merged, stretches, record)
    np.testing.assert_allclose(
        found[np.argsort(found[:3, 0])], [[1, 4, 0, 0.9], [4.5, 6, 2, 0.9], [6.5, 11.9, 0, 0.9]],
        rtol=1e-5,
    )  # fmt: skip
    assert (found[3:, 3] < 0.2).all()
    truth = bound().targets([record]).numpy()
    assert METRICS.get("span_map").value(found[None], truth) == 100.0


def test_outputs_become_probabilities_and_distances() -> None:
    merged = bound().merge(torch.tensor([[0.0, 20.0, -20.0, 20.0, -20.0]]), torch.ones(1))
    torch.testing.assert_close(
        merged, torch.tensor([[0.5, 1.0, 0.0, 20.0, 0.0]]), atol=1e-6, rtol=0
    )


def test_nothing_likely_is_no_span() -> None:
    merged = np.zeros((3, 5), np.float32)
    assert placed(bound(), merged, times(3, 1.0), video(3.0)).shape == (0, 4)


def test_numbers_that_are_not_finite_reach_the_metric() -> None:
    merged = np.full((3, 5), np.nan, np.float32)
    found = placed(bound(most=4), merged, times(3, 1.0), video(3.0))
    assert len(found) == 4
    assert np.isnan(found[:, 3]).all()
