"""Plans and states as plain lines."""

from typing import Any

from severe_bench.cli.listing import plan_lines, status_lines
from severe_bench.store.status import CellStatus, Snapshot, Status


def _view(*cells: dict[str, Any]) -> dict[str, Any]:
    span = {"low": 1.0, "expected": 90.0, "high": 7200.0}
    estimate = {
        "cells": 1, "parallel": 2, "compute_seconds": span, "wall_seconds": span,
        "disk_bytes": 2048, "basis": {"measured": 1},
    }  # fmt: skip
    return {"suite": "s", "cells": list(cells), "estimate": estimate, "left_out": ["no ucf101"]}


def test_a_plan_says_state_needs_reason_and_cost() -> None:
    lines = list(
        plan_lines(
            _view(
                {"id": "a1", "title": "dataset near", "state": "done", "needs": {}, "reason": ""},
                {"id": "b2", "title": "x", "state": "pending", "needs": {"dataset": "a1"},
                 "reason": ""},
                {"id": "c3", "title": "y", "state": "impossible", "needs": {"dataset": "a1"},
                 "reason": "no root"},
            )
        )
    )  # fmt: skip
    assert lines[:3] == [
        "done        a1  dataset near",
        "to run      b2  x             needs dataset near",
        "impossible  c3  y             no root",
    ]
    assert lines[4] == "s: 3 cells, 1 done, 1 to run, 1 impossible"
    assert "no ucf101" in lines
    assert lines[-3] == "left: 1 min 30 s on 2 worker(s) (1.0 s to 2 h 0 min)"
    assert lines[-2].strip().endswith("of disk")
    assert max(map(len, lines)) <= 80


def _status(*cells: CellStatus) -> Status:
    return Status(
        suite="s", complete=False, done=0, running=1, failed=1, pending=0, blocked=0,
        impossible=2, quarantined=("a1-then",), cells=cells,
    )  # fmt: skip


def test_a_status_names_what_wants_attention() -> None:
    running = Snapshot(stage="train", done=3, total=9, epoch=2)
    lines = list(
        status_lines(
            _status(
                CellStatus(id="a", title="t", kind="evaluate", state="running", progress=running),
                CellStatus(id="b", title="u", kind="evaluate", state="failed", reason="decode: x"),
                CellStatus(id="c", title="v", kind="evaluate", state="impossible", reason="no r"),
                CellStatus(id="d", title="w", kind="evaluate", state="impossible", reason="no r"),
            )
        )
    )
    assert lines == [
        "s: 4 cells, 1 running, 1 FAILED, 2 impossible",
        "running     a  t  train 3/9, epoch 2",
        "FAILED      b  u  decode: x",
        "impossible  2 cell(s): no r",
        "set aside   a1-then",
        "go on with: severe run s",
    ]


def _ended(*, complete: bool, failed: int, others: int = 0) -> Status:
    return Status(
        suite="s", complete=complete, done=0, running=0, failed=failed, pending=0, blocked=0,
        impossible=0, quarantined=(), cells=(), others=others,
    )  # fmt: skip


def test_the_last_line_of_a_status_is_the_command_that_helps() -> None:
    options = ["--config", "my study.yaml"]
    unfinished = list(status_lines(_ended(complete=False, failed=1), options))
    assert unfinished[-1] == "go on with: severe run s --config 'my study.yaml'"
    failed = list(status_lines(_ended(complete=True, failed=1), options))
    assert failed[-1] == (
        "mend what failed, then: severe run s --config 'my study.yaml' --retry failed"
    )
    assert list(status_lines(_ended(complete=True, failed=0)))[-1] == "complete"


def test_a_status_says_that_finished_cells_are_of_other_settings() -> None:
    lines = list(status_lines(_ended(complete=False, failed=0, others=3)))
    assert lines[1] == "not counted: 3 finished cell(s) of other settings"
    assert max(map(len, lines)) <= 80


def test_a_status_says_what_is_queued_and_what_was_lost() -> None:
    found = _status(
        CellStatus(id="a", title="t", kind="evaluate", state="queued"),
        CellStatus(id="b", title="u", kind="evaluate", state="pending", reason="process 7 on n1"),
    )
    lines = list(status_lines(found.model_copy(update={"queued": 1})))
    assert lines[0] == "s: 2 cells, 1 to run, 1 queued"
    assert lines[1] == "lost        b  u  process 7 on n1"
    assert lines[-1].endswith("severe run s --executor slurm")
