"""`source`: the videos to pretrain on; 16 classes with look, scenery and motion correlated."""

from severe_bench.data.procedural.world import ClassProfile, everyday_world

PROFILES = (
    ClassProfile("disc", "striped", "stripes", 0.00, 0.45, "right"),
    ClassProfile("square", "checked", "checks", 0.62, 0.10, "hop"),
    ClassProfile("triangle", "halved", "dots", 0.24, 0.70, "pulse"),
    ClassProfile("star", "spotted", "waves", 0.85, 0.33, "grow"),
    ClassProfile("cross", "wedged", "clouds", 0.47, 0.95, "orbit"),
    ClassProfile("ring", "striped", "bricks", 0.09, 0.58, "left"),
    ClassProfile("bar", "checked", "rings", 0.71, 0.20, "down"),
    ClassProfile("crescent", "halved", "ramp", 0.33, 0.83, "sway"),
    ClassProfile("disc", "wedged", "waves", 0.94, 0.52, "down"),
    ClassProfile("square", "spotted", "bricks", 0.56, 0.14, "pulse"),
    ClassProfile("triangle", "striped", "rings", 0.18, 0.77, "shrink"),
    ClassProfile("star", "checked", "ramp", 0.80, 0.39, "up"),
    ClassProfile("cross", "halved", "stripes", 0.42, 0.02, "sway"),
    ClassProfile("ring", "spotted", "checks", 0.05, 0.64, "grow"),
    ClassProfile("bar", "wedged", "clouds", 0.67, 0.27, "hop"),
    ClassProfile("crescent", "striped", "dots", 0.29, 0.89, "orbit"),
)


WORLD = everyday_world(PROFILES, train=2560, test=320, frames=24)
