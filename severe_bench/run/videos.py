"""Whether the videos that cells are to read are all there, before any of them is run."""

from collections.abc import Iterable
from pathlib import Path

from severe_bench.core.frozen import Frozen
from severe_bench.data.adapter import ADAPTERS, Adapter, Location
from severe_bench.data.missing import MissingLists, Videos, require_complete
from severe_bench.data.prepared import prepared_digest
from severe_bench.plan.cell import Cell
from severe_bench.plan.job import DatasetRef


def adapter_of(ref: DatasetRef) -> tuple[Adapter[Frozen], Frozen]:
    """The adapter of a dataset and its options, parsed."""
    adapter = ADAPTERS.get(ref.adapter)
    return adapter, adapter.options.model_validate(ref.options)


def videos_of(ref: DatasetRef, cell: Cell) -> Videos | None:
    """Where a cell's videos lie, with the digest of the annotations as they are now.

    None for a dataset that lies nowhere on this machine: another cell makes it.
    """
    where = location_of(cell)
    if where.root is None:
        return None
    adapter, options = adapter_of(ref)
    digest, places = adapter.digest(options, where), cell.places
    if places.prepared is None:
        return Videos(digest, where.root)
    folder = None if places.prepared_folder is None else Path(places.prepared_folder)
    return Videos(prepared_digest(digest, places.prepared), where.root, places.prepared, folder)


def location_of(cell: Cell) -> Location:
    """Where a cell's dataset lies on this machine."""
    root, annotations = cell.places.dataset_root, cell.places.annotations
    return Location(Path(root) if root else None, Path(annotations) if annotations else None)


def require_videos(cells: Iterable[Cell]) -> None:
    """Refuse to begin where videos are missing and `allow_missing` was not asked for.

    Args:
        cells: to be run.

    Raises:
        UserError: naming how many samples, the first of them, and what to do.
    """
    readers = {
        (cell.job.dataset.digest, cell.places.dataset_root, cell.places.prepared_folder): cell
        for cell in cells
        if "test_features" not in cell.needs
        and cell.places.dataset_root is not None
        and not cell.places.allow_missing
    }
    lists = MissingLists()
    for cell in readers.values():
        ref = cell.job.dataset
        adapter, options = adapter_of(ref)
        where, videos = location_of(cell), videos_of(ref, cell)
        if videos is not None:
            found = lists.find(videos, lambda a=adapter, o=options, w=where: a.load(o, w))  # type: ignore[misc]
            require_complete(found, videos.root, cell.places.dataset)
