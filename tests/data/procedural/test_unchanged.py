"""Worlds that studies have been run on stay as they were filmed, to the pixel and to the byte.

The reference in `unchanged/` is what version 2 of the renderer gave. To make it anew after raising
the version: `python -m tests.data.procedural.test_unchanged`.
"""

import re
from pathlib import Path

import numpy as np
import pytest

from severe_bench.data.procedural.encode import encode_video
from severe_bench.data.procedural.generate import generate
from severe_bench.data.procedural.spec import RENDERER_VERSION, WorldSpec
from tests.data.procedural.stages import frames_in_memory

FOLDER = Path(__file__).parent / "unchanged"
WORLDS = ("source", "near", "far_motion", "far_gym", "fine_spin", "fine_path")
TABLES = ("annotations.csv", "classes.txt", "truth.jsonl")
DECIMAL = re.compile(r"-?\d+\.\d+")
PICTURES = (0, 7)
"""Which frames of a video are kept."""


def spec_of(world: str) -> WorldSpec:
    return WorldSpec(world=world, train=2, test=1, frames=8, size=48, seed=4)


def pictures(world: str) -> np.ndarray:
    videos = [*frames_in_memory(spec_of(world), "train", range(2))]
    videos += frames_in_memory(spec_of(world), "test", range(1))
    return np.stack([video[list(PICTURES)] for video in videos])


def test_the_version_is_the_one_of_the_reference() -> None:
    assert RENDERER_VERSION == 2


@pytest.mark.parametrize("world", WORLDS)
def test_pixels(world: str) -> None:
    kept = np.load(FOLDER / "frames.npz")[world].astype(int)
    differences = np.abs(pictures(world).astype(int) - kept)
    # Another processor may round the last bit of a sine differently: one level, in few pixels.
    assert differences.max() <= 1
    assert (differences > 0).mean() < 1e-3


def assert_alike(made: str, kept: str) -> None:
    """Equal but for the last of the four decimals, which another processor may round otherwise."""
    assert DECIMAL.sub("*", made) == DECIMAL.sub("*", kept)
    numbers = [np.array(DECIMAL.findall(text), float) for text in (made, kept)]
    np.testing.assert_allclose(*numbers, rtol=0, atol=1.5e-4)


@pytest.mark.parametrize("world", WORLDS)
def test_tables(world: str, tmp_path: Path) -> None:
    generate(spec_of(world), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [*TABLES, "dataset.json", "spec.json", "videos"]
    )
    for name in TABLES:
        assert_alike((tmp_path / name).read_text(), (FOLDER / world / name).read_text())
    video = tmp_path / "again.mp4"
    encode_video(*frames_in_memory(spec_of(world), "test", [0]), video, spec_of(world).fps)
    assert video.read_bytes() == (tmp_path / "videos" / "test_00000.mp4").read_bytes()


DIGESTS = {
    "source": "1a84a296fe6ada8af8adc1761409c26aa8849bb17806a0b6c58fbd254d736b06",
    "near": "abd11bec3dcef3b2c564bc2d76ea7a6dbbcff57ce4f03c43328c1724b08c391d",
    "far_motion": "3b2894b2956738c16a8f0cef49660029fe982e42ff1f69a5500d28b22b587488",
    "far_gym": "99bfb40aae45d541fca6752f3c8c23407c3994f0824f345deecf980cc0c1ca96",
    "fine_spin": "d8a4b45da36fd2f55ab5bf375ab68429d563d4088dc220a406643b3efd2a86fc",
    "fine_path": "b2f9e543757b9677eead28f26658c7b9ee0052398d1e5ee789af70c967fbeb97",
}
"""Of the worlds' own default specs: part of the ids of the demo's cells."""


@pytest.mark.parametrize("world", WORLDS)
def test_digests(world: str) -> None:
    assert WorldSpec(world=world).digest() == DIGESTS[world]


if __name__ == "__main__":
    np.savez_compressed(FOLDER / "frames.npz", **{world: pictures(world) for world in WORLDS})
    for world in WORLDS:
        generate(spec_of(world), FOLDER / world)
        for path in (FOLDER / world).rglob("*"):
            if path.name not in TABLES and path.is_file():
                path.unlink()
        (FOLDER / world / "videos").rmdir()
