"""What a cell may cost follows the size of the user's own data, where that is known."""

from pathlib import Path

import pytest

from severe_bench.config.loading import load_config
from severe_bench.plan.build import plan_suite
from severe_bench.plan.estimate import estimate
from severe_bench.plan.job import NetworkRef, WeightsRef
from severe_bench.plan.parts import dataset_part
from severe_bench.plan.prior import GPU, prior_bytes, prior_seconds, views_of
from severe_bench.tasks.task import TASKS
from tests.adapt.fakes import evaluate_job, features_job, recipe
from tests.run.grids import pretrain

STUDY = """\
version: 1
datasets:
  mine: {adapter: manifest, root: mine, allow_missing: true}
  ucf: {adapter: ucf101, root: /nowhere}
  kinetics: {adapter: kinetics400, root: /nowhere}
recipes:
  r: {clip: {frames: 16, size: 112}, schedule: {epochs: 10}}
models:
  m: {backbone: r2plus1d_18}
experiments:
  mine: {factor: domain, dataset: mine, task: recognition, protocol: finetune, recipe: r}
  probe: {factor: domain, dataset: mine, task: recognition, protocol: linear, recipe: r}
suites:
  s: {blocks: [{models: m, experiments: "*", seeds: [0]}]}
"""


def study(folder: Path, train: int) -> Path:
    (folder / "mine").mkdir(exist_ok=True)
    names = [f"{n}.mp4,{n % 3},{'train' if n < train else 'test'}" for n in range(train * 3 // 2)]
    (folder / "mine/annotations.csv").write_text("\n".join(["path,label,split", *names, ""]))
    path = folder / "benchmarks.yaml"
    path.write_text(STUDY)
    return path


def hours(folder: Path, train: int) -> float:
    cells = plan_suite(load_config(study(folder, train)), "s").cells
    return estimate(cells, {}, {}, 1).compute_seconds.expected / 3600


def test_twelve_videos_take_minutes_and_twelve_thousand_take_days(tmp_path: Path) -> None:
    """A clip of 16 x 112 x 112 through R(2+1)D-18 takes a second or two on one core."""
    few, many = hours(tmp_path, 8), hours(tmp_path, 8000)
    assert few < 0.3
    assert many == pytest.approx(1000 * few, rel=0.1)


def test_sizes_come_from_the_files_or_from_those_who_counted_them(tmp_path: Path) -> None:
    config = load_config(study(tmp_path, 8))
    assert dataset_part(config, "mine").sizes == {"train": 8}
    assert dataset_part(config, "ucf").sizes == {"train": 9537, "test": 3783}
    assert dataset_part(config, "kinetics").sizes == {}


def test_a_test_set_of_unknown_size_is_in_proportion(tmp_path: Path) -> None:
    cells = plan_suite(load_config(study(tmp_path, 800)), "s").cells
    (job,) = (cell.job for cell in cells if "mine test" in cell.title)
    known = prior_seconds(job, "", {"train": 800, "test": 320})
    assert prior_seconds(job, "", {"train": 800}) == pytest.approx(known, rel=0.01)
    assert prior_bytes(job, {"test": 640}) > prior_bytes(job, {"train": 800})


@pytest.mark.parametrize(
    ("task", "options", "clips"),
    [
        ("recognition", {}, None),
        ("counting", {}, (110, 74)),
        ("arrow_of_time", {}, (2, 2)),
        ("ava_detection", {}, (1, 1)),
        ("tube_detection", {}, (170, 170)),
        ("tube_detection", {"key_frames": "drawn", "every": 4}, (1, 43)),
        ("segmentation", {"hop": 2, "hop_in": "seconds", "window": 4}, (4, 15)),
        ("localisation", {"hop": 1}, (16, 47)),
    ],
)
def test_tasks_say_how_many_clips_they_take(
    task: str, options: dict[str, object], clips: tuple[int, int] | None
) -> None:
    asked = TASKS.get(task)
    found = asked.clips and asked.clips(asked.options.model_validate(options))
    assert found == clips


R18 = NetworkRef(backbone="r2plus1d_18", weights=WeightsRef(source="none", init_seed=0))


@pytest.mark.parametrize(("backbone", "times"), [("s3d", 0.110), ("r2plus1d_34", 1.856)])
def test_counted_networks_cost_by_their_operations(backbone: str, times: float) -> None:
    """GFLOPs of 16 x 112 x 112: 8.948, 150.401 and R(2+1)D-18's 81.038."""
    sizes = {"train": 0, "test": 10**9}
    job = evaluate_job("finetune", network=R18)
    other = job.model_copy(update={"network": R18.model_copy(update={"backbone": backbone})})
    through, of_18 = (prior_seconds(j, "clips", sizes, GPU) for j in (other, job))
    assert through / of_18 == pytest.approx(times, rel=0.01)


def test_weights_take_the_disk_that_their_parameters_do() -> None:
    small, large = (pretrain_bytes(name) for name in ("s3d", "c3d"))
    assert large - small == 4 * (77_995_776 - 7_910_048)


def pretrain_bytes(backbone: str) -> int:
    job = pretrain(0).job.model_copy(update={"backbone": backbone})
    return prior_bytes(job)


def tubes(**options: object) -> float:
    job = evaluate_job("finetune", "tube_detection", task_options=options, network=R18)
    return prior_seconds(job, "clips", {"train": 1000, "test": 0})


def test_drawn_key_frames_cost_a_clip_and_all_of_them_a_hundred_and_seventy() -> None:
    assert tubes() == pytest.approx(170 * tubes(key_frames="drawn"), rel=0.05)


def test_features_of_timelines_cost_a_clip_for_each_snippet() -> None:
    """A video of 30 s has 60 snippets that are half a second apart, whatever test.clips says."""
    options = {"hop": 0.5, "hop_in": "seconds"}
    many = features_job("test", "test", unit="timeline", unit_options=options, network=R18)
    one = features_job("test", "test", recipe=recipe(test={"clips": 1}), network=R18)
    sizes = {"test": 100_000}
    assert (views_of(many), views_of(one)) == (60, 1)
    assert prior_bytes(many, sizes) == pytest.approx(60 * prior_bytes(one, sizes), rel=0.02)
    assert prior_seconds(many, "", sizes) > 20 * prior_seconds(one, "", sizes)
