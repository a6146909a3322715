"""No reader ever sees half a file."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from severe_bench.core import atomic
from severe_bench.core.errors import UserError


def test_content_arrives_and_nothing_else_stays(tmp_path: Path) -> None:
    atomic.write_json(tmp_path / "new" / "a.json", {"b": 1, "a": "ü"})
    assert (tmp_path / "new" / "a.json").read_text() == '{\n  "a": "\\u00fc",\n  "b": 1\n}\n'
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.json"]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")

    def write_half() -> None:
        with atomic.atomic_path(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_half()
    assert path.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_nan_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        atomic.write_json(tmp_path / "a.json", {"loss": float("nan")})


def test_killed_writers_never_leave_half_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    code = (
        "import sys; from pathlib import Path; from severe_bench.core.atomic import write_text\n"
        "for i in range(10**9): write_text(Path(sys.argv[1]), str(i % 10) * 300_000)"
    )
    for _ in range(5):
        writer = subprocess.Popen([sys.executable, "-c", code, str(path)])
        while not path.exists():
            time.sleep(0.01)
        time.sleep(0.05)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        content = path.read_text()
        assert len(content) == 300_000
        assert len(set(content)) == 1


@pytest.mark.parametrize("number", sorted(atomic.MENDS))
def test_what_the_user_can_mend_is_one_line(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, content: bytes) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(UserError) as caught:
        atomic.write_text(tmp_path / "a.txt", "x")
    line = f"{tmp_path}/a.txt: cannot write: {os.strerror(number)}; {atomic.MENDS[number]}"
    assert str(caught.value) == line


@pytest.mark.parametrize("below", ["a.txt", "cells/a.txt", "demo/cells/a.txt"])
def test_a_file_in_place_of_a_folder(below: str, tmp_path: Path) -> None:
    (tmp_path / "results").write_text("")
    with pytest.raises(UserError, match="a file, or a link to nothing, stands where a folder"):
        atomic.write_text(tmp_path / "results" / below, "x")


def test_other_errors_are_not_disguised(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="device") as caught, atomic.atomic_path(tmp_path / "a.txt"):
        raise OSError(errno.ENODEV, "device broke")
    assert not isinstance(caught.value, UserError)


def test_a_folder_in_place_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(UserError, match="a folder stands where a file is needed"):
        atomic.write_text(tmp_path / "a.txt", "x")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_where_no_folder_can_be_made() -> None:
    with pytest.raises(UserError, match="No such file or directory; the folder is gone, or cannot"):
        atomic.write_text(Path("/proc/x/a.txt"), "x")


def test_a_file_that_a_writer_misses_is_no_fault_of_the_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), atomic.atomic_path(tmp_path / "a.txt"):
        (tmp_path / "source").read_bytes()


def test_what_stands_where_a_folder_is_to_be_made_is_told_apart(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to("nowhere")
    for name in ("file", "link"):
        for place in (tmp_path / name, tmp_path / name / "results"):
            with pytest.raises(UserError, match="Not a directory; a file, or a link to nothing"):
                atomic.require_writable(place)
