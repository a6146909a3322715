"""Cells that adapt, test and measure; imports torch."""

from severe_bench.adapt.evaluate import run_evaluate
from severe_bench.adapt.parts import PARTS_FOLDER
from severe_bench.plan.job import EvaluateJob
from severe_bench.run.kinds.incomplete import drawn, note_drawn, note_missing
from severe_bench.run.kinds.inputs import load_dataset, weights_digest, weights_file
from severe_bench.run.kinds.reading import DECODERS_FILE, counted
from severe_bench.run.torch_setup import prepare_torch
from severe_bench.run.work import Outputs, Work
from severe_bench.store.predictions import Predictions
from severe_bench.store.result import MetricValue


def run_evaluation(work: Work) -> Outputs:
    """Adapt, test and measure."""
    job = work.cell.job
    assert isinstance(job, EvaluateJob)  # noqa: S101 - run.work.RUNNERS says so
    prepare_torch(work.session.device, job.seed)
    dataset = load_dataset(job.dataset, work)
    with counted(work.session) as decoders:
        found = run_evaluate(job, dataset, weights_file(work, job.network), work.session)
    chosen = drawn(job, dataset)
    note_drawn(job, chosen, work.session)
    stored = found.predictions
    return Outputs(
        metrics=tuple(
            MetricValue.model_validate(metric, from_attributes=True) for metric in found.metrics
        ),
        predictions=Predictions(stored.samples, stored.targets, stored.scores, stored.groups),
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
