"""`near`: ten other classes made in the same way as those of `source`."""

from severe_bench.data.procedural.world import ClassProfile, everyday_world

PROFILES = (
    ClassProfile("disc", "checked", "clouds", 0.15, 0.61, "orbit"),
    ClassProfile("square", "halved", "rings", 0.52, 0.30, "left"),
    ClassProfile("triangle", "wedged", "ramp", 0.90, 0.05, "up"),
    ClassProfile("star", "striped", "checks", 0.27, 0.80, "pulse"),
    ClassProfile("cross", "spotted", "dots", 0.65, 0.48, "sway"),
    ClassProfile("ring", "halved", "stripes", 0.38, 0.92, "hop"),
    ClassProfile("bar", "striped", "bricks", 0.76, 0.17, "shrink"),
    ClassProfile("crescent", "spotted", "waves", 0.03, 0.67, "right"),
    ClassProfile("star", "wedged", "clouds", 0.45, 0.36, "down"),
    ClassProfile("square", "striped", "dots", 0.82, 0.55, "grow"),
)


WORLD = everyday_world(PROFILES, train=400, test=600, frames=16)
