"""The executor on a running Slurm: every fault, then one more run, and nothing lost or doubled."""

import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from unittest.mock import patch

import pytest

from severe_bench.core.errors import UserError
from severe_bench.plan.cell import Cell
from severe_bench.run.cluster.cancelling import cancel_jobs
from severe_bench.run.cluster.looking import on_the_way
from severe_bench.run.cluster.profile import Asks, Profile
from severe_bench.run.cluster.run import dispatch
from severe_bench.run.cluster.slurm_commands import cancel
from severe_bench.run.cluster.submission import submissions
from severe_bench.run.cluster.submit import Order
from severe_bench.run.cluster.waiting import POLL_VARIABLE, run_to_end
from severe_bench.run.devices import ONE_THREAD, Lane
from severe_bench.run.local import RunOutcome, run_cells
from severe_bench.run.pool import Settings
from severe_bench.store.cells import check
from severe_bench.store.events import read_events
from severe_bench.store.layout import CHECKPOINT, Layout
from severe_bench.store.predictions import read_predictions
from severe_bench.store.states import states
from tests.run.cluster.local_slurm import LocalSlurm, available, eventually, local_slurm
from tests.run.fake_kinds import EXECUTIONS, RUNNERS
from tests.run.grids import evaluate, tree

pytestmark = [
    pytest.mark.slurm,
    pytest.mark.slow,
    pytest.mark.skipif(not available(), reason="needs root and Slurm: slurm/local-cluster up"),
]

LEAVES = 2
FULL_VARIABLE = "SEVERE_TEST_SLURM_FULL"
FULL = bool(os.environ.get(FULL_VARIABLE))
ACCOUNTING = "SEVERE_TEST_SLURM_ACCOUNTING"
"""Where set, the cluster keeps accounts; nothing of what follows may change."""
Expected = Callable[[list[Cell]], dict[str, object]]
PROFILE = Profile(
    gpu=Asks(gpus=0, cpus=1, memory_gb=0.5),
    cpu=Asks(gpus=0, cpus=1, memory_gb=0.5),
    task_minutes=0.01,
    signal_seconds=20,
)


@pytest.fixture(scope="module")
def slurm() -> Iterator[LocalSlurm]:
    with local_slurm(*(["--accounting"] if os.environ.get(ACCOUNTING) else [])) as cluster:
        yield cluster


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    monkeypatch.setenv(EXECUTIONS, str(tmp_path / "executions"))
    monkeypatch.setenv(POLL_VARIABLE, "0.3")
    monkeypatch.setenv("SEVERE_CHECKPOINT_SECONDS", "0.2")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    (tmp_path / "executions").touch()
    return Layout(tmp_path / "results", "demo")


@pytest.fixture(autouse=True)
def _patience_and_an_empty_queue(slurm: LocalSlurm) -> Iterator[None]:
    over = threading.Event()

    def hurry() -> None:
        hurried: set[str] = set()
        while not over.wait(0.5):
            with suppress(subprocess.SubprocessError):
                slurm.hurry(hurried)

    thread = threading.Thread(target=hurry)
    thread.start()
    yield
    over.set()
    thread.join()
    slurm.call("scancel", "--user", "root")
    eventually(lambda: not slurm.jobs())


def slow_tree() -> list[Cell]:
    """Four evaluations of two seconds each, on two networks."""
    return tree(LEAVES, steps=60, pause=0.03)


def alone() -> list[Cell]:
    """Three evaluations of two seconds that need nothing: one array."""
    return [evaluate(seed, steps=60, pause=0.03) for seed in range(3)]


def order(layout: Layout, **changes: object) -> Order:
    return Order(layout, PROFILE.model_copy(update=changes), runners=dict(RUNNERS))


def finished(layout: Layout, cells: list[Cell], **changes: object) -> RunOutcome:
    """One more `severe run --wait`."""
    return run_to_end(order(layout, **changes), cells, (), lambda event: None)


def numbers(layout: Layout, cells: list[Cell]) -> dict[str, object]:
    """Metrics and scores of all evaluated cells."""
    found: dict[str, object] = {}
    for cell in cells:
        result = check(layout.folder(cell))
        assert result is not None, cell.title
        if cell.label:
            found[cell.id] = (
                result.metrics,
                read_predictions(layout.folder(cell)).scores.tobytes(),
            )
    return found


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Expected:
    """What the same cells give when they are run on this machine, undisturbed."""

    known: dict[str, dict[str, object]] = {}

    def compute(cells: list[Cell]) -> dict[str, object]:
        name = " ".join(cell.id for cell in cells)
        if name not in known:
            known[name] = computed(cells)
        return known[name]

    def computed(cells: list[Cell]) -> dict[str, object]:
        layout = Layout(tmp_path_factory.mktemp("local"), "demo")
        lanes = (Lane("cpu 0", "cpu", ONE_THREAD), Lane("cpu 1", "cpu", ONE_THREAD))
        with patch.dict(os.environ):
            os.environ.pop(EXECUTIONS, None)
            outcome = run_cells(layout, cells, Settings(lanes, runners=RUNNERS), lambda event: None)
        assert outcome.exit_code == 0
        return numbers(layout, cells)

    return compute


def steps_done(layout: Layout) -> Counter[str]:
    """How often each step of each cell was computed."""
    lines = (layout.results.parent / "executions").read_text().splitlines()
    return Counter(line.rpartition(" ")[0] for line in lines if line.startswith("step"))


def in_the_middle(layout: Layout, cells: list[Cell]) -> Callable[[], bool]:
    """Whether an evaluation has begun and is not done."""

    def is_so() -> bool:
        return any((layout.folder(cell) / CHECKPOINT).exists() for cell in cells if cell.label)

    return is_so


def test_numbers_are_those_of_a_local_run(
    slurm: LocalSlurm, layout: Layout, expected: Expected
) -> None:
    cells = tree(LEAVES)
    outcome = finished(layout, cells)
    assert outcome.exit_code == 0
    assert sorted(outcome.done) == sorted(cell.id for cell in cells)
    assert numbers(layout, cells) == expected(cells)
    assert set(steps_done(layout).values()) == {1}


def test_results_in_a_folder_of_an_unusual_name(
    slurm: LocalSlurm, layout: Layout, expected: Expected
) -> None:
    """Through sbatch's script, srun's command line, and squeue's answer."""
    name = 'it\'s "my" $HOME; ö #1 | [a]*'
    odd = Layout(layout.results.parent / name / "results", "demo")
    cells = tree(LEAVES)
    first = dispatch(order(odd), cells, (), lambda event: None)
    assert set(on_the_way(odd).jobs) == {array.job for array in first.submitted.made}
    assert finished(odd, cells).exit_code == 0
    assert numbers(odd, cells) == expected(cells)
    assert set(steps_done(layout).values()) == {1}
    assert all(list(array.logs.glob("*_log.err")) for array in submissions(odd))


def test_it_returns_after_submission_and_submits_nothing_twice(
    slurm: LocalSlurm, layout: Layout
) -> None:
    cells = alone()
    first = dispatch(order(layout), cells, (), lambda event: None)
    assert first.submitted.made
    tasks = len(slurm.jobs())
    again = dispatch(order(layout), cells, (), lambda event: None)
    assert again.submitted.made == ()
    assert len(again.on_the_way) == len(cells)
    assert len(slurm.jobs()) <= tasks
    assert sorted(on_the_way(layout).jobs) == sorted(array.job for array in first.submitted.made)


def test_half_of_the_array_is_cancelled(
    slurm: LocalSlurm, layout: Layout, expected: Expected
) -> None:
    cells = slow_tree()
    dispatch(order(layout), cells, (), lambda event: None)
    eventually(in_the_middle(layout, cells))
    tasks = [task for task, _ in slurm.jobs()]
    cancel(tasks[::2])
    assert finished(layout, cells).exit_code == 0
    assert numbers(layout, cells) == expected(cells)


def test_a_job_step_is_killed(slurm: LocalSlurm, layout: Layout, expected: Expected) -> None:
    cells = alone()
    dispatch(order(layout), cells, (), lambda event: None)
    eventually(in_the_middle(layout, cells))
    ours = f"submitit.core._submit {layout.results}"
    subprocess.run(["pkill", "-9", "-f", ours], check=True)
    assert finished(layout, cells).exit_code == 0
    assert numbers(layout, cells) == expected(cells)


def test_the_daemon_of_the_node_is_killed(
    slurm: LocalSlurm, layout: Layout, expected: Expected
) -> None:
    cells = alone()
    dispatch(order(layout), cells, (), lambda event: None)
    eventually(in_the_middle(layout, cells))
    slurm.script("kill", "slurmd")
    slurm.script("start", "slurmd")
    assert finished(layout, cells).exit_code == 0
    assert numbers(layout, cells) == expected(cells)


def test_the_controller_is_restarted(slurm: LocalSlurm, layout: Layout, expected: Expected) -> None:
    cells = slow_tree()
    dispatch(order(layout), cells, (), lambda event: None)
    eventually(in_the_middle(layout, cells))
    slurm.script("stop", "slurmctld")
    timer = threading.Timer(3.0, slurm.script, ("start", "slurmctld"))
    timer.start()
    assert finished_after_silence(layout, cells).exit_code == 0
    timer.join()
    assert numbers(layout, cells) == expected(cells)
    assert set(times_finished(layout, cells)) == {1}


def test_the_controller_crashes(slurm: LocalSlurm, layout: Layout, expected: Expected) -> None:
    """SIGKILL while an array runs, and nobody there for a while; it knows what it saved last."""
    cells = [evaluate(seed, steps=200, pause=0.1) for seed in range(3)]
    dispatch(order(layout), cells, (), lambda event: None)
    eventually(all_go_on(layout, cells, Counter()))
    saved = Path(os.environ["SLURM_CONF"]).parent / "ctld" / "job_state"
    running = time.time()
    eventually(lambda: saved.stat().st_mtime > running)
    slurm.script("kill", "slurmctld")
    timer = threading.Timer(3.0, slurm.script, ("start", "slurmctld"))
    timer.start()
    assert finished_after_silence(layout, cells).exit_code == 0
    timer.join()
    quick = [evaluate(seed, steps=200) for seed in range(3)]
    assert values(numbers(layout, cells)) == values(expected(quick))
    assert set(times_finished(layout, cells)) == {1}
    assert set(steps_done(layout).values()) == {1}, "tasks went on all the while"


def times_finished(layout: Layout, cells: list[Cell]) -> list[int]:
    """How often each cell was brought to its end, by anybody."""
    events = (read_events(layout.folder(cell)) for cell in cells)
    return [sum(event.event == "finished" for event in found) for found in events]


def finished_after_silence(layout: Layout, cells: list[Cell]) -> RunOutcome:
    """The user tries until the controller answers."""
    outcomes: list[RunOutcome] = []

    def tried() -> bool:
        try:
            outcomes.append(finished(layout, cells))
        except UserError:
            return False
        return True

    eventually(tried)
    return outcomes[-1]


def test_requeued_by_the_administrator(
    slurm: LocalSlurm, layout: Layout, expected: Expected
) -> None:
    cells = alone()
    dispatch(order(layout), cells, (), lambda event: None)
    eventually(in_the_middle(layout, cells))
    for task in slurm.running():
        slurm.call("scontrol", "requeue", task)
    assert finished(layout, cells).exit_code == 0
    assert numbers(layout, cells) == expected(cells)
    again = [step for step, count in steps_done(layout).items() if count > 1]
    assert len(again) < 20 * len(cells), "they went on from their checkpoints"


def test_time_is_up_in_the_middle_of_a_cell_again_and_again(
    slurm: LocalSlurm, layout: Layout, expected: Expected
) -> None:
    """The scheduler's warning comes to a running task; its limit is a minute at least, so the test
    sends the warning itself, as Slurm does `signal_seconds` before the limit.

    A cell takes twenty seconds, so that none is done before the other task runs again.
    """
    cells = [evaluate(seed, steps=400, pause=0.05) for seed in range(2)]
    dispatch(order(layout), cells, (), lambda event: None)
    for _ in range(3):
        before = steps_by_cell(layout)
        eventually(all_go_on(layout, cells, before))
        tasks = slurm.running()
        for task in tasks:
            slurm.call("scancel", "--signal=USR2", task)
        eventually(lambda told=tasks: not set(told) & set(slurm.running()))
        assert {task for task, _ in slurm.jobs()} >= set(tasks), "requeued by themselves"
    assert finished(layout, cells).exit_code == 0
    quick = [evaluate(seed, steps=400) for seed in range(2)]
    assert values(numbers(layout, cells)) == values(expected(quick))
    assert set(steps_done(layout).values()) == {1}, "no step was lost or done twice"


def steps_by_cell(layout: Layout) -> Counter[str]:
    return Counter(step.split()[1] for step in steps_done(layout))


def all_go_on(layout: Layout, cells: list[Cell], before: Counter[str]) -> Callable[[], bool]:
    """Whether every evaluation has made some more steps."""
    names = [cell.id for cell in cells if cell.label]

    def are() -> bool:
        now = steps_by_cell(layout)
        return all(now[name] > before[name] + 5 for name in names)

    return are


def test_time_is_up_for_one_task_of_an_array(
    slurm: LocalSlurm, layout: Layout, expected: Expected
) -> None:
    """One task of an array has the number of the whole array; it alone goes back all the same."""
    cells = [evaluate(seed, steps=120, pause=0.05) for seed in range(3)]
    dispatch(order(layout), cells, (), lambda event: None)
    eventually(all_go_on(layout, cells, Counter()))
    lines = slurm.call("squeue", "-h", "-r", "-o", "%i %A %F").split("\n")
    (task,) = [line.split()[0] for line in lines if line and len(set(line.split()[1:])) == 1]
    slurm.call("scancel", "--signal=USR2", task)
    assert finished(layout, cells).exit_code == 0
    assert numbers(layout, cells) == expected(cells)
    begun = [line for line in executions(layout) if line.startswith("begin")]
    assert len(begun) == len(cells) + 1
    assert set(steps_done(layout).values()) == {1}


def executions(layout: Layout) -> list[str]:
    return (layout.results.parent / "executions").read_text().splitlines()


def test_the_time_limit_itself_cuts_a_cell(
    slurm: LocalSlurm, layout: Layout, expected: Expected
) -> None:
    """Slurm's own limit, its own warning: a minute, made so short while the task runs."""
    cells = [evaluate(0, steps=450, pause=0.1)]
    dispatch(order(layout, signal_seconds=50), cells, (), lambda event: None)
    eventually(all_go_on(layout, cells, Counter()))
    (task,) = slurm.running()
    slurm.call("scontrol", "update", f"JobId={task}", "TimeLimit=1")
    assert "TimeLimit=00:01:00" in slurm.call("scontrol", "show", "job", task)
    assert finished(layout, cells, signal_seconds=50).exit_code == 0
    assert values(numbers(layout, cells)) == values(expected([evaluate(0, steps=450)]))
    begun = [line for line in executions(layout) if line.startswith("begin")]
    assert len(begun) >= 2, "it was cut"
    assert len(list(submissions(layout))) == 1, "it went back by itself"
    assert set(steps_done(layout).values()) == {1}, "no step was lost or done twice"


def values(found: dict[str, object]) -> list[object]:
    """Without the cells' names, which differ where steps take another time."""
    return list(found.values())


@pytest.mark.skipif(not FULL, reason=f"five minutes of waiting: {FULL_VARIABLE}")
@pytest.mark.parametrize("requeues", [20, 0])
def test_a_cell_longer_than_the_limit_that_it_asked_for(
    slurm: LocalSlurm, layout: Layout, expected: Expected, requeues: int
) -> None:
    """Nobody helps: two minutes are asked for, Slurm warns, the task goes back or the next job goes
    on, until the cell is done."""
    cells = [evaluate(0, steps=480, pause=0.5)]
    profile = PROFILE.model_copy(update={"gpu": PROFILE.gpu.under(Asks(longest_minutes=2))})
    changes = {"gpu": profile.gpu, "signal_seconds": 30, "requeues": requeues}
    assert finished(layout, cells, **changes).exit_code == 0
    assert values(numbers(layout, cells)) == values(expected([evaluate(0, steps=480)]))
    begun = [line for line in executions(layout) if line.startswith("begin")]
    assert len(begun) >= 3, "it was cut twice at least"
    assert len(list(submissions(layout))) == (1 if requeues else len(begun))
    assert set(steps_done(layout).values()) == {1}, "no step was lost or done twice"


def test_warned_before_python_listens(
    slurm: LocalSlurm, tmp_path: Path, layout: Layout, expected: Expected
) -> None:
    """The first second of a task: the signal ends it, and its script puts it back."""
    slow = tmp_path / "slow-python"
    lines = ["#!/bin/sh", f'touch "{tmp_path}/begun-$SLURM_ARRAY_TASK_ID"', "sleep 3"]
    slow.write_text("\n".join([*lines, f'exec {sys.executable} "$@"\n']))
    slow.chmod(0o755)
    cells = [evaluate(seed) for seed in range(2)]
    dispatch(order(layout, python=str(slow)), cells, (), lambda event: None)
    for number in range(2):
        eventually((tmp_path / f"begun-{number}").exists)
    slurm.call("scancel", "--signal=USR2", *on_the_way(layout).jobs)
    eventually(lambda: set(states(layout, cells).values()) == {"done"}, 300)
    assert numbers(layout, cells) == expected(cells)
    assert logs(layout).count("User defined signal 2") == len(cells), "it ended them"


def test_a_site_that_hands_no_environment_to_jobs(
    slurm: LocalSlurm, layout: Layout, expected: Expected, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SBATCH_EXPORT", "NONE")
    cells = [evaluate(seed) for seed in range(2)]
    lines = (f"export PYTHONPATH='{Path(__file__).parents[3]}'",)
    assert finished(layout, cells, setup=lines).exit_code == 0
    assert numbers(layout, cells) == expected(cells)


def test_a_job_without_a_step_is_warned_before_python_listens(
    slurm: LocalSlurm, tmp_path: Path, layout: Layout, expected: Expected
) -> None:
    """The batch shell is deaf to it, and Python's own clock is there for what it missed."""
    cells = [evaluate(0)]
    mark = tmp_path / "in the setup lines"
    changes = {"srun": False, "setup": (f"touch '{mark}'", "sleep 3")}
    dispatch(order(layout, **changes), cells, (), lambda event: None)
    eventually(mark.exists)
    slurm.call("scancel", "--batch", "--signal=USR2", *on_the_way(layout).jobs)
    eventually(lambda: set(states(layout, cells).values()) == {"done"}, 300)
    assert numbers(layout, cells) == expected(cells)


def test_a_job_without_a_step_saves_its_state_too(
    slurm: LocalSlurm, layout: Layout, expected: Expected
) -> None:
    """Where `srun: false`, the warning goes to the batch shell, which Python has replaced."""
    cells = alone()
    dispatch(order(layout, srun=False), cells, (), lambda event: None)
    eventually(all_go_on(layout, cells, Counter()))
    tasks = slurm.running()
    for task in tasks:
        slurm.call("scancel", "--batch", "--signal=USR2", task)
    eventually(lambda: not set(tasks) & set(slurm.running()))
    assert {task for task, _ in slurm.jobs()} >= set(tasks), "requeued by themselves"
    assert finished(layout, cells, srun=False).exit_code == 0
    assert numbers(layout, cells) == expected(cells)
    assert set(steps_done(layout).values()) == {1}


@pytest.mark.parametrize("mode", ["REQUEUE", "CANCEL"])
@pytest.mark.parametrize("warned", [True, False])
def test_preempted_by_a_more_urgent_job(
    slurm: LocalSlurm, layout: Layout, expected: Expected, mode: str, warned: bool
) -> None:
    """Sites that put a job back and sites that cancel it, with SIGUSR2 or SIGTERM alone.

    Either way it saves its state within its time of grace and goes back by itself; told by SIGTERM
    alone, because Slurm says that it is preempted: it would take the task's end for its last.
    """
    cells = alone()
    with preempting(slurm, mode, warned=warned):
        dispatch(order(layout), cells, (), lambda event: None)
        eventually(all_go_on(layout, cells, Counter()))
        ours = slurm.running()
        wrap = ["--exclusive", "-o", "/dev/null", "--wrap", "sleep 2"]
        slurm.call("sbatch", "-p", "urgent", *wrap)
        eventually(lambda: any(state == "RUNNING" for _, state in urgent(slurm)))
        assert not set(ours) & set(slurm.running()), "they had to go"
        eventually(lambda: set(ours) <= {task for task, _ in slurm.jobs()})
        assert finished(layout, cells).exit_code == 0
        assert len(list(submissions(layout))) == 1
    assert numbers(layout, cells) == expected(cells)
    assert set(steps_done(layout).values()) == {1}, "they saved their state when told"


@contextmanager
def preempting(slurm: LocalSlurm, mode: str, *, warned: bool) -> Iterator[None]:
    """A cluster that preempts in another way for a while."""
    conf = Path(os.environ["SLURM_CONF"])
    before = conf.read_text()
    parameter = "preempt_send_user_signal"
    assert parameter in before
    conf.write_text(before if warned else before.replace(parameter, "no_quick_restart"))
    slurm.call("scontrol", "reconfigure")
    slurm.call("scontrol", "update", "PartitionName=normal", f"PreemptMode={mode}")
    try:
        yield
    finally:
        conf.write_text(before)
        slurm.call("scontrol", "reconfigure")
        slurm.call("scontrol", "update", "PartitionName=normal", "PreemptMode=REQUEUE")


def urgent(slurm: LocalSlurm) -> list[tuple[str, str]]:
    lines = slurm.call("squeue", "-h", "-p", "urgent", "-o", "%i|%T").split()
    return [(line.partition("|")[0], line.partition("|")[2]) for line in lines]


def test_results_cannot_be_written_for_a_while(
    slurm: LocalSlurm, layout: Layout, expected: Expected
) -> None:
    """Root may write to whatever is merely read-only, so the folders are made immutable."""
    cells = alone()
    dispatch(order(layout), cells, (), lambda event: None)
    eventually(in_the_middle(layout, cells))
    folders = [str(path) for path in layout.results.glob("*/*/*") if path.is_dir()]
    if subprocess.run(["chattr", "+i", *folders], check=False).returncode != 0:
        pytest.skip("this file system knows no immutable folders")
    try:
        eventually(lambda: not slurm.jobs())
    finally:
        subprocess.run(["chattr", "-i", *folders], check=True)
    assert "cannot write: Operation not permitted" in logs(layout)
    assert finished(layout, cells).exit_code == 0
    assert numbers(layout, cells) == expected(cells)


def test_the_disk_is_full_for_a_while(
    slurm: LocalSlurm, tmp_path: Path, layout: Layout, expected: Expected
) -> None:
    with small_disk(tmp_path / "disk", "8m") as disk:
        there = Layout(disk / "results", "demo")
        cells = alone()
        dispatch(order(there), cells, (), lambda event: None)
        eventually(in_the_middle(there, cells))
        ballast = disk / "ballast"
        subprocess.run(
            ["dd", "if=/dev/zero", f"of={ballast}", "bs=1k"], check=False, capture_output=True
        )
        eventually(lambda: not slurm.jobs())
        ballast.unlink()
        assert "cannot write: No space left on device" in logs(there)
        assert finished(there, cells).exit_code == 0
        assert numbers(there, cells) == expected(cells)


def logs(layout: Layout) -> str:
    """What all tasks wrote."""
    paths = sorted(layout.results.glob("demo/slurm/*/logs/*.err"))
    return "\n".join(path.read_text() for path in paths)


class small_disk:  # noqa: N801 - used as a function
    """A file system in memory of its own."""

    def __init__(self, path: Path, size: str) -> None:
        self.path, self.size = path, size

    def __enter__(self) -> Path:
        self.path.mkdir()
        options = ["mount", "-t", "tmpfs", "-o", f"size={self.size}", "tmpfs", str(self.path)]
        if subprocess.run(options, check=False, capture_output=True).returncode != 0:
            pytest.skip("no file system can be mounted here")
        return self.path

    def __exit__(self, *_: object) -> None:
        subprocess.run(["umount", "-l", str(self.path)], check=False)


def test_a_local_run_and_a_cluster_fill_one_store(
    slurm: LocalSlurm, layout: Layout, expected: Expected
) -> None:
    cells = slow_tree()
    dispatch(order(layout), cells, (), lambda event: None)
    command = [
        sys.executable,
        "-m",
        "tests.run.driver",
        str(layout.results),
        str(LEAVES),
        "60",
        "0.03",
    ]
    local = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    assert finished(layout, cells).exit_code == 0
    assert local.wait(timeout=120) == 0
    assert numbers(layout, cells) == expected(cells)
    assert set(steps_done(layout).values()) == {1}


def test_cancelled_by_the_user_and_run_again(
    slurm: LocalSlurm, layout: Layout, expected: Expected
) -> None:
    cells = alone()
    dispatch(order(layout), cells, (), lambda event: None)
    eventually(in_the_middle(layout, cells))
    cancel(on_the_way(layout).jobs)
    eventually(lambda: not slurm.jobs())
    assert "pending" in states(layout, cells).values()
    assert finished(layout, cells).exit_code == 0
    assert numbers(layout, cells) == expected(cells)
    assert set(steps_done(layout).values()) == {1}, "they saved their state when cancelled"


def test_a_run_that_waits_ends_when_its_jobs_are_cancelled(
    slurm: LocalSlurm, layout: Layout, expected: Expected
) -> None:
    """Running cells have saved their state, and nothing is submitted again."""
    cells = slow_tree()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(finished, layout, cells)
        eventually(in_the_middle(layout, cells))
        assert cancel_jobs(layout, lambda event: None)
        assert waiting.result(90).exit_code == 130
    eventually(lambda: not slurm.jobs())
    assert finished(layout, cells).exit_code == 0
    assert numbers(layout, cells) == expected(cells)
