import gc
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from severe_bench.core.errors import UserError
from severe_bench.data import tally
from severe_bench.data.loading import Prefetcher, ahead, usable_workers


def square(number: int) -> int:
    return number * number


def where(number: int) -> int:
    return os.getpid()


def slowly(number: int) -> tuple[int, int]:
    time.sleep(0.05)
    return number, os.getpid()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR2])
def test_signals_of_a_job_leave_loaders_to_their_parent(number: signal.Signals) -> None:
    """A cluster signals every process of a job, the fork server too; the loaders go on reading."""
    items = ahead(slowly, range(12), workers=2)
    found = [next(items), next(items)]
    loaders = {process for _, process in found}
    server = server_of(found[0][1])
    assert server != os.getpid()
    for process in (*loaders, server):
        os.kill(process, number)
    found.extend(items)
    assert [item for item, _ in found] == list(range(12))
    assert {process for _, process in found} == loaders
    assert list(ahead(square, [3], workers=1)) == [9], "the fork server starts new ones"


def test_loaders_end_with_their_reader() -> None:
    items = ahead(slowly, range(1000), workers=1)
    _, process = next(items)
    os.kill(process, signal.SIGTERM)
    del items
    gc.collect()
    assert vanished(process)


def vanished(process: int) -> bool:
    deadline = time.monotonic() + 60
    while Path(f"/proc/{process}").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    return not Path(f"/proc/{process}").exists()


def started(script: str) -> subprocess.Popen[str]:
    """A process that runs a script with the functions of this module; it prints two numbers."""
    begin = f"from tests.data.test_loading import ahead, errs, slowly, server_of\n{script}"
    command = [sys.executable, "-c", begin]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path.cwd())


def server_of(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[1])


def test_loaders_and_their_server_end_with_a_process_that_is_killed() -> None:
    script = """
items = ahead(slowly, range(1000), workers=1)
loader = next(items)[1]
print(loader, server_of(loader), flush=True)
list(items)
"""
    with started(script) as process:
        assert process.stdout is not None
        loader, server = map(int, process.stdout.readline().split())
        process.kill()
    assert vanished(loader)
    assert vanished(server)


def errs(number: int) -> tuple[int, int]:
    if number == 1:
        raise UserError("is empty", "b.mp4", "replace it")
    return slowly(number)


def test_a_process_that_keeps_an_error_can_end() -> None:
    script = """
items, kept = ahead(errs, range(1000), workers=1), []
loader = next(items)[1]
print(loader, server_of(loader), flush=True)
try:
    next(items)
except Exception as error:
    kept.append(error)
"""
    with started(script) as process:
        out, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    assert all(vanished(int(one)) for one in out.split())


def test_a_process_can_end_in_the_middle_of_reading() -> None:
    script = """
items = ahead(slowly, range(1000), workers=1)
loader = next(items)[1]
print(loader, server_of(loader), flush=True)
"""
    with started(script) as process:
        out, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    assert all(vanished(int(one)) for one in out.split())


def test_this_process_still_listens() -> None:
    assert list(ahead(square, [2], workers=1)) == [4]
    assert signal.getsignal(signal.SIGTERM) is not signal.SIG_IGN


def picky(number: int) -> int:
    if number == 2:
        raise UserError("is empty", "b.mp4", "replace it")
    return number


def test_items_come_in_order_from_other_processes() -> None:
    assert list(ahead(square, [3, 1, 2], workers=1)) == [9, 1, 4]
    assert os.getpid() not in set(ahead(where, range(3), workers=1))


def test_starting_over_elsewhere() -> None:
    read = Prefetcher(square, workers=1)
    assert [read(number) for number in (5, 6, 7, 2, 3)] == [25, 36, 49, 4, 9]


def test_the_users_errors_arrive_as_they_were() -> None:
    items = ahead(picky, range(4), workers=1)
    assert [next(items), next(items)] == [0, 1]
    with pytest.raises(UserError) as caught:
        next(items)
    assert str(caught.value) == "b.mp4: is empty; replace it"


def test_workers_follow_the_processors_that_may_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for usable, expected in ((1, 1), (2, 1), (4, 3), (64, 8)):
        monkeypatch.setattr(os, "sched_getaffinity", lambda pid, n=usable: set(range(n)))
        assert usable_workers() == expected


def counted(number: int) -> int:
    tally.count({"decord": number})
    return number


def test_what_decoded_the_items_is_told_with_them() -> None:
    """And only of those that were used, however far was read ahead."""
    tally.taken()
    items = ahead(counted, range(1, 9), workers=1)
    assert [next(items), next(items), next(items)] == [1, 2, 3]
    assert tally.taken() == {"decord": 6}
