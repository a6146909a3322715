"""Where the videos lie that a cell reads."""

from pathlib import Path

from severe_bench.core.frozen import Frozen
from severe_bench.data.adapter import ADAPTERS, Adapter, Location
from severe_bench.data.missing import Videos
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
