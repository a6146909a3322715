"""Submitting to a scheduler that only records: what it gets, how often, what it refuses."""

import json
import os
import re
import signal
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from severe_bench.core.errors import UserError
from severe_bench.plan.cell import Cell
from severe_bench.plan.expect import Expectations
from severe_bench.plan.job import EvaluateJob
from severe_bench.run.cluster import submission as ledger
from severe_bench.run.cluster.looking import on_the_way, queued_cells
from severe_bench.run.cluster.profile import Asks, Profile
from severe_bench.run.cluster.run import Dispatched, asked_for, dispatch, runs_a_backbone
from severe_bench.run.cluster.sharing import Share, Wave
from severe_bench.run.cluster.submit import Order, script
from severe_bench.run.cluster.turn import turn
from severe_bench.run.cluster.waiting import run_to_end
from severe_bench.run.events import Event, Note
from severe_bench.store.layout import Layout
from tests.run.cluster.fake_slurm import FakeSlurm
from tests.run.fake_kinds import RUNNERS
from tests.run.grids import dataset, evaluate, pretrain, tree

PROFILE = Profile(
    every=Asks(account="mine"), gpu=Asks(gpus=1, cpus=4, memory_gb=10), task_minutes=0.01
)


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSlurm:
    return installed(FakeSlurm.at(tmp_path / "bin"), monkeypatch)


def installed(fake: FakeSlurm, monkeypatch: pytest.MonkeyPatch) -> FakeSlurm:
    monkeypatch.setenv("PATH", fake.path)
    return fake


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "results", "demo")


def sent(layout: Layout, cells: list[Cell], **changes: object) -> Dispatched:
    order = Order(layout, PROFILE.model_copy(update=changes), runners=dict(RUNNERS))
    return dispatch(order, cells, (), lambda event: None)


def test_arrays_wait_for_what_makes_their_needs(slurm: FakeSlurm, layout: Layout) -> None:
    made = sent(layout, tree(3)).submitted.made
    worlds, models, probes = made
    assert "dependency" not in slurm.script(worlds.job)
    assert f"--dependency=afterany:{worlds.job}\n" in slurm.script(models.job)
    assert f"--dependency=afterany:{worlds.job}:{models.job}\n" in slurm.script(probes.job)


def test_what_a_job_asks_for(slurm: FakeSlurm, layout: Layout) -> None:
    worlds, models, _ = sent(layout, tree(2)).submitted.made
    assert "--gpus-per-node" not in slurm.script(worlds.job)
    text = slurm.script(models.job)
    for line in ("--account=mine", "--gpus-per-node=1", "--cpus-per-task=4", "--mem=10240M"):
        assert f"#SBATCH {line}\n" in text


def test_the_script_is_as_pinned(slurm: FakeSlurm, layout: Layout) -> None:
    """Any change of what sbatch gets shows here."""
    wave = Wave(
        0, PROFILE.asks_of(pretrain(), needs_gpu=True), (Share((pretrain(),), 5.0, 10.0),) * 3
    )
    text = script(
        Order(layout, PROFILE.model_copy(update={"python": "python"})), wave, "afterany:7"
    )
    golden = Path(__file__).with_name("golden.sh").read_text()
    assert text.replace(str(layout.results), "RESULTS") == golden
    assert not layout.results.exists(), "showing it makes no folder"


def test_the_same_again_submits_nothing(slurm: FakeSlurm, layout: Layout) -> None:
    cells = tree(3)
    first = sent(layout, cells)
    again = sent(layout, cells)
    assert again.submitted.made == ()
    assert again.on_the_way == {cell.id for cell in cells}
    assert on_the_way(layout).jobs == tuple(array.job for array in first.submitted.made)
    assert queued_cells(layout) == {cell.id for cell in cells}


def test_what_left_the_queue_undone_is_submitted_again(slurm: FakeSlurm, layout: Layout) -> None:
    cells = tree(3)
    worlds, models, probes = sent(layout, cells).submitted.made
    slurm.ends(probes.job)
    (again,) = sent(layout, cells).submitted.made
    assert sorted(again.cells) == sorted(probes.cells)
    text = slurm.script(again.job)
    assert f"--dependency=afterany:{worlds.job}:{models.job}\n" in text


def test_long_arrays_are_split_and_parallelism_kept(
    tmp_path: Path, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    slurm = installed(FakeSlurm.at(tmp_path / "bin", array=10), monkeypatch)
    cells = [evaluate(seed) for seed in range(35)]
    made = sent(layout, cells, parallel=8).submitted.made
    assert [len(array.cells) for array in made] == [10, 10, 10, 5]
    assert [re.search(r"%(\d+)\n", slurm.script(array.job))[1] for array in made] == list("2221")


def test_calls_to_the_scheduler_are_few(slurm: FakeSlurm, layout: Layout) -> None:
    cells = [evaluate(seed) for seed in range(300)]
    sent(layout, cells)
    assert len(slurm.calls("sbatch")) == 1
    assert len(slurm.calls("squeue")) == 1
    assert len(slurm.calls("scontrol")) == 1


def test_most_tasks_is_kept_whatever_the_number_of_cells(slurm: FakeSlurm, layout: Layout) -> None:
    cells = [evaluate(seed) for seed in range(300)]
    (array,) = sent(layout, cells, most_tasks=40).submitted.made
    assert len(array.cells) <= 40
    assert sum(len(task) for task in array.cells) == 300


def test_what_finds_no_room_is_named(
    tmp_path: Path, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    slurm = installed(FakeSlurm.at(tmp_path / "bin", room=6), monkeypatch)
    cells = tree(6)
    done = sent(layout, cells).submitted
    assert sum(len(array.cells) for array in done.made) == 6, "filled by halving"
    assert {cell.job.kind for cell in done.left} == {"evaluate"}
    assert len(done.left) == 9
    assert "AssocMaxSubmitJobLimit" in done.refusal.what
    assert len(slurm.calls("sbatch")) <= 10
    assert len(list(ledger.submissions_folder(layout).iterdir())) == len(done.made)
    again = sent(layout, cells)
    assert again.submitted.made == (), "not an error: it will pass"
    assert again.submitted.left == done.left
    assert again.unfinished
    slurm.ends(*(array.job for array in done.made))
    assert sent(layout, cells).submitted.made


def test_a_site_that_takes_no_task_at_all_is_said(
    tmp_path: Path, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(FakeSlurm.at(tmp_path / "bin", room=0), monkeypatch)
    with pytest.raises(UserError, match="AssocMaxSubmitJobLimit"):
        sent(layout, tree(1))


def test_most_tasks_counts_what_is_there(slurm: FakeSlurm, layout: Layout) -> None:
    first, more = [[evaluate(seed) for seed in seeds] for seeds in (range(6), range(12))]
    assert len(sent(layout, first, most_tasks=8).submitted.made) == 1
    done = sent(layout, more, most_tasks=8).submitted
    assert sum(len(array.cells) for array in done.made) == 2
    assert len(done.left) == 12 - 6 - sum(len(task) for array in done.made for task in array.cells)
    assert sent(layout, more, most_tasks=8).submitted.made == ()


def test_parallel_tasks_are_bounded_over_all_rounds(slurm: FakeSlurm, layout: Layout) -> None:
    first, more = [[evaluate(seed) for seed in seeds] for seeds in (range(6), range(12))]
    sent(layout, first, parallel=8)
    (array,) = sent(layout, more, parallel=8).submitted.made
    assert array.parallel == 2


def test_a_job_without_a_step_gets_the_warning_itself(slurm: FakeSlurm, layout: Layout) -> None:
    (array,) = sent(layout, [evaluate(0)], srun=False, signal_seconds=60).submitted.made
    text = slurm.script(array.job)
    assert "#SBATCH --signal=B:USR2@60\n" in text
    assert text.index("trap '' USR2\n") < text.index("\nexec ")
    assert "srun" not in text


def test_without_submissions_nobody_asks_slurm(slurm: FakeSlurm, layout: Layout) -> None:
    assert queued_cells(layout) == frozenset()
    assert slurm.calls("squeue") == []


def test_a_queue_that_does_not_answer_shows_nothing(slurm: FakeSlurm, layout: Layout) -> None:
    sent(layout, tree(1))
    slurm.fails("squeue", "slurm_load_jobs error")
    assert queued_cells(layout) == frozenset()


def test_a_scheduler_that_refuses_everything_is_said(slurm: FakeSlurm, layout: Layout) -> None:
    slurm.fails("sbatch", "sbatch: error: invalid partition specified: nope")
    with pytest.raises(UserError, match=r"sbatch refused: .*invalid partition.*profile") as caught:
        sent(layout, tree(1))
    assert "\n" not in str(caught.value)


def test_a_queue_that_does_not_answer_is_said_and_costs_nothing(
    slurm: FakeSlurm, layout: Layout
) -> None:
    slurm.fails("squeue", "slurm_load_jobs error: Unable to contact slurm controller")
    notes: list[Event] = []
    order = Order(layout, PROFILE, runners=dict(RUNNERS))
    assert dispatch(order, tree(1), (), notes.append).submitted.made
    assert any(isinstance(note, Note) and "Unable to contact" in note.text for note in notes)


def test_without_slurm_it_says_so(
    tmp_path: Path, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="no sbatch on the PATH"):
        sent(layout, tree(1))


@pytest.mark.parametrize("name", ["50%train", "back\\slash", "two\nlines", "%"])
def test_a_folder_that_sbatch_reads_as_a_pattern_is_refused(
    slurm: FakeSlurm, tmp_path: Path, name: str
) -> None:
    """A task would be started with nowhere to write its log: it would end at once, unheard."""
    place = Layout(tmp_path / name / "results", "demo")
    with pytest.raises(UserError, match=r"sbatch takes no .* pass another --results") as caught:
        sent(place, tree(1))
    with pytest.raises(UserError, match="sbatch takes no"):
        run_to_end(Order(place, PROFILE), tree(1), (), print)
    assert "\n" not in str(caught.value)
    assert not place.results.exists()


def test_another_job_of_this_user_may_lie_in_a_folder_of_any_name(
    slurm: FakeSlurm, layout: Layout
) -> None:
    cells = tree(1)
    sent(layout, cells)
    queue = json.loads((slurm.folder / "queue").read_text())
    (slurm.folder / "queue").write_text(json.dumps({"7": 1, **queue}))
    (slurm.folder / "7.path").write_bytes(b"/home/caf\xe9/train.sh")
    assert queued_cells(layout) == {cell.id for cell in cells}


def test_a_torn_submission_is_passed_over(slurm: FakeSlurm, layout: Layout) -> None:
    """As a crash between two files would leave it."""
    made = sent(layout, tree(1)).submitted.made
    (made[0].folder / ledger.SUBMISSION).write_text("{")
    assert len(list(ledger.submissions(layout))) == len(made) - 1


def test_tasks_read_back_what_they_are_to_do(slurm: FakeSlurm, layout: Layout) -> None:
    cells = {cell.id: cell for cell in tree(3)}
    for array in sent(layout, list(cells.values())).submitted.made:
        assert ledger.read(array.folder) == array
        for number, ids in enumerate(array.cells):
            assert ledger.read_task(array, number) == tuple(cells[name] for name in ids)


def test_which_cells_run_a_backbone() -> None:
    assert not runs_a_backbone(dataset())
    assert runs_a_backbone(pretrain())
    assert runs_a_backbone(evaluate(0))
    job = evaluate(0).job.model_copy(update={"protocol": "linear"})
    assert not runs_a_backbone(Cell.of(job, "probe"))


def test_inside_an_allocation_jobs_know_nothing_of_it(
    slurm: FakeSlurm, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SLURM_JOB_ID", "SLURM_MEM_PER_CPU", "SLURM_CONF"):
        monkeypatch.setenv(name, "7")
    sent(layout, [evaluate(0)])
    assert (slurm.folder / "lent").read_text() == "SLURM_CONF"
    assert os.environ["SLURM_MEM_PER_CPU"] == "7", "ours is as it was"


def test_what_finds_no_room_costs_few_calls(
    tmp_path: Path, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    slurm = installed(FakeSlurm.at(tmp_path / "bin", room=100), monkeypatch)
    cells = [evaluate(seed) for seed in range(900)]
    made = sent(layout, cells).submitted.made
    assert sum(len(array.cells) for array in made) == 100
    assert len(slurm.calls("sbatch")) <= 2 * 10
    assert len(slurm.calls("squeue")) == 1


def test_jobs_are_known_by_their_scripts_and_not_by_their_numbers(
    slurm: FakeSlurm, layout: Layout
) -> None:
    """Another cluster, or this one set up anew, has given the same numbers to other jobs."""
    cells = [evaluate(seed) for seed in range(3)]
    (array,) = sent(layout, cells).submitted.made
    (slurm.folder / f"{array.job}.path").write_text("/home/somebody/train.sh")
    assert on_the_way(layout).jobs == ()
    assert on_the_way(layout).all_tasks == len(array.cells)
    assert len(sent(layout, cells).submitted.made) == 1


def test_a_run_killed_before_it_noted_its_job_leaves_it_known(
    slurm: FakeSlurm, layout: Layout
) -> None:
    """sbatch has taken the array, and nobody was there to hear its number."""
    slurm.kills_who_submits()
    cells = [evaluate(seed) for seed in range(3)]
    child = os.fork()
    if child == 0:
        with suppress(BaseException):
            sent(layout, cells)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    (slurm.folder / "dies").unlink()
    (array,) = ledger.submissions(layout)
    assert array.job == ""
    assert on_the_way(layout).jobs == ("1000",)
    assert queued_cells(layout) == {cell.id for cell in cells}
    assert sent(layout, cells).submitted.made == ()


def test_two_runs_at_the_same_moment_submit_each_cell_once(
    slurm: FakeSlurm, layout: Layout
) -> None:
    cells = [evaluate(seed) for seed in range(40)]
    begin = threading.Barrier(2)

    def run() -> Dispatched:
        begin.wait()
        return sent(layout, cells)

    with ThreadPoolExecutor(2) as pool:
        both = [future.result() for future in [pool.submit(run), pool.submit(run)]]
    assert len(slurm.calls("sbatch")) == 1
    assert sorted(len(done.on_the_way) for done in both) == [0, 40]


def test_a_run_that_waits_for_its_turn_says_so(slurm: FakeSlurm, layout: Layout) -> None:
    told = threading.Event()

    def observe(event: Event) -> None:
        assert event == Note("another `severe run` submits cells of this suite; waiting for it")
        told.set()

    with ThreadPoolExecutor(1) as pool:
        with turn(layout, print):
            order = Order(layout, PROFILE, runners=dict(RUNNERS))
            other = pool.submit(dispatch, order, [evaluate(0)], (), observe)
            assert told.wait(60)
            assert slurm.calls("sbatch") == []
        assert len(other.result().submitted.made) == 1


def test_a_task_that_is_to_go_back_is_put_back_by_its_script(
    slurm: FakeSlurm, layout: Layout, tmp_path: Path
) -> None:
    """The step's status decides; the task is named, for its job's number may be the array's."""
    (array,) = sent(layout, [evaluate(seed) for seed in range(3)], requeues=2).submitted.made
    text = slurm.script(array.job)
    assert "#SBATCH --requeue\n" in text
    script = tmp_path / "task.sh"
    script.write_text(text.partition("# command")[0] + "(exit $STATUS)\n" + teardown(text))
    names = {"SLURM_JOB_ID": "9", "SLURM_ARRAY_JOB_ID": "9", "SLURM_ARRAY_TASK_ID": "2"}
    at = "2026-11-21T12:00:00"
    for status, restarts, preempted, asked in (
        (0, 0, at, False), (1, 0, at, False), (99, 0, "None", True), (140, 1, "None", True),
        (99, 2, "None", False), (98, 0, "None", False), (98, 1, at, True), (98, 2, at, False),
        (143, 0, "None", False), (143, 0, at, True),
    ):  # fmt: skip
        before = len(slurm.calls("scontrol"))
        counted = {"SLURM_RESTART_COUNT": str(restarts)} if restarts else {}
        told = {"STATUS": str(status), "PREEMPTED": preempted}
        environ = {**os.environ, **names, **counted, **told}
        done = subprocess.run(["bash", str(script)], env=environ, check=False)
        assert done.returncode == status
        calls = [call for call in slurm.calls("scontrol")[before:] if call[0] == "requeue"]
        assert calls == ([["requeue", "9_2"]] if asked else []), (status, preempted)


def test_a_network_that_is_not_known_asks_for_no_more_than_one_that_is() -> None:
    expect, known = Expectations(), evaluate(0)
    assert isinstance(known.job, EvaluateJob)
    network = known.job.network.model_copy(update={"backbone": "mine.models:build@0"})
    other = Cell.of(known.job.model_copy(update={"network": network}), "evaluate")
    assert asked_for(expect, known) == expect.span(known)[0]
    asked, (span, _) = asked_for(expect, other), expect.span(other)
    assert asked.expected == span.expected
    assert asked.high == pytest.approx(5 * span.expected)
    assert asked.high < span.high


def teardown(text: str) -> str:
    return text.partition("# teardown\n")[2]


def test_where_requeueing_is_forbidden_nobody_tries(slurm: FakeSlurm, layout: Layout) -> None:
    (array,) = sent(layout, [evaluate(0)], requeues=0).submitted.made
    text = slurm.script(array.job)
    assert "--requeue" not in text
    assert "scontrol" not in text
