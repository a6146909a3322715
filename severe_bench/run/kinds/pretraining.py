"""Cells that pretrain; imports torch."""

from severe_bench.plan.job import PretrainJob
from severe_bench.pretrain.run import run_pretrain
from severe_bench.run.kinds.incomplete import drawn, note_drawn, note_missing
from severe_bench.run.kinds.inputs import load_dataset
from severe_bench.run.kinds.reading import DECODERS_FILE, counted
from severe_bench.run.torch_setup import prepare_torch
from severe_bench.run.work import Outputs, Work


def run_pretraining(work: Work) -> Outputs:
    """Pretrain; `weights.pt` is the output."""
    job = work.cell.job
    assert isinstance(job, PretrainJob)  # noqa: S101 - run.work.RUNNERS says so
    prepare_torch(work.session.device, job.seed, job.recipe.numerics)
    dataset = load_dataset(job.dataset, work)
    with counted(work.session) as decoders:
        summary = run_pretrain(job, dataset, work.session)
    chosen = drawn(job, dataset)
    note_drawn(job, chosen, work.session)
    return Outputs(
        clips=summary.clips,
        decoders=decoders,
        seeds={"cell": job.seed},
        dataset=job.dataset.digest,
        missing=note_missing(dataset, {"train": chosen}, work.session),
        leftovers=(DECODERS_FILE,),
    )
