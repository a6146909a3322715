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


def without_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a network disk whose locks reach one node only."""
    monkeypatch.setattr("severe_bench.store.lock.fcntl.flock", lambda *_: None)


def as_node(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr("severe_bench.store.lock.socket.gethostname", lambda: name)


def test_where_locks_do_not_reach_the_claim_file_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_locks(monkeypatch)
    as_node(monkeypatch, "one")
    first = claim(tmp_path / "c")
    as_node(monkeypatch, "two")
    assert claim(tmp_path / "c") is None
    first.release()
    second = claim(tmp_path / "c")
    assert second is not None
    assert json.loads((tmp_path / "c" / "claim.json").read_text())["host"] == "two"
    second.release()


def test_of_two_nodes_that_find_the_same_dead_claim_one_gets_the_cell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign_claim(tmp_path / "c", age=STALE_SECONDS + 5)
    without_locks(monkeypatch)
    as_node(monkeypatch, "one")
    first = claim(tmp_path / "c")
    as_node(monkeypatch, "two")
    assert first is not None
    assert claim(tmp_path / "c") is None


def test_a_claim_that_was_taken_over_meanwhile_is_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Node two looks at the dead claim, node one replaces it, node two moves what it finds."""
    folder = tmp_path / "c"
    foreign_claim(folder, age=STALE_SECONDS + 5)
    without_locks(monkeypatch)
    as_node(monkeypatch, "two")
    rename = Path.rename

    def late(path: Path, target: Path) -> Path:
        path.unlink()
        path.write_text(json.dumps({"host": "one", "pid": 1, "start": 0.0}))
        monkeypatch.setattr(Path, "rename", rename)
        return rename(path, target)

    blocker = folder / "keeps-the-inode"
    os.link(folder / "claim.json", blocker)
    monkeypatch.setattr(Path, "rename", late)
    assert claim(folder) is None
    assert owner(folder).host == "one"


def test_many_processes_without_locks_never_hold_a_cell_together(tmp_path: Path) -> None:
    """Real processes that believe to be different nodes, racing for one cell again and again."""
    code = """
import os, socket, sys, time
from pathlib import Path
from severe_bench.store import lock
lock.fcntl.flock = lambda *_: None
socket.gethostname = lambda: sys.argv[2]
folder, won = Path(sys.argv[1]), 0
until = time.monotonic() + 1.5
while time.monotonic() < until:
    held = lock.claim(folder)
    if held is None:
        continue
    inside = os.open(folder / "inside", os.O_CREAT | os.O_EXCL)
    os.close(inside)
    os.unlink(folder / "inside")
    won += 1
    held.release()
print(won)
"""
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "c"), f"node-{number}"],
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(3)
    ]
    counts = [int(racer.communicate()[0]) for racer in racers]
    assert [racer.returncode for racer in racers] == [0, 0, 0]
    assert sum(counts) > 0
