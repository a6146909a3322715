"""Events: appended whole, torn lines cost nothing but themselves."""

from pathlib import Path

import pytest

from severe_bench.store.events import (
    EventLog,
    attempts,
    close_attempt,
    comes_from_company,
    read_events,
)


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


def test_training_in_company_counts_as_time_and_not_as_an_attempt(tmp_path: Path) -> None:
    assert not comes_from_company(tmp_path)
    log = EventLog(tmp_path)
    log.add("started")
    log.add("interrupted", elapsed=2.0)
    log.add("in_company", elapsed=1.5, note="9 cells")
    assert comes_from_company(tmp_path)
    log.add("started")
    log.add("finished", elapsed=0.25)
    assert not comes_from_company(tmp_path)
    total = attempts(tmp_path)
    assert (total.count, total.resumed) == (2, 0)
    assert total.seconds == pytest.approx(3.75)


def test_a_loss_that_is_not_a_number_does_not_break_the_log(tmp_path: Path) -> None:
    EventLog(tmp_path).add("progress", loss=float("nan"), done=1)
    (event,) = read_events(tmp_path)
    assert event.loss is None
    assert event.done == 1


def test_who_stores_a_failure_for_a_worker_adds_no_time_and_takes_none_away(
    tmp_path: Path,
) -> None:
    """A worker of three hours, stopped; the run writes `failed`, in no time; then one minute."""
    lines = [
        '{"event": "started", "time": 10.0, "elapsed": 0.0}',
        '{"event": "interrupted", "time": 10810.0, "elapsed": 10800.0}',
        '{"event": "failed", "time": 10811.0, "elapsed": 0.001}',
        '{"event": "started", "time": 20000.0, "elapsed": 0.0}',
        '{"event": "finished", "time": 20060.0, "elapsed": 60.0}',
    ]
    (tmp_path / "events.jsonl").write_text("\n".join(lines) + "\n")
    assert attempts(tmp_path).seconds == pytest.approx(10860)


STARTED = '{"event": "started", "time": 1000.0, "elapsed": 0.0}'
PROGRESS = '{"event": "progress", "time": 1100.0, "elapsed": 100.0}'
OVER = '{"event": "interrupted", "time": 1150.0, "elapsed": 150.0}'
COMPANY = '{"event": "in_company", "time": 900.0, "elapsed": 7.0}'


@pytest.mark.parametrize(
    ("lines", "last_beat", "seconds"),
    [
        ([STARTED, PROGRESS], 4600.0, 3600.0),
        ([STARTED, PROGRESS], 1050.0, 100.0),  # clocks of two nodes
        ([STARTED], 1004.0, 4.0),
        ([STARTED, PROGRESS, OVER], 4600.0, 150.0),
        ([STARTED, OVER, STARTED], 1004.0, 154.0),
        ([COMPANY], 4600.0, 7.0),
        ([COMPANY, STARTED], 1004.0, 11.0),
        ([], 4600.0, 0.0),
    ],
)
def test_an_attempt_whose_worker_died_lasted_until_its_last_heartbeat(
    tmp_path: Path, lines: list[str], last_beat: float, seconds: float
) -> None:
    (tmp_path / "events.jsonl").write_text("".join(f"{line}\n" for line in lines))
    for _ in range(2):
        close_attempt(tmp_path, last_beat)
        assert attempts(tmp_path).seconds == pytest.approx(seconds)
