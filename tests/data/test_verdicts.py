import os
from dataclasses import replace
from pathlib import Path

import pytest

from severe_bench.core.record import Record
from severe_bench.data.cache import cache_folder
from severe_bench.data.store import VideoStore
from severe_bench.data.verdicts import Verdicts
from severe_bench.data.video import VideoError, VideoInfo, probe
from tests.data.films import film

INFO = VideoInfo(3, 12.5, 48, 64, "h264", "mov,mp4", "yuv420p", True, True, 0.1, (0.0, 0.04, 0.5))


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "videos" / "a.mp4"
    path.parent.mkdir()
    path.write_bytes(b"video")
    return path


@pytest.mark.parametrize("info", [INFO, replace(INFO, times=None, seekable=False)])
def test_a_verdict_is_kept(tmp_path: Path, video: Path, info: VideoInfo) -> None:
    Verdicts(tmp_path / "cache").keep(video, info)
    assert Verdicts(tmp_path / "cache").find(video) == info
    assert Verdicts(tmp_path / "cache").find(video.with_name("b.mp4")) is None


def test_the_last_one_holds(tmp_path: Path, video: Path) -> None:
    verdicts = Verdicts(tmp_path / "cache")
    assert verdicts.find(video) is None
    verdicts.keep(video, INFO)
    verdicts.keep(video, replace(INFO, frames=9))
    found = verdicts.find(video)
    assert found is not None
    assert found.frames == 9


def test_a_refusal_is_kept(tmp_path: Path, video: Path) -> None:
    Verdicts(tmp_path / "cache").keep(video, VideoError("is truncated", str(video)))
    with pytest.raises(VideoError, match=r"a\.mp4: is truncated"):
        Verdicts(tmp_path / "cache").find(video)


def test_another_file_of_that_name_is_judged_anew(tmp_path: Path, video: Path) -> None:
    verdicts = Verdicts(tmp_path / "cache")
    verdicts.keep(video, INFO)
    os.utime(video, ns=(1, 1))
    assert verdicts.find(video) is None
    verdicts.keep(video, INFO)
    video.write_bytes(b"longer video")
    assert verdicts.find(video) is None


@pytest.mark.parametrize("line", ["", "{", "[]", '{"rules": "0"}', "\x00", '{"key": "a", "rules'])
def test_a_torn_line_is_passed_over(tmp_path: Path, video: Path, line: str) -> None:
    verdicts = Verdicts(tmp_path / "cache")
    verdicts.keep(video, INFO)
    (file,) = (tmp_path / "cache").iterdir()
    file.write_text(line + "\n" + file.read_text() + line)
    assert Verdicts(tmp_path / "cache").find(video) == INFO


def test_a_cache_that_cannot_be_written_keeps_nothing(tmp_path: Path, video: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    verdicts = Verdicts(tmp_path / "cache")
    verdicts.keep(video, INFO)
    assert verdicts.find(video) is None


def test_the_users_cache_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder("verdicts") == tmp_path / "severe-bench" / "verdicts"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder("verdicts").parent.parent == Path.home() / ".cache"


def test_the_store_takes_a_verdict_instead_of_looking(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = film(tmp_path / "a.mp4", 20)
    Verdicts().keep(path, replace(probe(path), fps=12.5))
    assert VideoStore(tmp_path).extent(Record("a", "a.mp4", 0, "train")).fps == 12.5
