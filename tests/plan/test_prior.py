"""What a cell may cost follows the size of the user's own data, where that is known."""

from pathlib import Path

import pytest

from severe_bench.config.loading import load_config
from severe_bench.plan.build import plan_suite
from severe_bench.plan.estimate import estimate
from severe_bench.plan.parts import dataset_part
from severe_bench.plan.prior import prior_bytes, prior_seconds

STUDY = """\
version: 1
datasets:
  mine: {adapter: manifest, root: mine}
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
