import threading
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from severe_bench.core.errors import UserError
from severe_bench.data.procedural import encode
from severe_bench.data.procedural.encode import KEYFRAME_INTERVAL, encode_video
from severe_bench.data.procedural.scene import FloatArray, Frames
from severe_bench.data.procedural.spec import WorldSpec
from tests.data.procedural.stages import frames_in_memory

decord = pytest.importorskip("decord")

Decoder = Callable[[Path], Frames]
LUMA = np.array([0.299, 0.587, 0.114])


def with_decord(path: Path) -> Frames:
    reader = decord.VideoReader(str(path), num_threads=1)
    return reader.get_batch(range(len(reader))).asnumpy()


def with_pyav(path: Path) -> Frames:
    with av.open(str(path)) as container:
        return np.stack([f.to_ndarray(format="rgb24") for f in container.decode(video=0)])


def psnr(one: FloatArray, two: FloatArray) -> float:
    return 10 * np.log10(255**2 / np.mean((np.asarray(one, float) - two) ** 2))


def at_chroma_resolution(video: Frames) -> FloatArray:
    frames, height, width, _ = video.shape
    return video.reshape(frames, height // 2, 2, width // 2, 2, 3).mean(axis=(2, 4))


@pytest.fixture(params=["source", "near", "far_motion", "fine_spin"])
def frames(request: pytest.FixtureRequest) -> Frames:
    return frames_in_memory(WorldSpec(world=request.param), "train", [4])[0]


@pytest.fixture
def path(frames: Frames, tmp_path: Path) -> Path:
    encode_video(frames, tmp_path / "video.mp4", fps=12)
    return tmp_path / "video.mp4"


@pytest.mark.parametrize("decode", [with_decord, with_pyav])
def test_round_trip(frames: Frames, path: Path, decode: Decoder) -> None:
    decoded = decode(path)
    assert decoded.shape == frames.shape
    # 4:2:0 keeps brightness at full and colour at half resolution.
    assert psnr(decoded @ LUMA, frames @ LUMA) > 36
    assert psnr(at_chroma_resolution(decoded), at_chroma_resolution(frames)) > 30


def test_frames_are_in_order(path: Path, frames: Frames) -> None:
    decoded = with_decord(path).astype(float)
    errors = [[np.abs(a - b).mean() for b in frames.astype(float)] for a in decoded]
    assert np.argmin(errors, axis=1).tolist() == list(range(len(frames)))


def test_random_access_gives_the_same_frames(path: Path) -> None:
    reader = decord.VideoReader(str(path), num_threads=1)
    for index in (13, 2, 8, 15, 0):
        np.testing.assert_array_equal(reader[index].asnumpy(), with_decord(path)[index])


def test_stream_is_what_it_should_be(path: Path, frames: Frames) -> None:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.pix_fmt == "yuv420p"
        assert stream.average_rate == 12
        assert not stream.codec_context.has_b_frames
        decoded = list(container.decode(stream))
    keyframes = [index for index, frame in enumerate(decoded) if frame.key_frame]
    assert keyframes == list(range(0, len(frames), KEYFRAME_INTERVAL))
    times = np.diff([frame.time for frame in decoded])
    np.testing.assert_allclose(times, 1 / 12, atol=1e-6)


def test_bytes_are_the_same_every_time(path: Path, frames: Frames, tmp_path: Path) -> None:
    encode_video(frames, tmp_path / "again.mp4", fps=12)
    assert (tmp_path / "again.mp4").read_bytes() == path.read_bytes()


def test_missing_encoder_is_said(
    frames: Frames, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encode.av, "codecs_available", {"mpeg4"})
    with pytest.raises(UserError, match="without libx264"):
        encode_video(frames, tmp_path / "video.mp4", fps=12)


@pytest.mark.slow
@pytest.mark.parametrize("size", [32, 56])
def test_equal_frames_give_equal_bytes_while_another_thread_is_busy(
    size: int, tmp_path: Path
) -> None:
    """With x264's macroblock tree about one 32-pixel file in fifty came out otherwise."""
    spec = WorldSpec(world="near", train=10, test=10, size=size)
    films = frames_in_memory(spec, "train", range(10))
    done = threading.Event()

    def be_busy() -> None:
        while not done.wait(0.002):
            (tmp_path / "beat").write_text(str([1.5] * 100))

    busy = threading.Thread(target=be_busy)
    busy.start()
    try:
        found = [{_encoded(film, tmp_path) for _ in range(60)} for film in films]
    finally:
        done.set()
        busy.join()
    assert [len(each) for each in found] == [1] * len(films)


def _encoded(film: Frames, folder: Path) -> bytes:
    encode_video(film, folder / "film.mp4", 12)
    return (folder / "film.mp4").read_bytes()
