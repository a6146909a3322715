"""The tasks on one vector of each video, by every protocol that takes them."""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from severe_bench.adapt.evaluate import run_evaluate
from severe_bench.core.extras import LABELS, NOUN, SPANS, VERB, Span
from severe_bench.core.record import Dataset, Record
from severe_bench.metrics.measure import METRICS
from severe_bench.tasks.task import TASKS
from tests.adapt.fakes import evaluate_job, recipe
from tests.train.fakes import Wires

Needs = Callable[..., dict[str, Path]]
TASK_OPTIONS = {
    "labels of videos": ("multi_label", {}),
    "labels of clips": ("multi_label", {"train_labels": "clip", "merge": "mean"}),
    "verb and noun": ("verb_noun", {}),
}


@pytest.fixture(scope="session")
def several(dataset: Dataset) -> Dataset:
    """Of each colour a label, and another one for two of three; a verb and a noun."""
    records = tuple(_with_targets(record) for record in dataset.records)
    words = {"verb": ("be red", "be another"), "noun": ("red", "green", "blue", "none")}
    return dataclasses.replace(dataset, records=records, vocabularies=words)


def _with_targets(record: Record) -> Record:
    assert record.label is not None
    labels = tuple(sorted({record.label, max(record.label, 1)}))
    spans = tuple(Span(label, 0.0, 1.0) for label in labels)
    words = {**VERB.set(min(record.label, 1)), **NOUN.set(record.label)}
    return dataclasses.replace(record, extras={**LABELS.set(labels), **SPANS.set(spans), **words})


@pytest.mark.parametrize("name", TASK_OPTIONS)
@pytest.mark.parametrize(
    ("protocol", "plan"),
    [
        ("finetune", {}),
        ("linear", {}),
        ("linear", {"probe": {"reads": "clips"}}),
        ("linear", {"head": {"dropout": 0.2, "init": "normal"}}),
        ("linear_selected", {}),
        ("knn", {"standardise": True}),
    ],
)
def test_scores_fit_the_metrics_and_are_better_than_none(
    name: str,
    protocol: str,
    plan: Mapping[str, Any],
    several: Dataset,
    needs: Needs,
    tmp_path: Path,
) -> None:
    task, options = TASK_OPTIONS[name]
    full = recipe(schedule={"epochs": 25}, feature_views=2, **plan)
    job = evaluate_job(protocol, task, task_options=options, recipe=full)
    session = dataclasses.replace(Wires(tmp_path / "cell").session, needs=needs())
    done = run_evaluate(job, several, None, session)
    found = done.predictions
    assert [metric.name for metric in done.metrics] == list(TASKS.get(task).metrics)
    for metric in done.metrics:
        assert metric.value == METRICS.get(metric.name).value(found.scores, found.targets)
        if metric.ci_low is not None:  # None where every video does equally well
            assert 0 <= metric.ci_low <= metric.ci_high <= 100 + 1e-9
    assert done.metrics[0].value > 65
    assert found.scores.shape == ((9, 2, 4) if task == "verb_noun" else (9, 3))
    assert np.isnan(found.scores).sum() == (9 * 2 if task == "verb_noun" else 0)
