"""Doubling budgets in one word."""

from pathlib import Path

import pytest

from severe_bench.config.errors import UserErrors
from severe_bench.config.ladders import Ladder
from severe_bench.config.loading import load_config
from severe_bench.config.schema import Config
from severe_bench.core.budget import Budget
from severe_bench.plan.build import plan_suite

STUDY = """\
version: 1
datasets:
  ucf: {adapter: ucf101, root: /nowhere}
  near: {adapter: procedural, options: {world: near, train: 50, test: 10}}
  mine: {adapter: manifest, root: /nowhere}
recipes:
  r: {clip: {frames: 8, size: 48}}
models:
  m: {backbone: r2plus1d_narrow}
experiments:
  few:
    factor: samples
    dataset: DATASET
    task: recognition
    protocol: finetune
    recipe: r
    budget: BUDGET
suites:
  s: {blocks: [{models: m, experiments: "few-*"}]}
"""


def loaded(folder: Path, dataset: str, budget: str, text: str = STUDY) -> Config:
    path = folder / "benchmarks.yaml"
    path.write_text(text.replace("DATASET", dataset).replace("BUDGET", budget))
    return load_config(path, {})


def budgets(config: Config) -> dict[str, Budget]:
    return {name: entry.budget for name, entry in config.experiments.items()}


def said(folder: Path, dataset: str, budget: str, text: str = STUDY) -> list[str]:
    with pytest.raises(UserErrors) as caught:
        loaded(folder, dataset, budget, text)
    return str(caught.value).replace(f"{folder}/", "").splitlines()


@pytest.mark.parametrize(
    ("ladder", "size", "rungs"),
    [
        (Ladder(ladder=1000), 9537, [1000, 2000, 4000, 8000]),
        (Ladder(ladder=1000), 8000, [1000, 2000, 4000]),
        (Ladder(ladder=1000), 900, []),
        (Ladder(ladder=1000, until=4000), 9537, [1000, 2000, 4000]),
        (Ladder(ladder=1000, until=64000), None, [1000 * 2**n for n in range(7)]),
        (Ladder(ladder=3), 20, [3, 6, 12]),
    ],
)
def test_rungs_double_below_the_whole(ladder: Ladder, size: int | None, rungs: list[int]) -> None:
    assert list(ladder.rungs(size)) == rungs


def test_the_official_size_ends_a_ladder_without_the_data(tmp_path: Path) -> None:
    config = loaded(tmp_path, "ucf", "{ladder: 1000, rule: per_class_ceil, draw: cell}")
    rungs = [1000, 2000, 4000, 8000]
    wanted = {f"few-{n}": Budget(count=n, rule="per_class_ceil", draw="cell") for n in rungs}
    assert budgets(config) == wanted | {"few-full": Budget()}
    cells = plan_suite(config, "s").cells
    assert [cell.label.budget for cell in cells if cell.label] == [*map(str, rungs), "full"]


def test_options_end_a_ladder(tmp_path: Path) -> None:
    assert list(budgets(loaded(tmp_path, "near", "{ladder: 20}"))) == [
        "few-20",
        "few-40",
        "few-full",
    ]


def test_of_a_manifest_it_must_be_said(tmp_path: Path) -> None:
    """Whether its file is here or not: a plan is the same on every machine."""
    assert said(tmp_path, "mine", "{ladder: 1000}") == [
        "benchmarks.yaml:17: experiments.few.budget.ladder: how large the training set is, is not "
        "known without its files; add `until: N`, the largest rung"
    ]
    config = loaded(tmp_path, "mine", "{ladder: 1000, until: 2000}")
    assert list(budgets(config)) == ["few-1000", "few-2000", "few-full"]


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        ("{ladder: 0}", "experiments.few.budget.ladder: should be greater than or equal to 1"),
        ("{ladder: many}", "experiments.few.budget.ladder: expected a whole number"),
        ("{ladder: 10, until: all}", "experiments.few.budget.until: expected a whole number"),
        ("{until: 10}", "experiments.few.budget.until: unknown key"),
        ("{ladder: 1000, percent: 5}", "give one of count, per_class, percent"),
    ],
)
def test_mistakes(tmp_path: Path, budget: str, message: str) -> None:
    text = STUDY.replace("few-*", "few*")
    assert all(message in line for line in said(tmp_path, "ucf", budget, text))


def test_a_name_that_is_taken(tmp_path: Path) -> None:
    other = "  few-40: {factor: samples, dataset: near, task: recognition, protocol: finetune, "
    text = STUDY.replace("suites:", other + "recipe: r}\nsuites:")
    (line,) = said(tmp_path, "near", "{ladder: 20}", text)
    assert "there is an experiment 'few-40' already; rename" in line


def test_a_broken_dataset_is_reported_where_it_is(tmp_path: Path) -> None:
    text = STUDY.replace("adapter: ucf101", "adapter: ucf1001")
    lines = said(tmp_path, "ucf", "{ladder: 20}", text)
    assert any("unknown dataset adapter 'ucf1001'" in line for line in lines)
