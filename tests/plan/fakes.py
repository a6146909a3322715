"""A small world of registered things, so that plans are tested without real data or networks."""

import hashlib
from pathlib import Path
from typing import Any

from pydantic import Field

from severe_bench.adapt.protocol import Protocol
from severe_bench.core.errors import UserError
from severe_bench.core.frozen import Frozen
from severe_bench.core.record import Dataset
from severe_bench.data.adapter import Adapter, Location
from severe_bench.models.backbone import Backbone
from severe_bench.models.layout import Layout
from severe_bench.tasks.task import NoOptions, Task


class WorldOptions(Frozen):
    world: str = "near"
    scale: float = Field(default=1.0, gt=0)


class FolderOptions(Frozen):
    split: int = 1


class MethodOptions(Frozen):
    temperature: float = Field(default=0.1, gt=0)


def _never(*_: Any) -> Any:
    raise AssertionError("a plan runs nothing")


def _folder_problems(options: FolderOptions, location: Location) -> list[str]:
    if location.root is None:
        return ["no root given"]
    return [] if location.root.is_dir() else [f"no folder {location.root}"]


def _folder_digest(options: FolderOptions, location: Location) -> str:
    listing = (location.annotations or location.root).joinpath("list.txt")
    if not listing.is_file():
        raise UserError("no such file", str(listing))
    return hashlib.sha256(listing.read_bytes()).hexdigest()


def _listed(_: FolderOptions, location: Location) -> Dataset:
    """The official list, which a plan reads to see whether videos are missing: none is listed."""
    return Dataset("folder", location.root or Path(), ("a", "b"), ())


WORLD = Adapter(
    name="world",
    options=WorldOptions,
    digest=lambda options, location: f"world-{options.world}-{options.scale}",
    problems=lambda options, location: [],
    load=_never,
    generate=_never,
)
FOLDER = Adapter(
    name="folder",
    options=FolderOptions,
    digest=_folder_digest,
    problems=_folder_problems,
    load=_listed,
)
SKELETONS = Adapter(
    name="skeletons",
    options=FolderOptions,
    digest=lambda options, location: "bones",
    problems=lambda options, location: [],
    load=_listed,
    modality="skeleton",
)


def _build(width: int = 8) -> Any:
    raise AssertionError("a plan builds nothing")


NET = Backbone("net", width=8, build=_build)
FIXED = Backbone("fixed", width=8, build=_build, frames=16, size=48)


class _Method:
    name = "contrast"
    kind = "ssl"
    options = MethodOptions
    needs = ()


TASK = Task("recognition", NoOptions, bind=_never, metrics=("top1", "top5"), headline="top1")


LAYOUT = Layout("native")
METHOD = _Method()
LINEAR = Protocol("linear", reads="features", run=_never, refuses=lambda task: "")
FINETUNE = Protocol("finetune", reads="clips", run=_never, refuses=lambda task: "")
