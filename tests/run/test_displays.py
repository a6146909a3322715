"""What the user sees of a run."""

import io

from rich.console import Console

from severe_bench.plan.cell import Cell
from severe_bench.run.events import (
    Blocked,
    Event,
    Failed,
    Finished,
    Note,
    Outlook,
    Progressed,
    Retried,
    Started,
    Waiting,
)
from severe_bench.run.lines import outlook_line, progress_line
from severe_bench.run.live import LiveDisplay
from severe_bench.run.plain import PlainDisplay
from severe_bench.store.status import Snapshot
from tests.run.grids import evaluate


def named(seed: int, title: str) -> Cell:
    return evaluate(seed).model_copy(update={"title": title})


GOOD, BAD = named(0, "[red]tubelet[/red] / near / seed 0"), named(1, "bad one")
EVENTS: list[Event] = [
    Note("cell x is damaged"),
    Outlook(total=9, done=2, failed=0, running=0, seconds_left=130.0),
    Started(GOOD, "cpu 0"),
    Started(BAD, "cpu 1"),
    Progressed(GOOD, "cpu 0", Snapshot(stage="train", done=3, total=9, epoch=2, loss=0.5)),
    Retried(BAD, "its worker was killed by SIGKILL"),
    Failed(BAD, "nan_loss: loss is nan"),
    Blocked(named(2, "third"), BAD),
    Waiting(named(3, "fourth"), "process 3 on there"),
    Finished(GOOD, 3.2),
]


def test_plain_lines_say_what_happened_and_hold_no_control_codes() -> None:
    stream = io.StringIO()
    display = PlainDisplay(stream)
    for event in EVENTS:
        display(event)
    text = stream.getvalue()
    assert "\x1b" not in text
    for words in (
        "2/9 done, 0 running, about 2 min 10 s left",
        "done     [red]tubelet[/red] / near / seed 0 (3.2 s)",
        "FAILED   bad one: nan_loss: loss is nan",
        "blocked  third: it needs bad one, which failed",
        "again    bad one: its worker was killed by SIGKILL",
        "waiting  fourth: process 3 on there is at it",
        "cell x is damaged",
    ):
        assert words in text


def test_the_live_table_shows_lanes_and_takes_names_literally() -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=120, color_system=None)
    with LiveDisplay("demo", console) as live:
        for event in EVENTS[:5]:
            live.see(event)
        live._live.refresh()
        shown = stream.getvalue()
        for event in EVENTS[5:]:
            live.see(event)
    assert "[red]tubelet[/red] / near / seed 0" in shown
    assert "train epoch 2 3/9 loss 0.500" in shown
    assert "2/9 done" in shown
    assert "FAILED   bad one: nan_loss" in stream.getvalue()


def test_nothing_is_promised_when_all_has_ended() -> None:
    assert outlook_line(Outlook(3, 2, 1, 0, 0.0)) == "2/3 done, 0 running, 1 failed"


def test_a_clip_in_half_a_minute_is_no_clips_per_second() -> None:
    slow = Snapshot(stage="train", done=1, total=9, rate=1 / 30)
    assert progress_line(slow) == "train 1/9 2.0 clips/min"


def test_waiting_for_another_run_is_said_once_and_promises_nothing() -> None:
    stream = io.StringIO()
    display = PlainDisplay(stream)
    for done in (12, 12, 12):
        display(Outlook(14, done, 0, 0, 0.0, elsewhere=14 - done))
    display(Outlook(14, 14, 0, 0, 0.0))
    display(Outlook(14, 14, 0, 0, 0.0))
    assert [line.split(" ", 1)[1] for line in stream.getvalue().splitlines()] == [
        "14/14 done, 0 running"
    ]
    waiting = Outlook(14, 12, 0, 0, 0.0, elsewhere=2)
    assert outlook_line(waiting) == "12/14 done, 0 running, 2 in another run"


def test_on_80_columns_how_far_it_is_stays_on_one_line() -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=80, color_system=None)
    cell = named(0, "supervised / near-40-finetune / seed 0")
    far = Snapshot(stage="train", done=32, total=90, epoch=11, loss=1.17, rate=121.4)
    with LiveDisplay("demo", console) as live:
        live.see(Outlook(149, 120, 0, 2, 4860.0))
        live.see(Progressed(cell, "cpu 0", far))
        live._live.refresh()
        shown = stream.getvalue()
    assert "train epoch 11 32/90 loss 1.170 121.4 clips/s" in shown
    assert "120/149 done, 2 running, about 1 h 21 min left" in shown
