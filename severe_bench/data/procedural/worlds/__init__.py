"""The built-in worlds by name; a module is imported when its world is asked for."""

from severe_bench.core.registry import Registry
from severe_bench.data.procedural.world import World

WORLDS: Registry[World] = Registry(
    "built-in world",
    {
        "source": "severe_bench.data.procedural.worlds.source:WORLD",
        "near": "severe_bench.data.procedural.worlds.near:WORLD",
        "far_motion": "severe_bench.data.procedural.worlds.far_motion:WORLD",
        "far_gym": "severe_bench.data.procedural.worlds.far_gym:WORLD",
        "fine_spin": "severe_bench.data.procedural.worlds.fine_spin:WORLD",
        "fine_path": "severe_bench.data.procedural.worlds.fine_path:WORLD",
        "counted": "severe_bench.data.procedural.worlds.counted:WORLD",
        "together": "severe_bench.data.procedural.worlds.together:WORLD",
        "staged": "severe_bench.data.procedural.worlds.staged:WORLD",
        "keyed": "severe_bench.data.procedural.worlds.keyed:WORLD",
        "arrow": "severe_bench.data.procedural.worlds.arrow:WORLD",
        "routine": "severe_bench.data.procedural.worlds.routine:WORLD",
        "kitchen": "severe_bench.data.procedural.worlds.kitchen:WORLD",
    },
    group="severe_bench.worlds",
    of=World,
)
