"""Files that the user names."""

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from severe_bench.cli.output import write_output
from severe_bench.core import atomic
from severe_bench.core.errors import UserError


def failing(code: int) -> Callable[[Path], None]:
    def fsync(path: Path) -> None:
        raise OSError(code, "no", str(path))

    return fsync


@pytest.mark.parametrize("code", [errno.EACCES, errno.ENOSPC, errno.EROFS])
def test_another_file_is_advised_not_another_results_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    monkeypatch.setattr(atomic, "_fsync", failing(code))
    with pytest.raises(UserError, match=r"x\.csv: cannot write: no; name another file") as found:
        write_output(tmp_path / "x.csv", b"a")
    assert "--results" not in str(found.value)
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_place_of_the_folder_is_said_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(UserError, match="a file, or a link to nothing, stands where a folder"):
        write_output(tmp_path / "a" / "x.csv", b"a")


def test_what_is_written_is_there(tmp_path: Path) -> None:
    write_output(tmp_path / "x.csv", b"a")
    assert (tmp_path / "x.csv").read_bytes() == b"a"


def test_a_folder_that_may_not_be_made_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    atomic.require_writable(tmp_path / "a" / "results")
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr("os.access", lambda place, mode: place != tmp_path)
    with pytest.raises(UserError, match="no permission: pass a --results folder"):
        atomic.require_writable(tmp_path / "a" / "results")
