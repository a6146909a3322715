import os
import pickle
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from severe_bench.core.record import Record
from severe_bench.data.isolated import ReaderProcess
from severe_bench.data.store import VideoStore
from severe_bench.data.video import VideoError, probe, read_frames
from tests.data.films import film, numbers_of


def crash(path: Path) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def leave(path: Path) -> None:
    os._exit(3)


def hang(path: Path) -> None:
    time.sleep(600)


def stumble(path: Path) -> None:
    raise ZeroDivisionError("two\nlines")


def process_of(path: Path) -> int:
    return os.getpid()


def half(path: Path, number: int, *, of: int) -> float:
    return number / of


def test_answers_come_from_one_other_process() -> None:
    with ReaderProcess() as reader:
        first = reader.call(process_of, Path("a"))
        assert first == reader.call(process_of, Path("b")) != os.getpid()
        assert reader.call(half, Path("a"), 3, of=2) == 1.5


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (crash, r"crashes its reader \(SIGSEGV\)"),
        (leave, r"crashes its reader \(exit code 3\)"),
        (hang, "keeps its reader busy for 2 s"),
        (stumble, r"cannot be read \(ZeroDivisionError: two\)"),
    ],
)
def test_what_goes_wrong_there_is_that_files_fault(function, reason: str) -> None:  # noqa: ANN001
    with ReaderProcess(deadline=2) as reader:
        with pytest.raises(VideoError, match=rf"bad\.mp4: {reason}"):
            reader.call(function, Path("bad.mp4"))
        assert reader.call(half, Path("good.mp4"), 1, of=2) == 0.5


def test_the_process_ends_with_its_owner() -> None:
    with ReaderProcess() as reader:
        process = reader.call(process_of, Path("a"))
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_a_hung_process_is_gone() -> None:
    reader = ReaderProcess(deadline=1.5)
    process = reader.call(process_of, Path("a"))
    with pytest.raises(VideoError):
        reader.call(hang, Path("a"))
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_a_video_is_refused_there_as_here(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    with ReaderProcess() as reader, pytest.raises(VideoError, match=r"empty\.mp4: is empty"):
        reader.call(probe, tmp_path / "empty.mp4")


def test_a_store_can_read_apart(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", 20)
    store = VideoStore(tmp_path, deadline=60.0)
    record = Record("a", "a.mp4", 0, "train")
    assert np.array_equal(store.frames(record), read_frames(path, range(20)))
    copy = pickle.loads(pickle.dumps(store))  # noqa: S301 - our own bytes
    assert copy.deadline == 60.0
    assert numbers_of(copy.clip(record, [7, 3])) == [7, 3]


def test_a_store_survives_a_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film(tmp_path / "a.mp4", 20)
    store = VideoStore(tmp_path, deadline=60.0)
    monkeypatch.setattr("severe_bench.data.store.probe", crash)
    with pytest.raises(VideoError, match=r"a\.mp4: crashes its reader"):
        store.extent(Record("a", "a.mp4", 0, "train"))
    monkeypatch.setattr("severe_bench.data.store.probe", probe)
    assert store.extent(Record("a", "a.mp4", 0, "train")).frames == 20
