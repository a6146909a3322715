import numpy as np
import pytest

from severe_bench.data.procedural.textures import GROUNDS, SURFACES

X, Y = (axis.astype(np.float32) for axis in np.meshgrid(*[np.linspace(-3, 3, 241)] * 2))
U, V = X / 3, Y / 3
PHASES = tuple(np.random.default_rng(5).random(8).tolist())


@pytest.mark.parametrize("name", GROUNDS)
def test_ground_uses_both_of_its_colours(name: str) -> None:
    share = GROUNDS[name](X, Y, PHASES)
    assert share.shape == X.shape
    assert share.min() >= 0
    assert share.max() <= 1
    assert share.min() < 0.2
    assert share.max() > 0.8


@pytest.mark.parametrize("name", GROUNDS)
def test_phases_move_the_ground(name: str) -> None:
    other = tuple((phase + 0.3) % 1 for phase in PHASES)
    assert np.abs(GROUNDS[name](X, Y, PHASES) - GROUNDS[name](X, Y, other)).mean() > 0.05


@pytest.mark.parametrize("name", SURFACES)
def test_surface_on_a_disc_shows_a_turn(name: str) -> None:
    inside = np.hypot(U, V) < 0.9
    before = SURFACES[name](U, V)
    cos, sin = np.cos(0.5), np.sin(0.5)
    after = SURFACES[name]((U * cos - V * sin).astype(np.float32), U * sin + V * cos)
    assert np.abs(before - after)[inside].mean() > 0.1


@pytest.mark.parametrize("name", SURFACES)
def test_surface_shows_both_colours(name: str) -> None:
    share = SURFACES[name](U, V)[np.hypot(U, V) < 0.9]
    assert (share > 0.9).mean() > 0.05
    assert (share < 0.1).mean() > 0.05


def test_all_textures_differ() -> None:
    grounds = [GROUNDS[name](X, Y, PHASES).ravel() for name in GROUNDS]
    similar = np.abs(np.corrcoef(grounds)) - np.eye(len(grounds))
    assert similar.max() < 0.7
