import os
import signal
import time
from pathlib import Path

import pytest

from severe_bench.data.isolated import ReaderProcess
from severe_bench.data.video import VideoError, probe


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


def test_a_reader_that_died_while_idle_is_not_the_next_files_fault() -> None:
    with ReaderProcess() as reader:
        os.kill(reader.call(process_of, Path("a")), signal.SIGKILL)
        time.sleep(0.2)
        assert reader.call(half, Path("b"), 1, of=2) == 0.5
        reader.kill()
        assert reader.call(half, Path("c"), 1, of=2) == 0.5


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


def test_an_orphan_that_hangs_ends_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("severe_bench.data.isolated.ORPHAN_SECONDS", 0.2)
    reader = ReaderProcess(deadline=0.5)
    reader._started()
    reader.deadline = 60  # ours: it may take long to start
    child = reader.call(process_of, Path("a"))
    assert reader._pipe is not None
    reader._pipe.send((hang, Path("a"), (), {}))  # and nobody waits for the answer
    assert reader._process is not None
    assert reader._process.wait(timeout=30) == -signal.SIGALRM
    assert reader._process.pid == child
    reader.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR2])
def test_signals_of_a_job_leave_it_to_its_parent(number: signal.Signals) -> None:
    with ReaderProcess(deadline=60) as reader:
        child = reader.call(process_of, Path("a"))
        os.kill(child, number)
        assert reader.call(process_of, Path("a")) == child
