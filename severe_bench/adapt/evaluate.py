"""One measured cell: a model adapted to a task on a dataset, tested, and its metrics."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from severe_bench.adapt.heads import shaped
from severe_bench.adapt.inputs import Cost, Inputs
from severe_bench.adapt.protocol import PROTOCOLS
from severe_bench.adapt.unit import UNITS
from severe_bench.config.problems import dotted, parse
from severe_bench.core.errors import UserError
from severe_bench.core.frozen import Frozen
from severe_bench.core.record import Dataset, Record
from severe_bench.core.session import Session
from severe_bench.data.budgets import draw, split_digest
from severe_bench.metrics.bootstrap import interval
from severe_bench.metrics.measure import METRICS, Measure
from severe_bench.plan.job import EvaluateJob
from severe_bench.tasks.task import TASKS, Task


@dataclass(frozen=True)
class MetricValue:
    """One measured number with its 95 % bootstrap interval over the `n` test samples.

    The interval is None where these are of too few groups.
    """

    name: str
    value: float
    unit: str
    higher_is_better: bool
    ci_low: float | None
    ci_high: float | None
    n: int
    headline: bool


@dataclass(frozen=True)
class Predictions:
    """Every test sample in official list order.

    Args:
        samples: (N,) ids.
        targets: (N, ...).
        scores: (N, ...) float32, views merged.
        groups: (N,) what is resampled together: groups, else videos.
    """

    samples: NDArray[np.str_]
    targets: NDArray[np.generic]
    scores: NDArray[np.float32]
    groups: NDArray[np.str_]


@dataclass(frozen=True)
class Evaluation:
    """The result of an evaluated cell.

    Args:
        metrics: in the task's order.
        train_samples: ids that the budget bought and that can be read, in draw order.
        train_digest: `split_digest` of the drawn list, `drawn.txt`. Where videos are missing, what
            was trained on is that list without them.
        selected_epoch: as of `Outcome`.
    """

    metrics: tuple[MetricValue, ...]
    predictions: Predictions
    train_samples: tuple[str, ...]
    train_digest: str
    cost: Cost
    selected_epoch: int | None = None


def run_evaluate(
    job: EvaluateJob, dataset: Dataset, weights_file: Path | None, session: Session
) -> Evaluation:
    """Draw the budget, adapt and test by the job's protocol, and measure.

    What was done before an interruption is in the session's folder (`checkpoint.pt`, `parts/`) and
    is not done again; both may be removed once the result is safe.

    Args:
        job: what to do.
        dataset: loaded; at least one training and one test record.
        weights_file: of the backbone, or None for random weights.
        session: folder, device, needs (`train_features`, `test_features` for `linear`).

    Raises:
        UserError: unknown names, an empty split, targets that the task cannot read, a protocol that
            does not score every test sample.
        NanLoss: in training.
        Interrupted: after saving, when the session asks to stop.
    """
    task = TASKS.get(job.task)
    measures = [METRICS.get(name) for name in task.metrics]
    drawn = drawn_of(job, dataset)
    inputs = inputs_of(job, dataset, drawn, weights_file, session)
    targets = inputs.targets(inputs.test).numpy()
    outcome = PROTOCOLS.get(job.protocol).run(inputs)
    if len(outcome.scores) != len(targets):
        what = f"it scored {len(outcome.scores)} of {len(targets)} test samples"
        raise UserError(what, f"protocol {job.protocol}", "return one row for each, in their order")
    predictions = _predictions(inputs.test, targets, outcome.scores)
    return Evaluation(
        metrics=tuple(
            _measured(name, measure, task, predictions)
            for name, measure in zip(task.metrics, measures, strict=True)
        ),
        predictions=predictions,
        train_samples=tuple(record.sample for record in _bought(dataset, drawn)),
        train_digest=split_digest(dataset.listed("train"), drawn),
        cost=outcome.cost,
        selected_epoch=outcome.selected_epoch,
    )


def _predictions(
    test: tuple[Record, ...], targets: NDArray[Any], scores: NDArray[Any]
) -> Predictions:
    return Predictions(
        samples=np.array([record.sample for record in test], dtype=np.str_),
        targets=targets,
        scores=scores,
        groups=np.array([record.together for record in test], dtype=np.str_),
    )


def _measured(
    name: str, measure: Measure, task: Task[Any], predictions: Predictions
) -> MetricValue:
    scores, targets = predictions.scores, predictions.targets
    low, high = interval(measure, scores, targets, predictions.groups) or (None, None)
    return MetricValue(
        name=name,
        value=measure.value(scores, targets),
        unit=measure.metric.unit,
        higher_is_better=measure.metric.higher_is_better,
        ci_low=low,
        ci_high=high,
        n=len(targets),
        headline=name == task.headline,
    )


def drawn_of(job: EvaluateJob, dataset: Dataset) -> tuple[int, ...]:
    """Which records of the official training list the job's budget buys, in draw order."""
    return draw(job.budget, dataset.listed("train"), len(dataset.classes), job.seed)


def inputs_of(
    job: EvaluateJob,
    dataset: Dataset,
    drawn: tuple[int, ...],
    weights_file: Path | None,
    session: Session,
) -> Inputs:
    """The task bound to its dataset, training and test records turned into its examples.

    The arguments are those of `run_evaluate`, and what `drawn_of` says.

    Raises:
        UserError: an empty split, options that the task does not have.
    """
    task = TASKS.get(job.task)
    records = _bought(dataset, drawn), dataset.of("test")
    _require_samples(dataset, *records)
    options = _options(task, job)
    unit = UNITS.get(task.unit or "clip")
    train, test = (unit.examples(split, task.unit_options(options)) for split in records)
    assignment = shaped(task, task.bind(options, dataset), job.recipe.head)
    ballots = None if task.ballots is None else task.ballots(options, dataset)
    return Inputs(job, dataset, task, assignment, train, test, weights_file, session, ballots)


def _bought(dataset: Dataset, drawn: tuple[int, ...]) -> tuple[Record, ...]:
    """Those of the drawn records whose videos are there."""
    pool = dataset.listed("train")
    return dataset.available(pool[index] for index in drawn)


def _options(task: Task[Any], job: EvaluateJob) -> Frozen:
    schema: type[Frozen] = task.options
    options, problems = parse(schema, job.task_options, ("task_options",))
    for problem in problems:
        raise UserError(f"{dotted(problem.loc)}: {problem.what}", f"task {task.name}", problem.mend)
    assert options is not None  # noqa: S101 - there was no problem
    return options


def _require_samples(dataset: Dataset, train: tuple[Record, ...], test: tuple[Record, ...]) -> None:
    for split, records in (("training", train), ("test", test)):
        if not records:
            mend = "check the dataset's lists and the budget"
            raise UserError(f"there is no {split} sample", dataset.name, mend)
