"""The built-in worlds by name; a module is imported when its world is asked for."""

from importlib import import_module

from severe_bench.core.errors import UserError
from severe_bench.data.procedural.world import World

WORLDS: dict[str, str] = {
    "source": "severe_bench.data.procedural.worlds.source",
    "near": "severe_bench.data.procedural.worlds.near",
    "far_motion": "severe_bench.data.procedural.worlds.far_motion",
    "fine_spin": "severe_bench.data.procedural.worlds.fine_spin",
}


def load_world(name: str) -> World:
    """Import the world called `name`.

    Raises:
        UserError: there is no such world; the message lists the names.
    """
    if name not in WORLDS:
        known = ", ".join(sorted(WORLDS))
        raise UserError(f"unknown built-in world '{name}'", mend=f"use one of {known}")
    world: World = import_module(WORLDS[name]).WORLD
    return world
