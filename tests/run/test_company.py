"""Cells that train together: chosen fairly, and with the numbers that they have alone."""

import errno
import logging
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import pytest

from severe_bench.adapt.lockstep import COPIES
from severe_bench.adapt.products import HeadShape
from severe_bench.config.loading import load_config
from severe_bench.core.errors import Interrupted, LostClaim, UserError
from severe_bench.core.session import Progress
from severe_bench.plan.build import plan_suite
from severe_bench.plan.cell import Cell
from severe_bench.run import joint
from severe_bench.run.cell import How, run_cell
from severe_bench.run.company import Companies, are_fellows, can_have_fellows
from severe_bench.run.devices import ONE_THREAD, Lane
from severe_bench.run.events import Event, Retried
from severe_bench.run.joint import train_company
from severe_bench.run.local import run_cells
from severe_bench.run.pool import Settings
from severe_bench.run.queue import Queue
from severe_bench.store.cells import check, output_files, read_failure, write_result
from severe_bench.store.events import attempts, read_events
from severe_bench.store.layout import CHECKPOINT, CLAIM, PREDICTIONS, RESULT, Layout
from severe_bench.store.lock import Claim, claim
from severe_bench.store.states import state_of
from severe_bench.store.status import status
from tests.run.test_kill import children

CONFIG = Path(__file__).with_name("company.yaml")
LANES = tuple(Lane(f"cpu {n}", "cpu", ONE_THREAD) for n in range(2))
CELLS = plan_suite(load_config(CONFIG), "small").cells
LINEAR = [cell for cell in CELLS if can_have_fellows(cell)]
NEEDED = [cell for cell in CELLS if cell.label is None]


def never() -> bool:
    return False


def ignore(_: Progress) -> None:
    return None


def noting(found: list[Claim]) -> Callable[..., AbstractContextManager[Claim | None]]:
    """`holding` that adds to what was found."""
    real = joint.holding

    @contextmanager
    def noted(*args: object) -> Iterator[Claim | None]:
        with real(*args) as held:
            found.append(held)
            yield held

    return noted


def run_alone(layout: Layout, cells: Sequence[Cell]) -> None:
    for cell in cells:
        ended = run_cell(layout, cell, How(), never, ignore)
        assert ended.state == "done", ended.message


def run_small(results: Path, lanes: int = 2) -> int:
    settings = Settings(LANES[:lanes], grace=60, losses=1000)
    return run_cells(Layout(results, "small"), list(CELLS), settings, lambda _: None).exit_code


def numbers(results: Path) -> dict[str, object]:
    """Metrics, and predictions to the byte, of every evaluated cell."""
    layout = Layout(results, "small")
    found: dict[str, object] = {}
    for cell in CELLS:
        if cell.label is not None:
            result = check(layout.folder(cell))
            assert result is not None
            found[cell.title] = result.metrics, (layout.folder(cell) / PREDICTIONS).read_bytes()
    return found


def in_company(layout: Layout) -> set[str]:
    """Titles of cells that have trained together with others."""
    return {
        cell.title
        for cell in CELLS
        if any(event.event == "in_company" for event in read_events(layout.folder(cell)))
    }


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of cells that ran alone, one after another."""
    results = tmp_path_factory.mktemp("quiet")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        run_alone(Layout(results, "small"), CELLS)
    return results


@pytest.fixture
def layout(quiet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    """A results folder in which only the evaluated cells are left to run."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    shutil.copytree(quiet / "shared", tmp_path / "results" / "shared")
    return Layout(tmp_path / "results", "small")


# ------------------------------------------------------------------------------- who is chosen


def companies(cells: Sequence[Cell] = LINEAR) -> tuple[Queue, Companies]:
    queue = Queue(list(cells), lambda cell: 1.0)
    return queue, Companies(cells, queue)


def test_budgets_and_seeds_are_fellows_and_leave_the_queue_together() -> None:
    queue, found = companies()
    first = queue.take(None)
    fellows = found.form(first, idle=1)
    assert [first, *fellows] == LINEAR
    assert not queue.has_ready


def test_with_no_other_work_the_lanes_share() -> None:
    queue, found = companies()
    sizes = [1 + len(found.form(queue.take(None), idle)) for idle in (2, 1)]
    assert sizes == [3, 3]
    assert not queue.has_ready


def test_with_other_work_for_the_other_lane_all_stay_together() -> None:
    rest = [cell for cell in CELLS if cell.label and not can_have_fellows(cell)]
    queue, found = companies([*LINEAR, *rest[:1]])
    queue.withdraw(LINEAR[0])
    assert len(found.form(LINEAR[0], idle=2)) == 5


def test_a_cell_is_in_company_once() -> None:
    queue, found = companies()
    first = queue.take(None)
    for cell in [first, *found.form(first, idle=1)]:
        queue.put_back(cell)
    assert found.form(queue.take(None), idle=1) == ()


def test_only_what_is_ready_and_differs_in_nothing_else_is_a_fellow() -> None:
    queue, found = companies(CELLS)
    assert not any(queue.is_ready(cell) for cell in LINEAR)
    dropping = [cell for cell in CELLS if cell.label and not can_have_fellows(cell)]
    assert {cell.label.experiment for cell in dropping} == {"dropout"}
    recipe = LINEAR[1].job.recipe.model_copy(update={"batch_size": 9})
    other = LINEAR[1].model_copy(
        update={"job": LINEAR[1].job.model_copy(update={"recipe": recipe})}
    )
    assert are_fellows(LINEAR[0], LINEAR[1])
    assert not are_fellows(LINEAR[0], other)
    assert not are_fellows(LINEAR[0], LINEAR[0])
    assert found.form(LINEAR[0], idle=1) == ()


def test_a_task_that_is_not_installed_has_no_fellows() -> None:
    job = LINEAR[0].job.model_copy(update={"task": "elsewhere"})
    assert not can_have_fellows(LINEAR[0].model_copy(update={"job": job}))


# ------------------------------------------------------------------------------ what they leave


def test_each_finds_its_training_done_and_has_the_numbers_that_it_has_alone(
    layout: Layout, quiet: Path
) -> None:
    train_company(layout, LINEAR, How(), never, ignore)
    assert in_company(layout) == {cell.title for cell in LINEAR}
    for cell in LINEAR:
        assert state_of(layout.folder(cell)) == "pending"
        assert (layout.folder(cell) / CHECKPOINT).exists()
    shown = status(layout, CELLS)
    assert (shown.pending, shown.running, shown.failed) == (len(LINEAR) + 2, 0, 0)
    assert {row.reason for row in shown.cells} == {""}
    run_alone(layout, CELLS)
    assert numbers(layout.results) == numbers(quiet)
    for cell in LINEAR:
        past = attempts(layout.folder(cell))
        assert (past.count, past.resumed) == (1, 0), "company is no attempt"
        assert past.seconds > 0
        assert not (layout.folder(cell) / CHECKPOINT).exists()


def test_time_of_company_is_shared_out(layout: Layout) -> None:
    began = time.monotonic()
    train_company(layout, LINEAR, How(), never, ignore)
    taken = time.monotonic() - began
    shares = [attempts(layout.folder(cell)).seconds for cell in LINEAR]
    assert 0.5 * taken < sum(shares) <= taken
    assert shares[0] > shares[4], "17 videos take longer than 9"


def test_what_is_held_done_or_failed_is_left_out(layout: Layout) -> None:
    held = claim(layout.folder(LINEAR[0]))
    assert held is not None
    run_alone(layout, LINEAR[1:2])
    train_company(layout, LINEAR, How(), never, ignore)
    assert in_company(layout) == {cell.title for cell in LINEAR[2:]}
    held.release()
    before = (layout.folder(LINEAR[1]) / RESULT).read_bytes()
    train_company(layout, LINEAR, How(), never, ignore)
    assert (layout.folder(LINEAR[1]) / RESULT).read_bytes() == before
    assert LINEAR[0].title not in in_company(layout), "one alone is no company"


def test_a_stop_leaves_checkpoints_that_are_resumed_from(layout: Layout, quiet: Path) -> None:
    asked = iter(range(1000))
    with pytest.raises(Interrupted):
        train_company(layout, LINEAR, How(), lambda: next(asked) > 40, ignore)
    assert all((layout.folder(cell) / CHECKPOINT).exists() for cell in LINEAR)
    run_alone(layout, CELLS)
    assert numbers(layout.results) == numbers(quiet)


def test_a_member_that_cannot_train_harms_no_other(
    layout: Layout, quiet: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = joint.inputs_of

    def broken(job: object, *rest: object) -> object:
        if job is LINEAR[2].job:
            raise ValueError("no such video")
        return real(job, *rest)

    monkeypatch.setattr(joint, "inputs_of", broken)
    with caplog.at_level(logging.WARNING):
        train_company(layout, LINEAR, How(), never, ignore)
    assert "supervised / linear-12 / seed 0 trains alone: no such video" in caplog.text
    assert in_company(layout) == {cell.title for cell in LINEAR} - {LINEAR[2].title}
    run_alone(layout, CELLS)
    assert numbers(layout.results) == numbers(quiet)


def test_a_company_that_slept_and_lost_a_cell_writes_nothing_more(
    layout: Layout, quiet: Path
) -> None:
    stolen = layout.folder(LINEAR[1])
    asked = iter(range(1000))

    def stop() -> bool:
        if next(asked) == 5:
            (stolen / CLAIM).write_text('{"host": "other", "pid": 1, "start": 0, "token": "x"}')
            for claimed in found:
                claimed._last_beat -= 1000
        return False

    found: list[Claim] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(joint, "holding", noting(found))
        with pytest.raises(LostClaim):
            train_company(layout, LINEAR, How(), stop, ignore)
    assert not (stolen / CHECKPOINT).exists()
    assert LINEAR[1].title not in in_company(layout)
    (stolen / CLAIM).unlink()
    run_alone(layout, CELLS)
    assert numbers(layout.results) == numbers(quiet)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EDQUOT])
def test_a_disk_that_takes_no_checkpoint_for_a_while_costs_no_number(
    layout: Layout, quiet: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    replace, written = Path.replace, []

    def full(self: Path, target: Path) -> Path:
        if Path(target).name == CHECKPOINT:
            written.append(target)
            if len(written) > 2:
                raise OSError(code, os.strerror(code))
        return replace(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        with pytest.raises(UserError, match=f"cannot write: {os.strerror(code)}"):
            train_company(layout, LINEAR, How(), never, ignore)
    for cell in LINEAR:
        assert not list(layout.folder(cell).glob("*partial*"))
        assert state_of(layout.folder(cell)) == "pending"
        assert not (layout.folder(cell) / CLAIM).exists()
    run_alone(layout, CELLS)
    assert numbers(layout.results) == numbers(quiet)


def test_a_disk_too_full_for_events_lets_go_of_all_cells(
    layout: Layout, quiet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write

    def full(descriptor: int, line: bytes) -> int:
        if b'"in_company"' in line:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, line)

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(UserError, match=r"No space left.*free some space"):
            train_company(layout, LINEAR, How(), never, ignore)
    assert not any((layout.folder(cell) / CLAIM).exists() for cell in LINEAR)
    run_alone(layout, CELLS)
    assert numbers(layout.results) == numbers(quiet)


def test_memory_is_bounded(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    own = 2 * 17 * 64 * 4 + COPIES * 4 * HeadShape(10, 64).row
    monkeypatch.setattr(joint, "HELD_BYTES", 2 * own)
    train_company(layout, LINEAR, How(), never, ignore)
    assert in_company(layout) == {cell.title for cell in LINEAR[:2]}


# ------------------------------------------------------------------------------------ whole runs


@pytest.mark.parametrize("lanes", [1, 2])
def test_a_run_forms_companies_and_changes_no_number(
    layout: Layout, quiet: Path, lanes: int
) -> None:
    assert run_small(layout.results, lanes) == 0
    assert in_company(layout) == {cell.title for cell in LINEAR}
    assert numbers(layout.results) == numbers(quiet)
    assert status(layout, CELLS).complete


def test_when_company_fails_all_run_alone_and_speak_for_themselves(layout: Layout) -> None:
    (features,) = {cell.needs["train_features"] for cell in LINEAR}
    file = layout.needed(features) / "samples.json"
    file.write_text(file.read_text().replace('"', "'"))
    result = check(file.parent)
    assert result is not None
    intact = result.model_copy(update={"files": output_files(file.parent)})
    write_result(file.parent, intact)  # else it were set aside
    assert run_small(layout.results) == 1
    failures = [read_failure(layout.folder(cell)) for cell in LINEAR]
    assert all(f and "the features cannot be read" in f.message for f in failures)
    assert in_company(layout) == set()
    logs = [(layout.folder(cell) / "log.txt").read_text() for cell in LINEAR]
    assert any("cells that would train together train alone" in log for log in logs)


@contextmanager
def disk(folder: Path) -> Iterator[None]:
    """A small disk of its own; skips where that may not be mounted."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no disk may be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> None:
    with suppress(OSError), (folder / "filler").open("wb", buffering=0) as stream:
        while stream.write(b"x" * 4096):
            pass


@pytest.mark.parametrize("how", ["full", "read-only"])
def test_a_run_on_a_disk_that_takes_nothing_for_a_while(
    quiet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """It ends with one line, before or in company; mended, the same run ends as ever."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    target = tmp_path / "disk"
    with disk(target):
        shutil.copytree(quiet / "shared", target / "results" / "shared")
        if how == "full":
            fill(target)
        else:
            subprocess.run(["mount", "-o", "remount,ro", str(target)], check=True)
        with pytest.raises(UserError, match="cannot write"):
            run_small(target / "results")
        if how == "full":
            (target / "filler").unlink()
        else:
            subprocess.run(["mount", "-o", "remount,rw", str(target)], check=True)
        assert run_small(target / "results") == 0
        assert numbers(target / "results") == numbers(quiet)


@pytest.mark.slow
def test_a_worker_that_dies_in_company_costs_no_cell_a_failure(
    layout: Layout, quiet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even where each cell may lose no worker at all: alone it has lost none."""
    monkeypatch.setenv("SEVERE_CHECKPOINT_SECONDS", "0.05")
    retried: list[Event] = []

    def kill_at_the_first_checkpoint() -> None:
        while not any((layout.folder(cell) / CHECKPOINT).exists() for cell in LINEAR):
            time.sleep(0.002)
        for worker in children(os.getpid()):
            os.kill(worker, 9)

    def observe(event: Event) -> None:
        if isinstance(event, Retried):
            retried.append(event)

    killer = threading.Thread(target=kill_at_the_first_checkpoint, daemon=True)
    killer.start()
    settings = Settings(LANES[:1], grace=60, losses=0)
    outcome = run_cells(layout, list(CELLS), settings, observe)
    killer.join()
    assert outcome.exit_code == 0
    assert len(retried) == 1
    assert numbers(layout.results) == numbers(quiet)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_numbers_survive_killing_during_and_after_company(
    layout: Layout, quiet: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setenv("SEVERE_CHECKPOINT_SECONDS", "0.05")
    dice = random.Random(seed)
    struck = 0
    for _ in range(4):
        before = sum(_last(layout).values())
        command = [sys.executable, "-m", "tests.run.test_company", str(layout.results)]
        process = subprocess.Popen(command)
        while process.poll() is None and sum(_last(layout).values()) <= before:
            time.sleep(0.01)
        time.sleep(dice.uniform(0, 0.2))
        struck += process.poll() is None
        victims = dice.choice([[*children(process.pid), process.pid], children(process.pid)[:1]])
        for victim in victims:
            with suppress(ProcessLookupError):
                os.kill(victim, 9)
        process.kill()
        process.wait()
        for child in children(process.pid):
            os.kill(child, 9)
        assert status(layout, CELLS).failed == 0
    assert struck >= 2
    assert run_small(layout.results) == 0
    assert numbers(layout.results) == numbers(quiet)
    assert status(layout, CELLS).complete


def _last(layout: Layout) -> dict[str, int]:
    """A number that grows whenever a checkpoint is written or a cell ends."""
    found = {}
    for cell in LINEAR:
        for name in (CHECKPOINT, RESULT):
            with suppress(FileNotFoundError):
                found[cell.id + name] = (layout.folder(cell) / name).stat().st_mtime_ns
    return found


if __name__ == "__main__":
    sys.exit(run_small(Path(sys.argv[1])))
