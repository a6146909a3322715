"""Claims: exclusive, freed by death, told to other nodes by a heartbeat."""

import errno
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import pytest

from severe_bench.core.errors import LostClaim, UserError
from severe_bench.store.lock import ASLEEP_SECONDS, STALE_SECONDS, Claim, claim, owner

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

    monkeypatch.setattr(Path, "rename", late)
    assert claim(folder) is None
    assert owner(folder).host == "one"


def paused_beyond_reach(
    folder: Path, monkeypatch: pytest.MonkeyPatch, seconds: float = STALE_SECONDS + 5
) -> tuple[Claim, Claim]:
    """Node one holds a cell and sleeps, its machine suspended, say; node two takes the cell."""
    without_locks(monkeypatch)
    as_node(monkeypatch, "one")
    first = claim(folder)
    assert first is not None
    asleep(folder, seconds)
    as_node(monkeypatch, "two")
    second = claim(folder)
    assert second is not None
    return first, second


def asleep(folder: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(folder / "claim.json", (then, then))


def test_who_slept_too_long_has_lost_the_cell_and_leaves_the_claim_of_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "c"
    first, second = paused_beyond_reach(folder, monkeypatch)
    asleep(folder, 50)
    first.beat()
    assert time.time() - (folder / "claim.json").stat().st_mtime > 40
    assert (first.lost, second.lost) == (True, False)
    with pytest.raises(LostClaim):
        first.confirm()
    second.confirm()
    first.release()
    as_node(monkeypatch, "three")
    assert owner(folder).host == "two"
    assert claim(folder) is None
    second.release()
    assert owner(folder) is None


def test_even_where_its_claim_file_has_the_inode_of_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As most file systems give the number of a removed file to the next: here it is the same."""
    folder = tmp_path / "c"
    without_locks(monkeypatch)
    first = claim(folder)
    assert first is not None
    path = folder / "claim.json"
    before = path.stat().st_ino
    path.write_text(json.dumps({"host": "two", "pid": 1, "start": 0.0, "token": "theirs"}))
    assert path.stat().st_ino == before
    first.beat()
    assert first.lost
    first.release()
    assert owner(folder).host == "two"


def test_a_claim_that_is_gone_is_lost(tmp_path: Path) -> None:
    held = claim(tmp_path / "c")
    (tmp_path / "c" / "claim.json").unlink()
    held.beat()
    assert held.lost
    assert not (tmp_path / "c" / "claim.json").exists()
    held.release()


def test_a_holder_that_wakes_sees_its_loss_before_its_heart_beats(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = paused_beyond_reach(tmp_path / "c", monkeypatch)
    assert not first.lost  # it has looked a moment ago
    now = time.time()
    monkeypatch.setattr("severe_bench.store.lock.time.time", lambda: now + ASLEEP_SECONDS + 1)
    assert first.lost
    assert not second.lost


def test_a_file_system_that_does_not_answer_says_nothing_about_the_claim(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = claim(tmp_path / "c")

    def stale(*_: object) -> None:
        raise OSError(errno.ESTALE, "Stale file handle")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", stale)
        with pytest.raises(OSError, match="Stale"):
            held.beat()
        assert not held.lost
        with pytest.raises(UserError, match=r"Stale.*mount it again"):
            held.confirm()
    held.confirm()
    held.release()
    assert owner(tmp_path / "c") is None


def test_a_dead_node_whose_clock_was_ahead_keeps_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign_claim(tmp_path / "c", age=-3600)
    assert owner(tmp_path / "c") is None
    held = claim(tmp_path / "c")
    assert held is not None
    held.release()


def test_a_clock_a_little_ahead_is_a_living_nodes(tmp_path: Path) -> None:
    foreign_claim(tmp_path / "c", age=-STALE_SECONDS / 2)
    assert owner(tmp_path / "c").host == "another-node"
    assert claim(tmp_path / "c") is None


def test_who_takes_over_knows_when_the_heart_stopped(tmp_path: Path) -> None:
    foreign_claim(tmp_path / "c", age=1000)
    held = claim(tmp_path / "c")
    assert held.dead_since == pytest.approx(time.time() - 1000, abs=60)
    held.release()
    again = claim(tmp_path / "c")
    assert again.dead_since is None
    again.release()


def test_a_claim_made_while_the_last_one_was_let_go_of_is_not_taken_for_dead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Node two sees a claim, which is let go of before it looks; node three makes the next."""
    folder = tmp_path / "c"
    without_locks(monkeypatch)
    as_node(monkeypatch, "one")
    first = claim(folder)
    exists, read_bytes, others = Path.exists, Path.read_bytes, []

    def let_go(path: Path) -> bool:
        monkeypatch.setattr(Path, "exists", exists)
        found = exists(path)
        first.release()
        monkeypatch.setattr(Path, "read_bytes", overtaken)
        return found

    def overtaken(path: Path) -> bytes:
        monkeypatch.setattr(Path, "read_bytes", read_bytes)
        try:
            return read_bytes(path)
        finally:
            as_node(monkeypatch, "three")
            others.append(claim(folder))
            as_node(monkeypatch, "two")

    as_node(monkeypatch, "two")
    monkeypatch.setattr(Path, "exists", let_go)
    assert claim(folder) is None
    (third,) = others
    third.confirm()


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


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming two users needs root")
def test_users_of_one_group_take_over_each_others_cells() -> None:
    """One on a workstation, one on a cluster, a folder of their group, and a umask that shares."""
    with tempfile.TemporaryDirectory() as folder:  # nobody else may enter pytest's
        shared = Path(folder)
        shared.chmod(0o777)
        for user in (65501, 65502):
            child = os.fork()
            if child == 0:
                os.setgid(65500)
                os.setuid(user)
                os.umask(0o002)
                held = None
                with suppress(UserError):
                    held = claim(shared / "c")
                os._exit(0 if held else 1)  # and dies without a word
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, user
        assert (shared / "c" / "lock").stat().st_mode & 0o777 == 0o664
