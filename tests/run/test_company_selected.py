"""Cells of linear_selected that train together: first all trials, then what these have chosen."""

import json
import logging
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from severe_bench.adapt.lockstep import COPIES
from severe_bench.adapt.products import HeadShape
from severe_bench.adapt.selection import SELECTION_FILE
from severe_bench.config.loading import load_config
from severe_bench.core.errors import Interrupted, LostClaim
from severe_bench.core.session import Progress
from severe_bench.plan.build import plan_suite
from severe_bench.plan.cell import Cell
from severe_bench.run import joint
from severe_bench.run.cell import How, run_cell
from severe_bench.run.company import Companies, can_have_fellows
from severe_bench.run.joint import train_company
from severe_bench.run.local import run_cells
from severe_bench.run.pool import Settings
from severe_bench.run.queue import Queue
from severe_bench.store.cells import check, read_failure
from severe_bench.store.events import attempts, read_events
from severe_bench.store.layout import CHECKPOINT, CLAIM, PREDICTIONS, Layout
from severe_bench.store.lock import Claim
from severe_bench.store.states import state_of
from severe_bench.train.loop import Training
from tests.run.test_company import LANES, ignore, never, noting

CONFIG = Path(__file__).with_name("company_selected.yaml")
CELLS = plan_suite(load_config(CONFIG), "small").cells
MEASURED = [cell for cell in CELLS if can_have_fellows(cell)]
SELECTED = [cell for cell in MEASURED if cell.label.experiment != "one"]
(TOO_SMALL,) = [cell for cell in MEASURED if cell.label.experiment == "one"]
TRIALS = Path("parts", "trials", CHECKPOINT)
CHECKPOINTS = (TRIALS, Path(CHECKPOINT))
TRIALS_ROW = HeadShape(100, 64).row


def run_alone(layout: Layout, cells: Sequence[Cell]) -> None:
    for cell in cells:
        ended = run_cell(layout, cell, How(), never, ignore)
        assert ended.state == ("failed" if cell is TOO_SMALL else "done"), ended.message


def numbers(layout: Layout) -> dict[str, object]:
    """Metrics, predictions to the byte, and what was tried and chosen."""
    found: dict[str, object] = {}
    for cell in SELECTED:
        folder = layout.folder(cell)
        result = check(folder)
        assert result is not None
        files = [(folder / name).read_bytes() for name in (PREDICTIONS, SELECTION_FILE)]
        found[cell.title] = result.metrics, files
    return found


def stages(layout: Layout) -> dict[str, int]:
    """How many stages each cell has gone through in company."""
    return {
        cell.title: sum(event.event == "in_company" for event in read_events(layout.folder(cell)))
        for cell in MEASURED
    }


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    """Results of cells that ran alone, one after another."""
    layout = Layout(tmp_path_factory.mktemp("quiet"), "small")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        run_alone(layout, CELLS)
    return layout


@pytest.fixture
def layout(quiet: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    """A results folder in which only the evaluated cells are left to run."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    shutil.copytree(quiet.results / "shared", tmp_path / "results" / "shared")
    return Layout(tmp_path / "results", "small")


@contextmanager
def no_training() -> Iterator[None]:
    """Every step of training fails."""

    def step(self: Training, *_: object) -> None:
        raise AssertionError(f"step {self.tally.steps} in {self.session.folder}")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Training, "_step", step)
        yield


def at_stage(number: int) -> Callable[[Progress], bool]:
    """Whether progress is told of this stage, 0 or 1, some way into it."""
    wanted = ("train 60 heads", "train 6 heads")[number]
    return lambda progress: progress.stage == wanted and progress.done >= 20


def test_budgets_and_seeds_are_fellows() -> None:
    queue = Queue(list(MEASURED), lambda cell: 1.0)
    first = queue.take(None)
    fellows = Companies(MEASURED, queue).form(first, idle=1)
    assert len({"seventeen", "twelve", "nine"} & {c.label.experiment for c in fellows}) == 3
    assert [first, *fellows] == MEASURED


def test_the_choices_differ(quiet: Layout) -> None:
    """Else the last heads would be no company of several rates."""
    reports = [json.loads((quiet.folder(c) / SELECTION_FILE).read_text()) for c in SELECTED]
    assert len({report["chosen"] for report in reports}) > 1


def test_each_finds_both_trainings_done_and_has_the_numbers_that_it_has_alone(
    layout: Layout, quiet: Layout, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        train_company(layout, MEASURED, How(), never, ignore)
    (message,) = caplog.messages
    assert message.startswith(f"{TOO_SMALL.title} trains alone: 1 training video is too few")
    assert stages(layout) == {cell.title: 2 for cell in SELECTED} | {TOO_SMALL.title: 0}
    for cell in SELECTED:
        folder = layout.folder(cell)
        assert state_of(folder) == "pending"
        assert (folder / CHECKPOINT).exists()
        assert (folder / TRIALS).exists()
    with no_training():
        run_alone(layout, CELLS)
    assert numbers(layout) == numbers(quiet)
    failure = read_failure(layout.folder(TOO_SMALL))
    assert failure is not None
    assert "too few to select with" in failure.message
    for cell in SELECTED:
        past = attempts(layout.folder(cell))
        assert (past.count, past.resumed) == (1, 0), "company is no attempt"
        assert not (layout.folder(cell) / TRIALS).exists()


@pytest.mark.parametrize("stage", [0, 1])
@pytest.mark.parametrize("again", ["alone", "in company", "in other company"])
def test_a_stop_in_either_stage_costs_no_bit(
    layout: Layout, quiet: Layout, stage: int, again: str
) -> None:
    told: list[Progress] = []
    reached = at_stage(stage)

    def stop() -> bool:
        return any(map(reached, told))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(joint, "TOLD_SECONDS", 0.0)
        with pytest.raises(Interrupted):
            train_company(layout, SELECTED, How(), stop, told.append)
    for cell in SELECTED:
        assert (layout.folder(cell) / TRIALS).exists()
        assert (layout.folder(cell) / CHECKPOINT).exists() == (stage == 1)
    if again != "alone":
        part = SELECTED if again == "in company" else SELECTED[1:4]
        train_company(layout, part, How(), never, ignore)
    run_alone(layout, CELLS)
    assert numbers(layout) == numbers(quiet)


def test_a_cell_whose_trials_are_done_alone_joins_for_the_rest(
    layout: Layout, quiet: Layout
) -> None:
    asked = iter(range(100000))
    ended = run_cell(layout, SELECTED[0], How(), lambda: next(asked) > 100, ignore)
    assert ended.state == "interrupted"
    assert (layout.folder(SELECTED[0]) / CHECKPOINT).exists()
    train_company(layout, SELECTED, How(), never, ignore)
    assert stages(layout)[SELECTED[0].title] == 1
    with no_training():
        run_alone(layout, CELLS)
    assert numbers(layout) == numbers(quiet)


@pytest.mark.parametrize("stage", [0, 1])
def test_a_company_that_lost_a_cell_writes_nothing_more(
    layout: Layout, quiet: Layout, stage: int
) -> None:
    stolen = layout.folder(SELECTED[1])
    told: list[Progress] = []
    found: list[Claim] = []
    reached = at_stage(stage)

    def stop() -> bool:
        if found and any(map(reached, told)):
            (stolen / CLAIM).write_text('{"host": "other", "pid": 1, "start": 0, "token": "x"}')
            for claimed in found:
                claimed._last_beat -= 1000
            found.clear()
        return False

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(joint, "TOLD_SECONDS", 0.0)
        patch.setattr(joint, "holding", noting(found))
        with pytest.raises(LostClaim):
            train_company(layout, SELECTED, How(), stop, told.append)
    assert not (stolen / CHECKPOINT).exists()
    assert (stolen / TRIALS).exists() == (stage == 1)
    assert stages(layout)[SELECTED[1].title] == stage
    (stolen / CLAIM).unlink()
    run_alone(layout, CELLS)
    assert numbers(layout) == numbers(quiet)


def test_memory_is_bounded_by_heads_too(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten heads of ten classes are more than the features of all cells."""
    own = COPIES * 4 * TRIALS_ROW + 2 * 17 * 64 * 4
    monkeypatch.setattr(joint, "HELD_BYTES", 2 * own)
    train_company(layout, SELECTED, How(), never, ignore)
    assert stages(layout) == {cell.title: 2 * (cell in SELECTED[:2]) for cell in MEASURED}


@pytest.mark.parametrize(
    ("cached", "sizes"),
    [
        (2 * TRIALS_ROW, ["2 cells", "6 cells"]),
        (5 * TRIALS_ROW, ["3 cells", "6 cells"]),
        (2 * TRIALS_ROW - 1, []),
    ],
)
def test_no_more_train_at_once_than_the_cache_holds(
    layout: Layout, quiet: Layout, monkeypatch: pytest.MonkeyPatch, cached: int, sizes: list[str]
) -> None:
    monkeypatch.setattr(joint, "CACHED", cached)
    train_company(layout, SELECTED, How(), never, ignore)
    for cell in SELECTED:
        events = [e for e in read_events(layout.folder(cell)) if e.event == "in_company"]
        assert [event.note for event in events] == sizes
    run_alone(layout, CELLS)
    assert numbers(layout) == numbers(quiet)


def test_a_stop_between_groups_leaves_the_rest_as_it_was(
    layout: Layout, quiet: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joint, "CACHED", 2 * TRIALS_ROW)

    def stop() -> bool:
        return (layout.folder(SELECTED[1]) / TRIALS).exists()

    with pytest.raises(Interrupted):
        train_company(layout, SELECTED, How(), stop, ignore)
    assert stages(layout) == {cell.title: int(cell in SELECTED[:2]) for cell in MEASURED}
    assert not (layout.folder(SELECTED[2]) / TRIALS).exists()
    train_company(layout, SELECTED, How(), never, ignore)
    with no_training():
        run_alone(layout, CELLS)
    assert numbers(layout) == numbers(quiet)


@pytest.mark.parametrize("lanes", [1, 2])
def test_a_run_forms_companies_and_changes_no_number(
    layout: Layout, quiet: Layout, lanes: int
) -> None:
    settings = Settings(LANES[:lanes], grace=60, losses=1000)
    assert run_cells(layout, list(CELLS), settings, lambda _: None).exit_code == 1
    assert {stages(layout)[cell.title] for cell in SELECTED} == {2}
    assert numbers(layout) == numbers(quiet)
    assert read_failure(layout.folder(TOO_SMALL)) is not None


@pytest.mark.slow
@pytest.mark.parametrize("stage", [0, 1])
def test_a_kill_in_either_stage_costs_no_bit(
    layout: Layout, quiet: Layout, monkeypatch: pytest.MonkeyPatch, stage: int
) -> None:
    monkeypatch.setenv("SEVERE_CHECKPOINT_SECONDS", "0.01")
    command = [sys.executable, "-m", "tests.run.test_company_selected", str(layout.results)]
    process = subprocess.Popen(command)
    while process.poll() is None and not _written(layout, stage):
        time.sleep(0.002)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    train_company(layout, SELECTED[:4], How(), never, ignore)
    run_alone(layout, CELLS)
    assert numbers(layout) == numbers(quiet)


def _written(layout: Layout, stage: int) -> bool:
    """Whether a stage has left its first checkpoint."""
    return any((layout.folder(cell) / CHECKPOINTS[stage]).exists() for cell in SELECTED)


if __name__ == "__main__":
    train_company(Layout(Path(sys.argv[1]), "small"), SELECTED, How(), never, ignore)
