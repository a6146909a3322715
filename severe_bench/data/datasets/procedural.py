"""The built-in world as a dataset: made in a folder, then read like any manifest."""

import json
from dataclasses import replace
from pathlib import Path

from severe_bench.core.errors import UserError
from severe_bench.core.record import Dataset
from severe_bench.core.session import Progress, Session
from severe_bench.data.adapter import Adapter, Known, Location
from severe_bench.data.datasets.manifest import ManifestOptions, load_manifest
from severe_bench.data.procedural.spec import WorldSpec
from severe_bench.data.procedural.worlds import WORLDS


def generate(options: WorldSpec, session: Session) -> None:
    """Film the world into the session's folder; going on where an earlier call stopped.

    Raises:
        Interrupted: the session asked to stop.
    """
    from severe_bench.data.procedural import generate as film

    def progress(done: int, total: int) -> None:
        session.report(Progress("render", done, total))

    film.generate(options, session.folder, progress=progress, should_stop=session.should_stop)


def load(options: WorldSpec, location: Location) -> Dataset:
    """The table of a filmed world.

    Raises:
        UserError: the folder is incomplete, or holds another world.
    """
    if location.root is None:
        raise UserError("the built-in world has not been filmed yet", mend="run its dataset cell")
    path = location.root / "dataset.json"
    if not path.is_file():
        raise UserError("the built-in world is incomplete here", str(location.root), "run again")
    if _digest_in(path) != options.digest():
        mend = "remove the folder and run again"
        raise UserError("the folder holds another built-in world or version", str(path), mend)
    dataset = load_manifest(ManifestOptions(), Location(location.root, None))
    return replace(dataset, name=options.world)


def _digest_in(path: Path) -> str:
    try:
        return str(json.loads(path.read_text())["digest"])
    except (ValueError, KeyError, TypeError) as error:
        raise UserError("is damaged", str(path), "remove the folder and run again") from error


def digest(options: WorldSpec, location: Location) -> str:  # noqa: ARG001 - by contract
    """Of the specification and the renderer's version; the folder plays no part."""
    return options.digest()


def problems(options: WorldSpec, location: Location) -> list[str]:  # noqa: ARG001
    """None: what is missing can be made."""
    return []


def known(options: WorldSpec, location: Location) -> Known:  # noqa: ARG001 - by contract
    """As specified, filmed or not."""
    world = WORLDS.get(options.world)
    return Known(options.train, len(world.classes), frozenset(world.targets))


PROCEDURAL = Adapter(
    name="procedural",
    options=WorldSpec,
    digest=digest,
    problems=problems,
    load=load,
    generate=generate,
    known=known,
)
