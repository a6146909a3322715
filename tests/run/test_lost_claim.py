"""A worker whose machine slept while another node took its cell."""

import errno
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from severe_bench.core.errors import LostClaim
from severe_bench.run import cell as module
from severe_bench.run.aftermath import store_failure
from severe_bench.run.cell import How, holding, run_cell
from severe_bench.run.kinds.reading import DECODERS_FILE, counted
from severe_bench.store import lock
from severe_bench.store.events import EventLog, attempts, read_events
from severe_bench.store.layout import CLAIM, Layout
from severe_bench.store.lock import STALE_SECONDS, Claim, claim
from tests.run.fake_kinds import RUNNERS
from tests.run.grids import evaluate
from tests.run.kinds.test_reading import session_in


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "results", "demo")


@contextmanager
def another_node(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The heart of this one stands still; another node finds the claim stale."""
    then = time.time() - STALE_SECONDS - 5
    os.utime(folder / CLAIM, (then, then))
    with monkeypatch.context() as there:
        there.setattr(lock.fcntl, "flock", lambda *_: None)
        there.setattr(lock.socket, "gethostname", lambda: "two")
        yield


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def taken_after(
    steps: int, folder: Path, monkeypatch: pytest.MonkeyPatch, found: list[dict[str, bytes]]
) -> Callable[[], bool]:
    """Polled as a stop is; after so many steps another node takes the cell, this one wakes."""
    asked = []

    def stop() -> bool:
        asked.append(1)
        if len(asked) == steps:
            with another_node(folder, monkeypatch):
                assert claim(folder) is not None
            (folder / "checkpoint.pt").write_text("[1, 2]")
            found.append(contents(folder))
            now = time.time()
            monkeypatch.setattr(lock.time, "time", lambda: now + 300)
        return False

    return stop


def test_who_lost_its_cell_writes_nothing_more_into_it(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEVERE_CHECKPOINT_SECONDS", "0")
    cell, found = evaluate(0, steps=50), list[dict[str, bytes]]()
    folder = layout.folder(cell)
    stop = taken_after(20, folder, monkeypatch, found)
    ended = run_cell(layout, cell, How(runners=RUNNERS), stop, lambda progress: None)
    assert ended.state == "busy"
    # the step in which it fell asleep may write its checkpoint, no step after it
    changed = {name for name, text in contents(folder).items() if found[0].get(name) != text}
    assert changed <= {"checkpoint.pt"}
    assert json.loads((folder / CLAIM).read_text())["host"] == "two"


@pytest.mark.parametrize("mode", ["", "bug", "deaf"])
def test_nor_a_result_or_a_failure_where_it_asks_no_more(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    cell, found = evaluate(0, mode=mode), list[dict[str, bytes]]()
    folder = layout.folder(cell)
    begin = module.memory.begin

    def taken() -> None:
        begin()
        with another_node(folder, monkeypatch):
            assert claim(folder) is not None
        found.append(contents(folder))

    monkeypatch.setattr(module.memory, "begin", taken)
    ended = run_cell(layout, cell, How(runners=RUNNERS), lambda: False, lambda progress: None)
    assert ended.state == "busy"
    assert contents(folder) == found[0]


def test_nor_does_one_that_was_asked_to_stop(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    cell, found = evaluate(0, steps=50), list[dict[str, bytes]]()
    folder = layout.folder(cell)
    begin = module.memory.begin

    def taken() -> None:
        begin()
        with another_node(folder, monkeypatch):
            assert claim(folder) is not None
        now = time.time()
        monkeypatch.setattr(lock.time, "time", lambda: now + 300)
        found.append(contents(folder))

    monkeypatch.setattr(module.memory, "begin", taken)
    ended = run_cell(layout, cell, How(runners=RUNNERS), lambda: True, lambda progress: None)
    assert ended.state == "busy"
    assert contents(folder) == found[0]


def test_a_result_that_another_wrote_meanwhile_stays(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    cell = evaluate(0)
    folder = layout.folder(cell)
    write = module.write_predictions

    def late(where: Path, predictions: object) -> None:
        monkeypatch.setattr(module, "write_predictions", write)
        with another_node(folder, monkeypatch):
            other = run_cell(layout, cell, How(runners=RUNNERS), lambda: False, lambda p: None)
        assert other.state == "done"

    monkeypatch.setattr(module, "write_predictions", late)
    ended = run_cell(layout, cell, How(runners=RUNNERS), lambda: False, lambda p: None)
    assert ended.state == "busy"
    events = [event.event for event in read_events(folder) if event.event != "progress"]
    assert events == ["started", "lost", "started", "finished"]
    assert run_cell(layout, cell, How(runners=RUNNERS), lambda: False, lambda p: None).state == (
        "done"
    )


def test_the_count_of_clips_is_not_written_into_anothers_folder(tmp_path: Path) -> None:
    with pytest.raises(LostClaim), counted(session_in(tmp_path)):
        raise LostClaim("c")
    assert not (tmp_path / DECODERS_FILE).exists()


def test_the_heart_beats_on_after_a_hiccup_of_the_disk(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    beats, real = list[int](), Claim.beat

    def stale(held: Claim) -> None:
        beats.append(1)
        if len(beats) == 1:
            raise OSError(errno.ESTALE, "Stale file handle")
        real(held)

    monkeypatch.setattr(Claim, "beat", stale)
    monkeypatch.setattr(module, "BEAT_SECONDS", 0.01)
    cell = evaluate(0)
    with holding(layout, cell) as held:
        assert held is not None
        path = layout.folder(cell) / CLAIM
        os.utime(path, (0, 0))
        deadline = time.monotonic() + 20
        while path.stat().st_mtime == 0 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert path.stat().st_mtime > 0


def dead_worker(layout: Layout, seconds: float) -> None:
    """A worker of another node that died after so many seconds, some minutes ago."""
    folder = layout.folder(evaluate(0))
    folder.mkdir(parents=True)
    EventLog(folder).start(host="two", pid=1)
    (began,) = (event.time for event in read_events(folder))
    events = folder / "events.jsonl"
    events.write_text(events.read_text().replace(str(began), str(began - 9000)))
    (folder / CLAIM).write_text(json.dumps({"host": "two", "pid": 1, "start": 0.0}))
    beat = began - 9000 + seconds
    os.utime(folder / CLAIM, (beat, beat))


def test_a_cell_costs_what_its_dead_worker_took_too(layout: Layout) -> None:
    dead_worker(layout, 3600)
    ended = run_cell(
        layout, evaluate(0), How(runners=RUNNERS), lambda: False, lambda progress: None
    )
    assert ended.state == "done"
    assert 3600 <= ended.seconds < 3700


def test_and_so_does_one_that_was_given_up(layout: Layout) -> None:
    dead_worker(layout, 3600)
    assert store_failure(layout, evaluate(0), "lost", "its worker died")
    found = attempts(layout.folder(evaluate(0)))
    assert found.count == 1
    assert found.seconds == pytest.approx(3600, abs=1)
