"""A running Slurm that keeps accounts, with the limits of a strict site.

A tenth of the issue's numbers (2,000 cells, arrays of 1,001, 100 tasks in the queue); all of them
where SEVERE_TEST_SLURM_FULL is set.
"""

import os
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from severe_bench.core.errors import UserError
from severe_bench.run.cluster import submission as ledger
from severe_bench.run.cluster.looking import on_the_way
from severe_bench.run.cluster.profile import Asks, Profile
from severe_bench.run.cluster.run import dispatch
from severe_bench.run.cluster.slurm_commands import accounted
from severe_bench.run.cluster.submit import Order
from severe_bench.run.cluster.waiting import POLL_VARIABLE, run_to_end
from severe_bench.run.events import Event
from severe_bench.store.layout import Layout
from severe_bench.store.states import states
from tests.run.cluster.local_slurm import (
    LocalSlurm,
    accounting_available,
    eventually,
    local_slurm,
)
from tests.run.fake_kinds import EXECUTIONS, RUNNERS
from tests.run.grids import evaluate

pytestmark = [
    pytest.mark.slurm,
    pytest.mark.slow,
    pytest.mark.skipif(not accounting_available(), reason="needs root, Slurm and MariaDB"),
    pytest.mark.timeout(3600),
]

FULL = bool(os.environ.get("SEVERE_TEST_SLURM_FULL"))
CELLS, ARRAY, QUEUE = (2000, 1001, 100) if FULL else (200, 31, 12)
CELLS_IN_A_TASK = 5
POLL = 1.0
SCHEDULER = ("sbatch", "squeue", "scontrol", "sacct", "scancel")
PROFILE = Profile(cpu=Asks(gpus=0, cpus=1, memory_gb=0.3), gpu=Asks(gpus=0, cpus=1, memory_gb=0.3))


@pytest.fixture(scope="module")
def slurm() -> Iterator[LocalSlurm]:
    settings = ("JobAcctGatherFrequency=task=1", "JobAcctGatherParams=OverMemoryKill")
    with local_slurm("--accounting", f"MaxArraySize={ARRAY}", *settings) as cluster:
        yield cluster


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    monkeypatch.setenv(EXECUTIONS, str(tmp_path / "executions"))
    monkeypatch.setenv(POLL_VARIABLE, str(POLL))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    return Layout(tmp_path / "results", "demo")


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with a line for each call of the scheduler, whoever makes it."""
    folder = tmp_path / "counted"
    folder.mkdir()
    for name in SCHEDULER:
        program = folder / name
        program.write_text(
            f'#!/bin/sh\necho {name} >> "{folder}/calls"\nexec {shutil.which(name)} "$@"\n'
        )
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder / "calls"


@pytest.fixture
def narrow(slurm: LocalSlurm) -> Iterator[None]:
    """The association takes few tasks."""
    limit(slurm, QUEUE)
    yield
    limit(slurm, -1)


def limit(slurm: LocalSlurm, tasks: int) -> None:
    slurm.call("sacctmgr", "-i", "modify", "user", "root", "set", f"MaxSubmitJobs={tasks}")


def order(layout: Layout, **changes: object) -> Order:
    return Order(layout, PROFILE.model_copy(update=changes), runners=dict(RUNNERS))


@pytest.mark.usefixtures("narrow")
def test_many_cells_through_narrow_limits(slurm: LocalSlurm, layout: Layout, calls: Path) -> None:
    cells = [evaluate(seed) for seed in range(CELLS)]
    tasks = CELLS // CELLS_IN_A_TASK
    events: list[Event] = []
    begin = time.monotonic()
    outcome = run_to_end(
        order(layout, task_minutes=1e-6, most_tasks=tasks), cells, (), events.append
    )
    took = time.monotonic() - begin
    assert outcome.exit_code == 0, events
    assert len(outcome.done) == CELLS
    begun = Counter(line.split()[1] for line in executions(layout) if line.startswith("begin"))
    assert set(begun) == {cell.id for cell in cells}
    assert set(begun.values()) == {1}, "nothing was done twice"
    made = Counter(calls.read_text().split())
    arrays = list(ledger.submissions(layout))
    print(f"{CELLS} cells, {len(arrays)} arrays in {took:.0f} s, calls: {dict(made)}")
    assert made["sbatch"] <= 3 * len(arrays) + 20, "two refusals for what is taken, or so"
    assert len(arrays) <= 10 * (tasks // QUEUE + 1)
    assert made["squeue"] <= made["scontrol"] + took / POLL + 2, "one a look"
    assert made["scancel"] == 0


def executions(layout: Layout) -> list[str]:
    return (layout.results.parent / "executions").read_text().splitlines()


def test_a_limit_that_others_fill_is_waited_for(
    slurm: LocalSlurm, layout: Layout, narrow: None
) -> None:
    """The very first sbatch is refused, and that will pass."""
    slurm.call("sbatch", "-o", "/dev/null", f"--array=0-{QUEUE - 1}", "--wrap", "sleep 3")
    cells = [evaluate(seed) for seed in range(3)]
    first = dispatch(order(layout), cells, (), lambda event: None)
    assert first.submitted.made == ()
    assert len(first.submitted.left) == 3
    assert run_to_end(order(layout), cells, (), lambda event: None).exit_code == 0


def test_accounts_are_kept_and_not_needed(slurm: LocalSlurm, layout: Layout) -> None:
    cells = [evaluate(seed) for seed in range(3)]
    (array,) = dispatch(order(layout, task_minutes=1e-6), cells, (), print).submitted.made
    eventually(lambda: set(states(layout, cells).values()) == {"done"})
    eventually(lambda: [task.state for task in accounted([array.job])] == ["COMPLETED"] * 3)


def test_an_account_that_does_not_exist_is_said(slurm: LocalSlurm, layout: Layout) -> None:
    wrong = order(layout, every=Asks(account="nobody"))
    with pytest.raises(UserError, match=r"sbatch refused: .*account.*profile"):
        dispatch(wrong, [evaluate(0)], (), lambda event: None)


def test_a_task_killed_for_its_memory_is_not_submitted_again(
    slurm: LocalSlurm, layout: Layout
) -> None:
    hungry, content = cells = [evaluate(0, mode="hungry"), evaluate(1)]
    outcome = run_to_end(order(layout, task_minutes=1e-6), cells, (), lambda event: None)
    assert outcome.done == (content.id,)
    assert outcome.failed[hungry.id].startswith("out_of_memory: Slurm ended its task")
    again = dispatch(order(layout), cells, ("oom",), lambda event: None)
    assert [array.cells for array in again.submitted.made] == [((hungry.id,),)]
    slurm.call("scancel", *on_the_way(layout).jobs)
    eventually(lambda: not slurm.jobs())
