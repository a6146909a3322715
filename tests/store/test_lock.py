"""Claims: exclusive, freed by death, told to other nodes by a heartbeat."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from severe_bench.core.errors import UserError
from severe_bench.store.lock import STALE_SECONDS, claim, owner

HOLD = """
import sys, time
from pathlib import Path
from severe_bench.store.lock import claim
held = claim(Path(sys.argv[1]))
print("held" if held else "refused", flush=True)
time.sleep(60)
"""


def test_only_one_can_hold_a_cell(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    first = claim(folder)
    assert first is not None
    assert claim(folder) is None
    assert owner(folder).pid == os.getpid()
    first.release()
    assert owner(folder) is None
    second = claim(folder)
    assert second is not None
    second.release()


def test_death_frees_the_cell(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    assert owner(folder).pid == process.pid
    assert claim(folder) is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (folder / "claim.json").exists()
    assert owner(folder) is None
    claim(folder).release()


def foreign_claim(folder: Path, age: float) -> None:
    folder.mkdir()
    path = folder / "claim.json"
    path.write_text(json.dumps({"host": "another-node", "pid": 1, "start": 0.0}))
    os.utime(path, (time.time() - age, time.time() - age))


def test_a_beating_heart_on_another_node_counts(tmp_path: Path) -> None:
    foreign_claim(tmp_path / "c", age=1)
    assert owner(tmp_path / "c").host == "another-node"
    assert claim(tmp_path / "c") is None


def test_a_stale_heart_does_not(tmp_path: Path) -> None:
    foreign_claim(tmp_path / "c", age=STALE_SECONDS + 5)
    assert owner(tmp_path / "c") is None
    held = claim(tmp_path / "c")
    assert held is not None
    held.release()


def test_a_lock_that_went_away_with_its_folder_is_no_lock(tmp_path: Path) -> None:
    held = claim(tmp_path / "c")
    (tmp_path / "c").rename(tmp_path / "moved")
    fresh = claim(tmp_path / "c")
    assert fresh is not None
    held.beat()
    fresh.release()


def test_a_file_in_place_of_the_folder_is_the_users_to_mend(tmp_path: Path) -> None:
    (tmp_path / "c").write_text("")
    with pytest.raises(UserError):
        claim(tmp_path / "c" / "d")


def test_a_file_system_without_locks_is_the_users_to_mend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: int) -> None:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr("severe_bench.store.lock.fcntl.flock", refuse)
    with pytest.raises(UserError, match=r"lock.*not implemented.*--results"):
        claim(tmp_path / "cell")
