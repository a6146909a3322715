"""What the kinds of cells share: where their inputs lie, and what these are."""

from pathlib import Path

from severe_bench.core.digest import file_digest
from severe_bench.core.errors import UserError
from severe_bench.core.frozen import Frozen
from severe_bench.core.record import Dataset
from severe_bench.core.session import Session
from severe_bench.data.adapter import ADAPTERS, Adapter, Location
from severe_bench.data.prepared import of_prepared, prepared_digest
from severe_bench.plan.cell import Cell
from severe_bench.plan.job import DatasetRef, NetworkRef
from severe_bench.run.work import Work
from severe_bench.store.cells import read_result
from severe_bench.store.result import Result

WEIGHTS_FILE = "weights.pt"
TEST_FEATURES = "test_features"


def adapter_of(ref: DatasetRef) -> tuple[Adapter[Frozen], Frozen]:
    """The adapter of a dataset and its options, parsed."""
    adapter = ADAPTERS.get(ref.adapter)
    return adapter, adapter.options.model_validate(ref.options)


def load_dataset(ref: DatasetRef, work: Work) -> Dataset:
    """The dataset of a cell, from the cell that made it or from where it lies on this machine.

    Raises:
        UserError: its annotations are damaged, or not those that the cell's id stands for; or its
            videos are to be prepared and are not.
    """
    adapter, options = adapter_of(ref)
    where, places = location(work.cell, work.session), work.cell.places
    digest = adapter.digest(options, where)
    if places.prepared is not None:
        digest = prepared_digest(digest, places.prepared)
    if digest != ref.digest:
        raise _changed(f"the annotations of {adapter.name}", str(where.annotations or where.root))
    dataset = adapter.load(options, where)
    if places.prepared is None:
        return dataset
    folder = places.prepared_folder
    return of_prepared(dataset, places.prepared, None if folder is None else Path(folder))


def location(cell: Cell, session: Session) -> Location:
    """Where a cell's dataset lies."""
    made = session.needs.get("dataset")
    if made is not None:
        return Location(root=made, annotations=made)
    root, annotations = cell.places.dataset_root, cell.places.annotations
    return Location(Path(root) if root else None, Path(annotations) if annotations else None)


def weights_file(work: Work, network: NetworkRef) -> Path | None:
    """The checkpoint of a cell's network; None for random weights, and where features are read.

    Raises:
        UserError: a file that is not the one that the cell's id stands for.
    """
    made = work.session.needs.get("weights")
    if made is not None:
        return made / WEIGHTS_FILE
    given = work.cell.places.weights_file
    if given is None or TEST_FEATURES in work.session.needs:
        return None
    path = Path(given)
    if not path.is_file() or file_digest(path) != network.weights.digest:
        raise _changed("the checkpoint", given)
    return path


def weights_digest(network: NetworkRef, session: Session) -> str:
    """SHA-256 of the network's checkpoint; empty for random weights."""
    features = _result_of(session, TEST_FEATURES)
    if features is not None:
        return features.provenance.weights
    made = _result_of(session, "weights")
    return made.files[WEIGHTS_FILE].sha256 if made is not None else network.weights.digest


def decoder_of(dataset: Dataset, session: Session) -> str:
    """Name and version of what decoded the videos behind a cell's numbers."""
    from severe_bench.data.video import decoder_name

    features = _result_of(session, TEST_FEATURES)
    if features is not None:
        return features.provenance.decoder
    return decoder_name(dataset.root / dataset.records[0].path) if dataset.records else ""


def _changed(what: str, where: str) -> UserError:
    """The error for an input that changed between plan and use: the number would be another's."""
    mend = "start `severe run` again: it plans what is there now"
    return UserError(f"{what} changed since this run was planned", where, mend)


def _result_of(session: Session, role: str) -> Result | None:
    folder = session.needs.get(role)
    return read_result(folder) if folder is not None else None
