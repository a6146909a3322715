"""A dataset adapter: from official annotation files to a table of records."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from severe_bench.core.frozen import Frozen
from severe_bench.core.record import Dataset
from severe_bench.core.registry import Registry
from severe_bench.core.session import Session

Options = TypeVar("Options", bound=Frozen)


@dataclass(frozen=True)
class Location:
    """Where a dataset lies on this machine.

    Args:
        root: folder of the videos, or None when it is not given.
        annotations: folder of the official files; the root itself where not given.
    """

    root: Path | None
    annotations: Path | None


@dataclass(frozen=True)
class Adapter(Generic[Options]):
    """Functions over one dataset's official files; none of them opens a video.

    Args:
        name: registry name.
        options: schema of the `options` block in the yaml.
        digest: over everything in options and annotation files that can change a number.
        problems: what is missing, in words, cheaply; empty when it can be loaded.
        load: the table; raises `UserError` naming file and line for damaged files.
        generate: makes the data in a folder, for worlds that can be made; None for real data.
            A dataset with `generate` gets a `dataset` cell; `load` then gets that cell's folder.
        modality: what the videos show.
    """

    name: str
    options: type[Options]
    digest: Callable[[Options, Location], str]
    problems: Callable[[Options, Location], list[str]]
    load: Callable[[Options, Location], Dataset]
    generate: Callable[[Options, Session], None] | None = None
    modality: str = "rgb"


ADAPTERS: Registry[Adapter[Frozen]] = Registry(
    "dataset adapter",
    {
        "procedural": "severe_bench.data.datasets.procedural:PROCEDURAL",
        "manifest": "severe_bench.data.datasets.manifest:MANIFEST",
    },
    group="severe_bench.datasets",
)
