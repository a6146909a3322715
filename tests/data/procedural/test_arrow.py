"""`arrow`: the direction of time shows in the motion and in nothing else."""

from pathlib import Path

import av
import numpy as np
import pytest

from severe_bench.data.procedural.encode import encode_video
from severe_bench.data.procedural.film import scene_at
from severe_bench.data.procedural.generate import make_video
from severe_bench.data.procedural.scene import Frames
from severe_bench.data.procedural.spec import WorldSpec
from severe_bench.data.procedural.truth import video_path
from severe_bench.data.procedural.worlds.arrow import CODING
from tests.data.procedural.stages import frames_in_memory

SPEC = WorldSpec(world="arrow")


def decoded(path: Path) -> Frames:
    with av.open(str(path)) as container:
        return np.stack([f.to_ndarray(format="rgb24") for f in container.decode(video=0)])


@pytest.mark.parametrize("index", range(6))
def test_the_codec_leaves_no_trace_of_the_direction(index: int, tmp_path: Path) -> None:
    """Coding a video backwards gives, frame for frame, what coding it forwards gives."""
    (film,) = frames_in_memory(SPEC, "train", [index])
    encode_video(film, tmp_path / "there.mp4", 12, CODING)
    encode_video(film[::-1], tmp_path / "back.mp4", 12, CODING)
    there, back = decoded(tmp_path / "there.mp4"), decoded(tmp_path / "back.mp4")
    np.testing.assert_array_equal(there, back[::-1])
    assert np.abs(there.astype(float).mean(-1) - film.mean(-1)).mean() < 5


def test_the_usual_coding_would_leave_one(tmp_path: Path) -> None:
    (film,) = frames_in_memory(SPEC, "train", [0])
    encode_video(film, tmp_path / "there.mp4", 12)
    encode_video(film[::-1], tmp_path / "back.mp4", 12)
    assert (decoded(tmp_path / "there.mp4") != decoded(tmp_path / "back.mp4")[::-1]).any()


def test_the_world_is_filmed_with_that_coding(tmp_path: Path) -> None:
    make_video(SPEC, "train", 3, tmp_path)
    (film,) = frames_in_memory(SPEC, "train", [3])
    encode_video(film, tmp_path / "again.mp4", SPEC.fps, CODING)
    assert (tmp_path / video_path("train", 3)).read_bytes() == (tmp_path / "again.mp4").read_bytes()


def test_the_camera_knows_no_direction() -> None:
    """Its steps and their changes average to nothing, in both halves of the videos alike."""
    offsets = np.array([scene_at(SPEC, "train", k).camera.offset for k in range(200)])
    steps = np.linalg.norm(np.diff(offsets, axis=1), axis=2)
    early, late = steps[:, :11].mean(), steps[:, -11:].mean()
    assert early == pytest.approx(late, rel=0.05)
