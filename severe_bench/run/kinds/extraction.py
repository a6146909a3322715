"""Cells that compute features; imports torch."""

from severe_bench.adapt.features import run_features
from severe_bench.adapt.parts import PARTS_FOLDER
from severe_bench.core.digest import digest_of
from severe_bench.plan.job import FeaturesJob
from severe_bench.run.kinds.incomplete import note_missing
from severe_bench.run.kinds.inputs import load_dataset, weights_digest, weights_file
from severe_bench.run.kinds.reading import DECODERS_FILE, counted
from severe_bench.run.torch_setup import prepare_torch
from severe_bench.run.work import Outputs, Work


def run_extraction(work: Work) -> Outputs:
    """Compute features of a split."""
    job = work.cell.job
    assert isinstance(job, FeaturesJob)  # noqa: S101 - run.work.RUNNERS says so
    prepare_torch(work.session.device, job.seed, job.recipe.numerics)
    dataset = load_dataset(job.dataset, work)
    with counted(work.session) as decoders:
        summary = run_features(job, dataset, weights_file(work, job.network), work.session)
    return Outputs(
        clips=summary.clips,
        decoders=decoders,
        seeds={"cell": job.seed},
        weights=weights_digest(job.network, work.session),
        split=digest_of([record.sample for record in dataset.of(job.split)]),
        dataset=job.dataset.digest,
        missing=note_missing(dataset, {job.split: dataset.listed(job.split)}, work.session),
        leftovers=(PARTS_FOLDER, DECODERS_FILE),
    )
