import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from severe_bench.core.errors import UserError
from severe_bench.data import video
from severe_bench.data.decoders.decord import DecordDecoder
from severe_bench.data.decoders.pyav import PyAvDecoder
from severe_bench.data.video import VideoError
from tests.data.films import film, numbers_of

X265 = {"x265-params": "keyint=12:open-gop=1:log-level=none"}
ZOO = {
    "plain.mp4": ("libx264", {"g": "8", "bf": "0"}, True),
    "b_frames.mp4": ("libx264", {"g": "12", "bf": "3"}, True),
    "b_frames.mkv": ("libx264", {"g": "12", "bf": "3"}, True),
    "open_groups.mp4": ("libx264", {"x264-params": "open-gop=1:bframes=3:keyint=12"}, False),
    "open_groups_hevc.mp4": ("libx265", X265, False),
    "vp9.webm": ("libvpx-vp9", {"g": "12", "cpu-used": "8", "deadline": "realtime"}, True),
    "h264.avi": ("libx264", {"g": "12", "bf": "3"}, False),
    "xvid.avi": ("mpeg4", {"g": "12", "bf": "2"}, False),
    "mpeg4.mp4": ("mpeg4", {"g": "12", "bf": "2"}, False),
    "stream.ts": ("libx264", {"g": "12", "bf": "3"}, False),
}


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("zoo")
    for name, (codec, options, _) in ZOO.items():
        film(folder / name, 60, codec=codec, options=options)
    return folder


@pytest.fixture(scope="module")
def plain(zoo: Path) -> Path:
    return zoo / "plain.mp4"


@pytest.mark.parametrize("name", ZOO)
def test_every_format_gives_the_very_frames_asked_for(zoo: Path, name: str) -> None:
    asked = [59, 0, 47, 47, 13, 24, 23, 5]
    assert video.frame_count(zoo / name) == 60
    assert numbers_of(video.read_frames(zoo / name, asked)) == asked
    for number in (59, 35, 11, 1):
        assert numbers_of(video.read_frames(zoo / name, [number])) == [number]


@pytest.mark.parametrize("name", ZOO)
def test_only_files_with_exact_seeking_are_sought(zoo: Path, name: str) -> None:
    seekable = ZOO[name][2]
    assert video.probe(zoo / name).seekable is seekable
    expected = DecordDecoder() if seekable else PyAvDecoder()
    assert video.decoder_name(zoo / name) == expected.name


def test_the_trap_is_real(zoo: Path) -> None:
    """Were XVID sought with decord, wrong frames would come back: hence the rule."""
    info = video.probe(zoo / "xvid.avi")
    asked = [10, 25, 37, 50]
    assert numbers_of(DecordDecoder().read(zoo / "xvid.avi", asked, info)) != asked


@given(asked=st.lists(st.integers(0, 59), min_size=1, max_size=12))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_order_and_repetition(zoo: Path, asked: list[int]) -> None:
    assert numbers_of(video.read_frames(zoo / "b_frames.mp4", asked)) == asked


def test_both_decoders_give_the_same_pixels(zoo: Path) -> None:
    info = video.probe(zoo / "b_frames.mp4")
    asked = [0, 7, 30, 59]
    sought = DecordDecoder().read(zoo / "b_frames.mp4", asked, info)
    decoded = PyAvDecoder().read(zoo / "b_frames.mp4", asked, info)
    assert np.abs(sought.astype(int) - decoded).max() <= 1


def test_probe(plain: Path) -> None:
    info = video.probe(plain)
    assert (info.frames, info.fps, info.height, info.width) == (60, 25.0, 64, 64)
    assert info.codec == "h264"
    assert "mp4" in info.container


def test_names_state_package_and_version(plain: Path) -> None:
    import decord

    assert DecordDecoder().name == f"decord {decord.__version__}"
    assert PyAvDecoder().name == f"pyav {av.__version__}"


def test_without_decord_pyav_reads(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "decord", None)
    monkeypatch.setattr("severe_bench.data.decoders.decord.util.find_spec", lambda name: None)
    assert video.decoder_name(plain).startswith("pyav")
    assert numbers_of(video.read_frames(plain, [3, 50])) == [3, 50]


def test_decord_keeps_out_of_a_process_that_holds_cuda(
    plain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_initialized", lambda: True)
    import torch

    assert torch.cuda.is_initialized()
    assert video.decoder_name(plain).startswith("pyav")


def test_importing_costs_neither_decord_nor_torch() -> None:
    code = "import severe_bench.data.video, sys; print({'decord', 'torch'} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"


def broken(folder: Path, plain: Path, kind: str) -> Path:
    path = folder / f"{kind}.mp4"
    content = plain.read_bytes()
    if kind == "missing":
        return path
    if kind == "folder":
        path.mkdir()
        return path
    made = {
        "empty": b"",
        "garbage": bytes(np.random.default_rng(0).integers(0, 256, 5000, dtype=np.uint8)),
        "headless": content[len(content) // 2 :],
        "tailless": content[: len(content) // 2],
    }
    path.write_bytes(made[kind])
    return path


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("missing", "no such video"),
        ("folder", "no such video"),
        ("empty", "is empty"),
        ("garbage", "cannot be decoded"),
        ("headless", "cannot be decoded"),
        ("tailless", "cannot be decoded"),
    ],
)
def test_broken_files_are_named_with_the_reason(
    tmp_path: Path, plain: Path, kind: str, reason: str
) -> None:
    path = broken(tmp_path, plain, kind)
    with pytest.raises(VideoError, match=reason) as caught:
        video.read_frames(path, [0])
    assert isinstance(caught.value, UserError)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("between_frames", [False, True])
def test_a_truncated_file_with_a_whole_header_is_refused(
    tmp_path: Path, between_frames: bool
) -> None:
    whole = tmp_path / "whole.mp4"
    film(whole, 60)
    fast = tmp_path / "fast.mp4"
    with (
        av.open(str(whole)) as source,
        av.open(str(fast), "w", options={"movflags": "faststart"}) as target,
    ):
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.size:
                packet.stream = stream
                target.mux(packet)
    assert video.frame_count(fast) == 60
    with av.open(str(fast)) as container:
        ends = [p.pos + p.size for p in container.demux(video=0) if p.size]
    fast.write_bytes(fast.read_bytes()[: ends[40] if between_frames else ends[40] - 5])
    with pytest.raises(VideoError, match="truncated"):
        video.probe(fast)


def damaged(path: Path, whole: Path, number: int) -> Path:
    """The file with bytes of one frame (by decoding order) overwritten."""
    content = bytearray(whole.read_bytes())
    with av.open(str(whole)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        at, size = packets[number].pos, packets[number].size
    noise = np.random.default_rng(0).integers(0, 256, size // 2, dtype=np.uint8)
    content[at + size - len(noise) : at + size] = noise.tobytes()
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("number", [0, 8, 24])
def test_damage_within_a_file_is_found(tmp_path: Path, plain: Path, number: int) -> None:
    path = damaged(tmp_path / "damaged.mp4", plain, number)
    with pytest.raises(VideoError, match=f"frame {number} is damaged|cannot be decoded"):
        video.read_frames(path, [50])


def test_damage_in_a_file_that_is_not_sought(tmp_path: Path) -> None:
    whole = film(tmp_path / "whole.avi", 60, codec="libx264", options={"g": "12", "bf": "0"})
    path = damaged(tmp_path / "damaged.avi", whole, 24)
    with pytest.raises(VideoError, match=r"frame 24 is damaged|cannot be decoded"):
        video.read_frames(path, [24])


def test_decord_would_not_have_told(tmp_path: Path, plain: Path) -> None:
    """Why small files are looked through: the frames come back, and they are wrong."""
    path = damaged(tmp_path / "damaged.mp4", plain, 24)
    frames = DecordDecoder().read(path, list(range(60)), video.probe(plain))
    assert numbers_of(frames) != list(range(60))


def test_a_sound_file_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate = 16000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(VideoError, match="no video stream"):
        video.probe(path)


@pytest.mark.parametrize("index", [-1, 60, 1000])
def test_an_index_outside_is_refused(plain: Path, index: int) -> None:
    with pytest.raises(VideoError, match=f"frame {index} asked for, but it has 60 frames"):
        video.read_frames(plain, [0, index])


@pytest.mark.parametrize("decoder", [DecordDecoder(), PyAvDecoder()])
def test_decoders_refuse_a_file_with_fewer_frames_than_promised(
    plain: Path, decoder: video.Decoder
) -> None:
    info = replace(video.probe(plain), frames=80)
    with pytest.raises(VideoError, match=r"ends before frame 75|counts 60 frames"):
        decoder.read(plain, [75], info)


def test_decord_errors_become_one_line(tmp_path: Path, plain: Path) -> None:
    path = broken(tmp_path, plain, "garbage")
    with pytest.raises(VideoError, match="cannot be decoded by decord") as caught:
        DecordDecoder().read(path, [0], video.probe(plain))
    assert "\n" not in str(caught.value)


def test_errors_travel_between_processes() -> None:
    import pickle

    error = VideoError("is empty", "a.mp4")
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert isinstance(copy, VideoError)
    assert str(copy) == str(error)
