"""What the kinds of cells share: where their inputs lie, and what these are."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

from severe_bench.core.digest import file_digest
from severe_bench.core.errors import UserError
from severe_bench.core.record import Dataset
from severe_bench.core.session import Session
from severe_bench.data.adapter import Location
from severe_bench.data.missing import MissingList, MissingLists, Videos, require_complete
from severe_bench.data.prepared import of_prepared
from severe_bench.plan.cell import Cell
from severe_bench.plan.checkpoints import checkpoint_digest, files_of, is_checkpoint
from severe_bench.plan.digests import FileDigests
from severe_bench.plan.job import DatasetRef, NetworkRef
from severe_bench.run.videos import adapter_of, location_of, videos_of
from severe_bench.run.work import Work
from severe_bench.store.cells import read_result
from severe_bench.store.layout import DIGESTS, SHARED
from severe_bench.store.result import Result

WEIGHTS_FILE = "weights.pt"
TEST_FEATURES = "test_features"


def load_dataset(ref: DatasetRef, work: Work) -> Dataset:
    """The dataset of a cell, from the cell that made it or from where it lies on this machine.

    Raises:
        UserError: its annotations are damaged, or not those that the cell's id stands for; it has
            two samples of one name; its videos are to be prepared and are not; or videos are
            missing and that was not asked for.
    """
    adapter, options = adapter_of(ref)
    where = location(work.cell, work.session)
    made = "dataset" in work.session.needs
    videos = None if made else videos_of(ref, work.cell)
    digest = videos.digest if videos else adapter.digest(options, where)
    if digest != ref.digest and not work.cell.places.allow_missing:
        raise _changed(adapter.name, where)
    dataset = adapter.load(options, where)
    _refuse_namesakes(dataset)
    if videos is None:
        return dataset
    missing = _missing(videos, dataset, work)
    if missing.identity(digest) != ref.digest:
        raise _changed(f"{adapter.name} or the list of its missing videos", where)
    dataset = replace(dataset, missing=missing.samples)
    if videos.prepared is None:
        return dataset
    return of_prepared(dataset, videos.prepared, videos.folder)


def _refuse_namesakes(dataset: Dataset) -> None:
    """Features, predictions and lists go by name: of two, one would stand for both."""
    counts = Counter(record.sample for record in dataset.records)
    twice = [name for name, count in counts.items() if count > 1]
    if twice:
        what = f"{len(twice)} names of samples occur more than once, first {twice[0]!r}"
        raise UserError(what, dataset.name, "give every sample a name of its own in its adapter")


def _missing(videos: Videos, dataset: Dataset, work: Work) -> MissingList:
    """Samples that cannot be read; where features are read, videos may be gone."""
    places = work.cell.places
    if TEST_FEATURES in work.session.needs and not places.allow_missing:
        return MissingList()
    found = MissingLists().find(videos, lambda: dataset)
    if not places.allow_missing:
        require_complete(found, videos.root, places.dataset or dataset.name)
    return found


def location(cell: Cell, session: Session) -> Location:
    """Where a cell's dataset lies."""
    made = session.needs.get("dataset")
    if made is not None:
        return Location(root=made, annotations=made)
    return location_of(cell)


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
    if not is_checkpoint(path) or checkpoint_digest(path, file_digest) != network.weights.digest:
        _forget_digests(path, work.session)
        raise _stale("the checkpoint", given)
    return path


def _forget_digests(path: Path, session: Session) -> None:
    """So that the next plan reads the files of a checkpoint, even if they look as they did."""
    digests = FileDigests(session.folder.joinpath("..", "..", "..", SHARED, DIGESTS))
    for file in files_of(path):
        digests.forget(file)
    digests.save()


def weights_digest(network: NetworkRef, session: Session) -> str:
    """SHA-256 of the network's checkpoint; empty for random weights."""
    features = _result_of(session, TEST_FEATURES)
    if features is not None:
        return features.provenance.weights
    made = _result_of(session, "weights")
    return made.files[WEIGHTS_FILE].sha256 if made is not None else network.weights.digest


def _changed(adapter: str, where: Location) -> UserError:
    return _stale(f"the annotations of {adapter}", str(where.annotations or where.root))


def _stale(what: str, where: str) -> UserError:
    """The error for an input that changed between plan and use: the number would be another's."""
    mend = "start `severe run` again: it plans what is there now"
    return UserError(f"{what} changed since this run was planned", where, mend)


def _result_of(session: Session, role: str) -> Result | None:
    folder = session.needs.get(role)
    return read_result(folder) if folder is not None else None
