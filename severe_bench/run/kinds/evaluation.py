"""Cells that adapt, test and measure; imports torch."""

from severe_bench.adapt import evaluate
from severe_bench.adapt.parts import PARTS_FOLDER
from severe_bench.core.record import Dataset
from severe_bench.plan.job import EvaluateJob
from severe_bench.run.kinds.incomplete import drawn, note_drawn, note_missing
from severe_bench.run.kinds.inputs import load_dataset, weights_digest, weights_file
from severe_bench.run.kinds.reading import DECODERS_FILE, counted
from severe_bench.run.torch_setup import prepare_torch
from severe_bench.run.work import Outputs, Work
from severe_bench.store.predictions import Predictions, name_array
from severe_bench.store.result import MetricValue
from severe_bench.tasks.task import TASKS


def run_evaluation(work: Work) -> Outputs:
    """Adapt, test and measure."""
    job = work.cell.job
    assert isinstance(job, EvaluateJob)  # noqa: S101 - run.work.RUNNERS says so
    prepare_torch(work.session.device, job.seed, job.recipe.numerics)
    dataset = load_dataset(job.dataset, work)
    with counted(work.session) as decoders:
        found = evaluate.run_evaluate(job, dataset, weights_file(work, job.network), work.session)
    chosen = drawn(job, dataset)
    note_drawn(job, chosen, work.session)
    return Outputs(
        metrics=tuple(
            MetricValue.model_validate(metric, from_attributes=True) for metric in found.metrics
        ),
        predictions=named(found.predictions, job, dataset),
        clips=found.cost.clips,
        decoders=decoders,
        seeds={
            "cell": job.seed,
            "budget": job.seed if job.budget.draw == "cell" else job.budget.draw,
        },
        weights=weights_digest(job.network, work.session),
        split=found.train_digest,
        dataset=job.dataset.digest,
        missing=note_missing(
            dataset, {"train": chosen, "test": dataset.listed("test")}, work.session
        ),
        selected_epoch=found.selected_epoch,
        leftovers=(PARTS_FOLDER, DECODERS_FILE),
    )


def named(found: evaluate.Predictions, job: EvaluateJob, dataset: Dataset) -> Predictions:
    """To be stored with the names of the classes, so that a reader needs no dataset."""
    names = TASKS.get(job.task).names
    lists = names(dataset) if names is not None else ()
    return Predictions(found.samples, found.targets, found.scores, found.groups, name_array(lists))
