import ast
import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from severe_bench.adapt.evaluate import Evaluation, run_evaluate
from severe_bench.adapt.inputs import Cost, Inputs, Outcome
from severe_bench.adapt.protocol import PROTOCOLS
from severe_bench.core.budget import Budget
from severe_bench.core.errors import Interrupted, NotFinite, UserError
from severe_bench.core.record import Dataset
from severe_bench.core.session import Session
from severe_bench.data.budgets import split_digest
from severe_bench.metrics.bootstrap import interval
from severe_bench.metrics.measure import METRICS
from severe_bench.tasks.task import TASKS
from severe_bench.train.errors import NanLoss
from tests.adapt.fakes import broken_after_training, evaluate_job, recipe
from tests.train.fakes import Wires

Needs = Callable[..., dict[str, Path]]
PROTOCOL_NAMES = ["finetune", "linear"]


def session_in(folder: Path, needs: dict[str, Path], wires: Wires | None = None) -> Session:
    return dataclasses.replace((wires or Wires(folder)).session, folder=folder, needs=needs)


def assert_same_evaluation(left: Evaluation, right: Evaluation) -> None:
    """Equal to the bit, but for the seconds."""
    for name in ("samples", "targets", "scores", "groups"):
        mine, other = getattr(left.predictions, name), getattr(right.predictions, name)
        np.testing.assert_array_equal(mine, other)
    assert left.metrics == right.metrics
    assert left.train_digest == right.train_digest
    assert left.cost.final_loss == right.cost.final_loss
    assert (left.cost.steps, left.cost.clips) == (right.cost.steps, right.cost.clips)


def test_looking_protocols_up_imports_no_torch() -> None:
    code = (
        "import sys; from severe_bench.adapt.protocol import PROTOCOLS;"
        "print([PROTOCOLS.get(name).reads for name in PROTOCOLS.names()]);"
        "sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0
    assert set(ast.literal_eval(done.stdout)) == {"clips", "features"}
    assert set(PROTOCOL_NAMES) <= set(PROTOCOLS.names())


@pytest.mark.parametrize("protocol", PROTOCOL_NAMES)
def test_what_an_evaluation_holds(
    protocol: str, dataset: Dataset, needs: Needs, tmp_path: Path
) -> None:
    job = evaluate_job(protocol, budget=Budget(count=7))
    done = run_evaluate(job, dataset, None, session_in(tmp_path / "cell", needs()))
    test = dataset.of("test")
    assert done.predictions.samples.tolist() == [record.sample for record in test]
    assert done.predictions.targets.tolist() == [record.label for record in test]
    assert done.predictions.groups.tolist() == [record.group for record in test]
    assert done.predictions.scores.dtype == np.float32
    np.testing.assert_allclose(done.predictions.scores.sum(1), 1.0, rtol=1e-5)
    assert len(set(done.train_samples)) == 7
    assert set(done.train_samples) <= {record.sample for record in dataset.of("train")}
    assert [metric.name for metric in done.metrics] == ["top1", "top5", "mean_per_class"]
    assert [metric.headline for metric in done.metrics] == [True, False, False]
    predictions = done.predictions
    for metric in done.metrics:
        measure = METRICS.get(metric.name)
        arrays = (predictions.scores, predictions.targets)
        assert metric.value == measure.value(*arrays)
        known = interval(measure, *arrays, predictions.groups) or (None, None)
        assert (metric.ci_low, metric.ci_high) == known
        assert (metric.n, metric.unit, metric.higher_is_better) == (9, "%", True)
    assert done.cost.steps == 4 * 2
    json.dumps([dataclasses.asdict(metric) for metric in done.metrics], allow_nan=False)


@pytest.mark.parametrize("protocol", PROTOCOL_NAMES)
@pytest.mark.parametrize("task", ["recognition", "counting", "two_heads"])
def test_any_task_by_any_protocol_to_the_same_bits(
    protocol: str, task: str, dataset: Dataset, needs: Needs, tmp_path: Path
) -> None:
    """A class, a number under dropout, two heads; stopped at every poll or not, twice the same."""
    folders, job = needs(), evaluate_job(protocol, task)
    whole = run_evaluate(job, dataset, None, session_in(tmp_path / "whole", folders))
    folder, stops = tmp_path / "stopped", 0
    while True:
        wires = Wires(folder, stop=lambda call: call == 1)
        try:
            pieces = run_evaluate(job, dataset, None, session_in(folder, folders, wires))
            break
        except Interrupted:
            stops += 1
    assert stops >= whole.cost.steps - 1
    assert_same_evaluation(pieces, whole)


@pytest.mark.parametrize("protocol", PROTOCOL_NAMES)
def test_learns_the_colour(protocol: str, dataset: Dataset, needs: Needs, tmp_path: Path) -> None:
    plan = recipe(schedule={"epochs": 30}, feature_views=2)
    job = evaluate_job(protocol, recipe=plan)
    done = run_evaluate(job, dataset, None, session_in(tmp_path / "cell", needs()))
    assert done.metrics[0].value == 100.0
    assert done.cost.final_loss < 0.7


@pytest.mark.parametrize("protocol", PROTOCOL_NAMES)
def test_shuffled_training_labels_give_chance(
    protocol: str, dataset: Dataset, needs: Needs, tmp_path: Path
) -> None:
    """Each colour trains as all three classes alike; only the test labels are as they were."""
    count = len(dataset.of("train"))
    shuffled = [
        dataclasses.replace(record, label=(number // 3) % 3) if number < count else record
        for number, record in enumerate(dataset.records)
    ]
    apart = dataclasses.replace(dataset, records=tuple(shuffled))
    plan = recipe(schedule={"epochs": 30})
    job = evaluate_job(protocol, recipe=plan)
    done = run_evaluate(job, apart, None, session_in(tmp_path / "cell", needs()))
    assert done.metrics[0].value < 67


@pytest.mark.parametrize("protocol", PROTOCOL_NAMES)
def test_the_seed_is_the_whole_difference(
    protocol: str, dataset: Dataset, needs: Needs, tmp_path: Path
) -> None:
    folders = needs()
    scores = [
        run_evaluate(
            evaluate_job(protocol, seed=seed), dataset, None, session_in(tmp_path / name, folders)
        ).predictions.scores
        for seed, name in ((0, "a"), (0, "b"), (1, "c"))
    ]
    np.testing.assert_array_equal(scores[0], scores[1])
    assert not np.array_equal(scores[0], scores[2])


def test_a_budget_by_the_cells_seed_draws_other_videos(
    dataset: Dataset, needs: Needs, tmp_path: Path
) -> None:
    folders = needs()
    drawn = []
    for seed in (0, 1):
        job = evaluate_job("linear", seed=seed, budget=Budget(per_class=2, draw="cell"))
        folder = session_in(tmp_path / str(seed), folders)
        drawn.append(run_evaluate(job, dataset, None, folder))
    assert drawn[0].train_samples != drawn[1].train_samples
    assert drawn[0].train_digest != drawn[1].train_digest
    assert len(drawn[0].train_samples) == 6


def test_samples_of_one_video_are_drawn_together_in_intervals(
    dataset: Dataset, needs: Needs, tmp_path: Path
) -> None:
    """Ten actions of a file are no ten independent videos; a group that is given counts first."""
    records = [dataclasses.replace(record, group=None) for record in dataset.records]
    parts = [
        dataclasses.replace(r, path=f"{number % 3}.mp4", group="g" if number % 3 == 0 else None)
        if r.split == "test"
        else r
        for number, r in enumerate(records)
    ]
    job = evaluate_job("linear")
    split = dataclasses.replace(dataset, records=tuple(parts))
    done = run_evaluate(job, split, None, session_in(tmp_path / "cell", needs()))
    assert set(done.predictions.groups.tolist()) == {"g", "1.mp4", "2.mp4"}


def test_the_digest_of_a_training_set_is_that_of_the_drawn_list(
    dataset: Dataset, needs: Needs, tmp_path: Path
) -> None:
    found = {}
    gone = frozenset({dataset.listed("train")[1].sample})
    for name, missing in (("whole", frozenset[str]()), ("less", gone)):
        split = dataclasses.replace(dataset, missing=missing)
        folder = session_in(tmp_path / name, needs())
        found[name] = run_evaluate(evaluate_job("linear"), split, None, folder)
    whole, less = found["whole"], found["less"]
    assert less.train_samples == tuple(s for s in whole.train_samples if s not in gone)
    listed = dataset.listed("train")
    assert {whole.train_digest, less.train_digest} == {split_digest(listed, range(len(listed)))}


@pytest.mark.parametrize("protocol", PROTOCOL_NAMES)
def test_a_diverging_run_has_its_own_error(
    protocol: str, dataset: Dataset, needs: Needs, tmp_path: Path
) -> None:
    plan = recipe(optimiser={"name": "sgd", "lr": 1e30})
    job = evaluate_job(protocol, "counting", recipe=plan)
    with pytest.raises(NanLoss, match="epoch 1, step"):
        run_evaluate(job, dataset, None, session_in(tmp_path / "cell", needs()))


@pytest.mark.parametrize(
    ("protocol", "module"),
    [("finetune", "finetuning"), ("linear", "probing"), ("linear_selected", "probing")],
)
def test_a_network_that_gives_nan_has_its_own_error(
    protocol: str,
    module: str,
    dataset: Dataset,
    needs: Needs,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken_after_training(monkeypatch, module)
    with pytest.raises(NotFinite, match="the network's outputs hold NaN or infinity"):
        run_evaluate(evaluate_job(protocol), dataset, None, session_in(tmp_path / "cell", needs()))


@pytest.mark.parametrize("split", ["train", "test"])
def test_an_empty_split_is_said(split: str, dataset: Dataset, tmp_path: Path) -> None:
    records = tuple(record for record in dataset.records if record.split != split)
    emptied = dataclasses.replace(dataset, records=records)
    with pytest.raises(UserError, match=r"there is no (training|test) sample"):
        run_evaluate(evaluate_job("finetune"), emptied, None, session_in(tmp_path, {}))


def test_a_wrong_test_label_is_said_before_training(dataset: Dataset, tmp_path: Path) -> None:
    last = dataclasses.replace(dataset.records[-1], label=9)
    broken = dataclasses.replace(dataset, records=(*dataset.records[:-1], last))
    with pytest.raises(UserError, match="class id 9"):
        run_evaluate(evaluate_job("finetune"), broken, None, session_in(tmp_path, {}))
    assert list(tmp_path.iterdir()) == []


def test_options_that_no_task_reads_are_refused(dataset: Dataset, tmp_path: Path) -> None:
    job = evaluate_job("finetune", task_options={"smoothing": 0.1})
    with pytest.raises(UserError, match=r"task_options\.smoothing: unknown"):
        run_evaluate(job, dataset, None, session_in(tmp_path, {}))


@pytest.mark.parametrize(("key", "name"), [("task", "recogntion"), ("protocol", "liner")])
def test_unknown_names_are_said(key: str, name: str, dataset: Dataset, tmp_path: Path) -> None:
    job = evaluate_job("finetune").model_copy(update={key: name})
    with pytest.raises(UserError, match="did you mean"):
        run_evaluate(job, dataset, None, session_in(tmp_path, {}))


def test_a_metric_of_the_task_that_nobody_has_is_said_before_training(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = dataclasses.replace(TASKS.get("recognition"), metrics=("top1", "top6"))
    monkeypatch.setattr(TASKS, "get", lambda _: wrong)
    with pytest.raises(UserError, match="unknown metric 'top6'; did you mean"):
        run_evaluate(evaluate_job("finetune"), dataset, None, session_in(tmp_path, {}))
    assert list(tmp_path.iterdir()) == []


def test_a_protocol_that_leaves_a_test_sample_out_is_refused(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cost = Cost(steps=0, clips=0, train_seconds=0.0, test_seconds=0.0, final_loss=0.0)

    def run(inputs: Inputs) -> Outcome:
        return Outcome(np.zeros((len(inputs.test) - 1, 3), np.float32), cost)

    short = dataclasses.replace(PROTOCOLS.get("finetune"), run=run)
    monkeypatch.setattr(PROTOCOLS, "get", lambda _: short)
    count = len(dataset.of("test"))
    with pytest.raises(UserError, match=f"protocol finetune: it scored {count - 1} of {count}"):
        run_evaluate(evaluate_job("finetune"), dataset, None, session_in(tmp_path, {}))
