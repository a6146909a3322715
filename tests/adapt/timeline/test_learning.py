"""Both tasks by both protocols on stretches of colour, from video files to their metrics."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from severe_bench.adapt.evaluate import Evaluation, run_evaluate
from severe_bench.adapt.protocol import PROTOCOLS
from severe_bench.core.errors import Interrupted, NotFinite
from severe_bench.core.extras import SPANS, Span
from severe_bench.core.record import Dataset
from severe_bench.core.session import Session
from severe_bench.metrics.measure import METRICS
from severe_bench.models.network import build_network
from severe_bench.tasks.task import TASKS
from tests.adapt.fakes import NETWORK, broken_after_training, evaluate_job
from tests.adapt.timeline.stretches import OPTIONS, recipe
from tests.train.fakes import Wires

Rows = Callable[[], dict[str, Path]]
TASKS_HERE = ("segmentation", "localisation")


def run(dataset: Dataset, session: Session, task: str, protocol: str, **rest: Any) -> Evaluation:
    asked = {"task_options": OPTIONS, "recipe": recipe(), **rest}
    return run_evaluate(evaluate_job(protocol, task, **asked), dataset, None, session)


def value(evaluation: Evaluation) -> float:
    return next(metric.value for metric in evaluation.metrics if metric.headline)


def trivial(evaluation: Evaluation, dataset: Dataset) -> float:
    """One id everywhere, the commonest in training; or each class for the whole video."""
    targets = evaluation.predictions.targets
    if targets.ndim == 2:
        values = [
            METRICS.get("mof").value(np.full(targets.shape, label, np.float32), targets)
            for label in range(1 + len(dataset.classes))
        ]
        return max(values)
    ends = np.nanmax(targets[..., 1], axis=1)
    found = [[(0.0, end, label, 0.5) for label in range(3)] for end in ends]
    return METRICS.get("span_map").value(np.array(found, np.float32), targets)


def with_shuffled_labels(dataset: Dataset) -> Dataset:
    """Training spans with the classes of other training spans."""
    train = dataset.of("train")
    pool = [span.label for record in train for span in SPANS.of(record)]
    drawn = iter(np.random.default_rng(1).permutation(pool).tolist())

    def shuffled(span: Span) -> Span:
        return replace(span, label=next(drawn))

    records = [
        replace(r, extras={**r.extras, **SPANS.set(tuple(shuffled(s) for s in SPANS.of(r)))})
        if r.split == "train"
        else r
        for r in dataset.records
    ]
    return replace(dataset, records=tuple(records))


@pytest.mark.parametrize("task", TASKS_HERE)
def test_a_probe_learns_from_cached_rows_and_not_from_shuffled_labels(
    task: str, stretches: Dataset, rows: Rows, tmp_path: Path
) -> None:
    needs = rows()
    session = replace(Wires(tmp_path / "a").session, needs=needs)
    done = run(stretches, session, task, "linear")
    assert value(done) > trivial(done, stretches) + 25
    session = replace(Wires(tmp_path / "b").session, needs=needs)
    astray = run(with_shuffled_labels(stretches), session, task, "linear")
    assert value(astray) < value(done) - 20
    assert done.cost.clips == 0
    assert [metric.name for metric in done.metrics] == list(TASKS.get(task).metrics)
    found = done.predictions
    for metric in done.metrics:
        assert metric.value == METRICS.get(metric.name).value(found.scores, found.targets)
        if metric.ci_low is not None:  # None where every video does equally well
            assert 0 <= metric.ci_low <= metric.ci_high <= 100 + 1e-9


@pytest.mark.parametrize("task", TASKS_HERE)
def test_finetuning_learns(task: str, stretches: Dataset, tmp_path: Path) -> None:
    plan = recipe(
        optimiser={"name": "adamw", "lr": 0.02}, schedule={"epochs": 20, "kind": "cosine"}
    )
    done = run(stretches, Wires(tmp_path).session, task, "finetune", recipe=plan)
    assert value(done) > trivial(done, stretches) + 20
    assert done.cost.steps == 20 * 4
    assert done.cost.clips > 20 * 14 * OPTIONS["window"]


def test_a_probe_on_windows_keeps_the_backbone_and_learns(
    stretches: Dataset, tmp_path: Path
) -> None:
    plan = recipe(
        probe={"reads": "clips"},
        optimiser={"name": "adamw", "lr": 0.05},
        schedule={"epochs": 20, "kind": "cosine"},
    )
    done = run(stretches, Wires(tmp_path).session, "segmentation", "linear", recipe=plan)
    assert value(done) > trivial(done, stretches) + 15
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)["module"]
    fresh = build_network(NETWORK, None).state_dict()
    assert all(torch.equal(state[f"backbone.{name}"], old) for name, old in fresh.items())


def test_norms_drift_where_that_is_asked_for(stretches: Dataset, tmp_path: Path) -> None:
    plan = recipe(probe={"reads": "clips", "batch_norm": "train"}, schedule={"epochs": 1})
    run(stretches, Wires(tmp_path).session, "segmentation", "linear", recipe=plan)
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)["module"]
    fresh = build_network(NETWORK, None).state_dict()
    assert not torch.equal(state["backbone.norm.running_mean"], fresh["norm.running_mean"])
    assert torch.equal(state["backbone.conv.weight"], fresh["conv.weight"])


SHORT = {"schedule": {"epochs": 3, "kind": "cosine"}}


@pytest.mark.parametrize("task", TASKS_HERE)
@pytest.mark.parametrize("stop", [2, 7, 12 + 3])
def test_finetuning_stopped_anywhere_ends_with_the_same_bits(
    task: str, stop: int, stretches: Dataset, tmp_path: Path
) -> None:
    plan = recipe(**SHORT)
    whole = run(stretches, Wires(tmp_path / "whole").session, task, "finetune", recipe=plan)
    folder = tmp_path / "stopped"
    stopped = Wires(folder, stop=lambda call: call == stop).session
    with pytest.raises(Interrupted):
        run(stretches, stopped, task, "finetune", recipe=plan)
    resumed = run(stretches, Wires(folder).session, task, "finetune", recipe=plan)
    np.testing.assert_array_equal(resumed.predictions.scores, whole.predictions.scores)
    assert resumed.cost.clips == whole.cost.clips


@pytest.mark.parametrize("task", TASKS_HERE)
def test_a_probe_stopped_ends_with_the_same_bits(
    task: str, stretches: Dataset, rows: Rows, tmp_path: Path
) -> None:
    needs, plan = rows(), recipe(**SHORT, head={"dropout": 0.3})

    def done(folder: Path, **wires: Any) -> Evaluation:
        session = replace(Wires(folder, **wires).session, needs=needs)
        return run(stretches, session, task, "linear", recipe=plan)

    whole = done(tmp_path / "whole")
    with pytest.raises(Interrupted):
        done(tmp_path / "stopped", stop=lambda call: call == 5)
    resumed = done(tmp_path / "stopped")
    np.testing.assert_array_equal(resumed.predictions.scores, whole.predictions.scores)


def test_bf16_micro_batches_and_the_head_of_the_recipe_are_taken(
    stretches: Dataset, rows: Rows, tmp_path: Path
) -> None:
    needs, numerics = rows(), {"precision": "bf16", "micro_batch": 3}
    plan = recipe(**SHORT, numerics=numerics, head={"dropout": 0.1, "init": "normal"})
    for task in TASKS_HERE:
        for protocol in ("linear", "finetune"):
            session = replace(Wires(tmp_path / task / protocol).session, needs=needs)
            done = run(stretches, session, task, protocol, recipe=plan)
            assert np.isfinite(value(done))


@pytest.mark.parametrize("task", TASKS_HERE)
@pytest.mark.parametrize("protocol", ["linear_selected", "knn", "attentive", "frozen"])
def test_other_protocols_say_why_they_do_not_work(task: str, protocol: str) -> None:
    vectors = f"it reads one vector of each sample, and task {task} has other features"
    said = {
        "linear_selected": vectors,
        "knn": vectors,
        "attentive": f"it reads tokens of videos, and task {task} reads timeline",
        "frozen": f"task {task} needs training",
    }
    assert PROTOCOLS.get(protocol).refuses(TASKS.get(task)) == said[protocol]
    for works in ("linear", "finetune"):
        assert PROTOCOLS.get(works).refuses(TASKS.get(task)) == ""


@pytest.mark.parametrize("task", TASKS_HERE)
@pytest.mark.parametrize(
    ("protocol", "module"), [("finetune", "timeline.finetuning"), ("linear", "timeline.probing")]
)
def test_a_network_that_gives_nan_has_its_own_error(
    stretches: Dataset,
    rows: Rows,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    task: str,
    protocol: str,
    module: str,
) -> None:
    broken_after_training(monkeypatch, module)
    session = replace(Wires(tmp_path).session, needs=rows())
    short = recipe(schedule={"epochs": 1})
    with pytest.raises(NotFinite, match="the network's outputs hold NaN or infinity"):
        run(stretches, session, task, protocol, recipe=short)
