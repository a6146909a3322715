"""What a run makes of failures that it finds."""

import re
from pathlib import Path
from typing import get_args

import pytest

from severe_bench.core.errors import UserError
from severe_bench.plan.cell import Cell
from severe_bench.run.events import Event, Note
from severe_bench.run.survey import survey
from severe_bench.store.cells import write_failure
from severe_bench.store.layout import BEST, CHECKPOINT, Layout
from severe_bench.store.result import Failure, FailureClass
from severe_bench.train.best import BEST_FILE
from severe_bench.train.checkpoint import CHECKPOINT_FILE
from tests.run.grids import evaluate


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "results", "demo")


def failed(layout: Layout, cell: Cell, failure_class: FailureClass) -> Path:
    folder = layout.folder(cell)
    (folder / "parts").mkdir(parents=True)
    for name in (CHECKPOINT, BEST):
        (folder / name).write_bytes(b"ten hours")
    failure = Failure(cell=cell.id, failure_class=failure_class, message="m")
    write_failure(folder, failure)
    return folder


@pytest.mark.parametrize("failure_class", get_args(FailureClass))
def test_a_retry_goes_on_from_the_checkpoint_but_after_nan(
    layout: Layout, failure_class: FailureClass
) -> None:
    cell, said = evaluate(0), list[Event]()
    folder = failed(layout, cell, failure_class)
    found = survey(layout, [cell], {"failed"}, said.append)
    assert found.to_run == (cell,)
    kept = failure_class != "nan_loss"
    assert [(folder / name).exists() for name in (CHECKPOINT, BEST)] == [kept, kept]
    (note,) = said
    assert isinstance(note, Note)
    words = "go on from their checkpoint: 1" if kept else "begin afresh.*not finite: 1"
    assert re.search(words, note.text)


def test_what_is_not_retried_is_left_alone(layout: Layout) -> None:
    cell, said = evaluate(0), list[Event]()
    folder = failed(layout, cell, "nan_loss")
    found = survey(layout, [cell], {"decode"}, said.append)
    assert found.failed == {cell.id: "nan_loss: m"}
    assert (folder / CHECKPOINT).exists()
    assert not said


def test_without_a_checkpoint_there_is_nothing_to_say(layout: Layout) -> None:
    cell, said = evaluate(0), list[Event]()
    folder = failed(layout, cell, "other")
    (folder / CHECKPOINT).unlink()
    survey(layout, [cell], {"other"}, said.append)
    assert not said


def test_the_names_are_those_of_training() -> None:
    assert (CHECKPOINT, BEST) == (CHECKPOINT_FILE, BEST_FILE)


def test_an_unknown_class_is_answered_with_the_nearest_or_with_all(layout: Layout) -> None:
    with pytest.raises(UserError, match="valid names: failed, oom, out_of_memory, missing_data"):
        survey(layout, [], ["foo"], lambda event: None)
    with pytest.raises(UserError, match=re.escape("did you mean nan_loss?")):
        survey(layout, [], ["nanloss"], lambda event: None)


def test_a_message_that_explains_itself_stands_without_its_class(layout: Layout) -> None:
    cells = [evaluate(seed) for seed in range(2)]
    failed(layout, cells[0], "user")
    failed(layout, cells[1], "decode")
    found = survey(layout, cells, (), lambda event: None)
    assert list(found.failed.values()) == ["m", "decode: m"]
