"""The work of each kind of cell: find its inputs, call the room that does it, say what came out."""

from pathlib import Path

from severe_bench.core.digest import digest_of
from severe_bench.core.errors import UserError
from severe_bench.core.frozen import Frozen
from severe_bench.core.record import Dataset
from severe_bench.core.session import Session
from severe_bench.data.adapter import ADAPTERS, Adapter, Location
from severe_bench.plan.cell import Cell
from severe_bench.plan.job import (
    DatasetJob,
    DatasetRef,
    EvaluateJob,
    FeaturesJob,
    NetworkRef,
    PretrainJob,
)
from severe_bench.run.work import Outputs, Work
from severe_bench.store.cells import read_result
from severe_bench.store.predictions import Predictions
from severe_bench.store.result import MetricValue

WEIGHTS_FILE = "weights.pt"


def run_dataset(work: Work) -> Outputs:
    """Make a dataset that can be made.

    Raises:
        UserError: this dataset cannot be made.
    """
    job = work.cell.job
    assert isinstance(job, DatasetJob)  # noqa: S101 - the table in run.work says so
    adapter, options = _adapter(job.dataset)
    if adapter.generate is None:
        raise UserError(f"the dataset {adapter.name} cannot be made", mend="give its root folder")
    adapter.generate(options, work.session)
    return Outputs(dataset=job.dataset.digest)


def run_pretraining(work: Work) -> Outputs:
    """Pretrain; `weights.pt` is the output."""
    from severe_bench.pretrain.run import run_pretrain
    from severe_bench.run.torch_setup import prepare_torch

    job = work.cell.job
    assert isinstance(job, PretrainJob)  # noqa: S101 - as above
    prepare_torch(work.session.device, job.seed)
    dataset = load_dataset(job.dataset, work)
    summary = run_pretrain(job, dataset, work.session)
    return Outputs(
        clips=summary.clips,
        decoder=_decoder(dataset),
        seeds={"cell": job.seed},
        dataset=job.dataset.digest,
    )


def run_extraction(work: Work) -> Outputs:
    """Compute features of a split."""
    from severe_bench.adapt.features import run_features
    from severe_bench.run.torch_setup import prepare_torch

    job = work.cell.job
    assert isinstance(job, FeaturesJob)  # noqa: S101 - as above
    prepare_torch(work.session.device, job.seed)
    dataset = load_dataset(job.dataset, work)
    summary = run_features(job, dataset, weights_file(work), work.session)
    return Outputs(
        clips=summary.clips,
        decoder=_decoder(dataset),
        seeds={"cell": job.seed},
        weights=_weights_digest(job.network, work.session),
        split=digest_of([record.sample for record in dataset.of(job.split)]),
        dataset=job.dataset.digest,
    )


def run_evaluation(work: Work) -> Outputs:
    """Adapt, test and measure."""
    from severe_bench.adapt.evaluate import run_evaluate
    from severe_bench.adapt.parts import PARTS_FOLDER
    from severe_bench.run.torch_setup import prepare_torch

    job = work.cell.job
    assert isinstance(job, EvaluateJob)  # noqa: S101 - as above
    prepare_torch(work.session.device, job.seed)
    dataset = load_dataset(job.dataset, work)
    found = run_evaluate(job, dataset, weights_file(work), work.session)
    stored = found.predictions
    return Outputs(
        metrics=tuple(
            MetricValue.model_validate(metric, from_attributes=True) for metric in found.metrics
        ),
        predictions=Predictions(stored.samples, stored.targets, stored.scores, stored.groups),
        clips=found.cost.clips,
        decoder=_decoder_of_features(work.session) or _decoder(dataset),
        seeds={"cell": job.seed, **_budget_seed(job)},
        weights=_weights_digest(job.network, work.session),
        split=found.train_digest,
        dataset=job.dataset.digest,
        leftovers=(PARTS_FOLDER,),
    )


def load_dataset(ref: DatasetRef, work: Work) -> Dataset:
    """The dataset of a cell, from the cell that made it or from where it lies on this machine."""
    adapter, options = _adapter(ref)
    return adapter.load(options, location(work.cell, work.session))


def location(cell: Cell, session: Session) -> Location:
    """Where a cell's dataset lies."""
    made = session.needs.get("dataset")
    if made is not None:
        return Location(root=made, annotations=made)
    root, annotations = cell.places.dataset_root, cell.places.annotations
    return Location(Path(root) if root else None, Path(annotations) if annotations else None)


def weights_file(work: Work) -> Path | None:
    """The checkpoint of a cell's network; None for random weights."""
    made = work.session.needs.get("weights")
    if made is not None:
        return made / WEIGHTS_FILE
    given = work.cell.places.weights_file
    return Path(given) if given else None


def _adapter(ref: DatasetRef) -> tuple[Adapter[Frozen], Frozen]:
    adapter = ADAPTERS.get(ref.adapter)
    return adapter, adapter.options.model_validate(ref.options)


def _weights_digest(network: NetworkRef, session: Session) -> str:
    made = session.needs.get("weights")
    result = read_result(made) if made is not None else None
    file = result.files.get(WEIGHTS_FILE) if result is not None else None
    return file.sha256 if file is not None else network.weights.digest


def _budget_seed(job: EvaluateJob) -> dict[str, int]:
    return {"budget": job.seed if job.budget.draw == "cell" else job.budget.draw}


def _decoder(dataset: Dataset) -> str:
    from severe_bench.data.video import decoder_name

    return decoder_name(dataset.root / dataset.records[0].path) if dataset.records else ""


def _decoder_of_features(session: Session) -> str:
    folder = session.needs.get("test_features")
    result = read_result(folder) if folder is not None else None
    return result.provenance.decoder if result is not None else ""
