"""Budgets given back as a file."""

from pathlib import Path

import pytest

from severe_bench.config.errors import UserErrors
from severe_bench.config.loading import load_config
from severe_bench.config.schema import Config
from severe_bench.plan.build import plan_suite

STUDY = """\
version: 1
datasets:
  ucf: {adapter: ucf101, root: /nowhere}
recipes:
  r: {clip: {frames: 8, size: 48}}
models:
  m: {backbone: r2plus1d_narrow}
experiments:
  few: {factor: samples, dataset: ucf, task: recognition, protocol: finetune, recipe: r,
        budget: BUDGET}
suites:
  s: {blocks: [{models: m, experiments: few}]}
"""
LIST = "Biking/v_Biking_g08_c01.avi 10\nApply Makeup/v b.avi 0\n"


def loaded(folder: Path, budget: str) -> Config:
    path = folder / "benchmarks.yaml"
    path.write_text(STUDY.replace("BUDGET", budget))
    return load_config(path, {})


def test_the_samples_of_the_list_are_the_budget(tmp_path: Path) -> None:
    (tmp_path / "drawn.txt").write_text(LIST)
    config = loaded(tmp_path, "{file: drawn.txt}")
    wanted = ("Biking/v_Biking_g08_c01.avi", "Apply Makeup/v b.avi")
    assert config.experiments["few"].budget.samples == wanted
    (cell,) = plan_suite(config, "s").cells
    assert cell.label is not None
    assert cell.label.budget == "2 listed"


def test_the_list_and_not_its_place_is_the_identity(tmp_path: Path) -> None:
    ids = []
    for name, text in (("a.txt", LIST), ("b.txt", LIST), ("c.txt", LIST.replace("08", "09"))):
        (tmp_path / name).write_text(text)
        (cell,) = plan_suite(loaded(tmp_path, f"{{file: {name}}}"), "s").cells
        ids.append(cell.id)
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize(
    ("budget", "text", "message"),
    [
        ("{file: gone.txt}", LIST, "gone.txt: No such file or directory; give the drawn.txt"),
        ("{file: drawn.txt}", "a 1\nb\n", "drawn.txt:2: is not `sample label`"),
        ("{file: drawn.txt}", "", "drawn.txt:1: is not `sample label`"),
        ("{file: drawn.txt, count: 3}", LIST, "give one of count, per_class, percent"),
        ("{file: drawn.txt}", "a 1\na 1\n", "a sample is listed twice"),
    ],
)
def test_mistakes(tmp_path: Path, budget: str, text: str, message: str) -> None:
    (tmp_path / "drawn.txt").write_text(text)
    with pytest.raises(UserErrors) as caught:
        loaded(tmp_path, budget)
    (line,) = str(caught.value).splitlines()
    assert message in line
    assert "benchmarks.yaml:9: experiments.few.budget" in line or ":10: " in line
