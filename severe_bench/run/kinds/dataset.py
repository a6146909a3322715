"""Cells that make a dataset."""

from severe_bench.core.errors import UserError
from severe_bench.plan.job import DatasetJob
from severe_bench.run.videos import adapter_of
from severe_bench.run.work import Outputs, Work


def run_dataset(work: Work) -> Outputs:
    """Make a dataset that can be made.

    Raises:
        UserError: this one cannot.
    """
    job = work.cell.job
    assert isinstance(job, DatasetJob)  # noqa: S101 - run.work.RUNNERS says so
    adapter, options = adapter_of(job.dataset)
    if adapter.generate is None:
        raise UserError(f"the dataset {adapter.name} cannot be made", mend="give its root folder")
    adapter.generate(options, work.session)
    return Outputs(dataset=job.dataset.digest)
