"""Events: appended whole, torn lines cost nothing but themselves."""

from pathlib import Path

import pytest

from severe_bench.store.events import EventLog, attempts, read_events


def test_events_come_back_in_order(tmp_path: Path) -> None:
    log = EventLog(tmp_path)
    log.add("started", host="h", pid=3)
    log.add("progress", stage="train", done=1, total=2, loss=0.5)
    log.add("finished")
    assert [event.event for event in read_events(tmp_path)] == ["started", "progress", "finished"]
    assert list(read_events(tmp_path))[1].loss == 0.5


def test_a_torn_last_line_is_skipped_and_does_not_eat_the_next(tmp_path: Path) -> None:
    EventLog(tmp_path).add("started")
    with (tmp_path / "events.jsonl").open("ab") as stream:
        stream.write(b'{"event": "progr')
    assert [event.event for event in read_events(tmp_path)] == ["started"]
    EventLog(tmp_path).add("started")
    assert [event.event for event in read_events(tmp_path)] == ["started", "started"]


def test_attempts_sum_the_time_of_killed_ones_too(tmp_path: Path) -> None:
    lines = [
        '{"event": "started", "time": 10.0, "elapsed": 0.0}',
        '{"event": "progress", "time": 13.0, "elapsed": 3.0}',
        '{"event": "started", "time": 90.0, "elapsed": 0.0}',
        '{"event": "finished", "time": 92.5, "elapsed": 2.5}',
    ]
    (tmp_path / "events.jsonl").write_text("\n".join(lines) + "\n")
    total = attempts(tmp_path)
    assert (total.count, total.first) == (2, 10.0)
    assert total.seconds == pytest.approx(5.5)


def test_a_loss_that_is_not_a_number_does_not_break_the_log(tmp_path: Path) -> None:
    EventLog(tmp_path).add("progress", loss=float("nan"), done=1)
    (event,) = read_events(tmp_path)
    assert event.loss is None
    assert event.done == 1
