"""Overrides that no protocol reads are told, and do not stop anything."""

from pathlib import Path

import pytest

from severe_bench.adapt.protocol import PROTOCOLS
from severe_bench.config.loading import load_config
from severe_bench.config.recipe import Recipe
from severe_bench.plan.build import plan_suite

STUDY = """\
version: 1
datasets:
  near: {adapter: procedural, options: {world: near}}
recipes:
  probe: {clip: {frames: 8, size: 48}}
models:
  none: {backbone: r2plus1d_narrow}
experiments:
  votes: {factor: standard, dataset: near, task: recognition, protocol: knn, recipe: probe,
          set: {VOTES}}
  found: {factor: task, dataset: near, task: retrieval, protocol: frozen, recipe: probe}
  tuned: {factor: standard, dataset: near, task: recognition, protocol: finetune, recipe: probe}
suites:
  s:
    blocks: [{models: none, experiments: "*", seeds: [0]}]
    overrides:
      - {match: {experiment: MATCH}, set: {SET}}
  all: {suites: [s]}
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def notes(match: str, change: str, votes: str = "", suite: str = "s") -> tuple[str, ...]:
    text = STUDY.replace("MATCH", match).replace("SET", change).replace("VOTES", votes)
    Path("benchmarks.yaml").write_text(text)
    return plan_suite(load_config(Path("benchmarks.yaml")), suite).warnings


@pytest.mark.parametrize("suite", ["s", "all"])
def test_an_override_for_what_trains_nothing(suite: str) -> None:
    assert notes("found", "recipe.optimiser.lr: 0.1", suite=suite) == (
        "benchmarks.yaml:17: suites.s.overrides[0].set.recipe.optimiser.lr changes nothing: "
        "protocol frozen does not read it; leave it out",
    )


def test_an_override_that_some_of_its_cells_read() -> None:
    assert notes('"*"', "recipe.optimiser.lr: 0.1") == ()


@pytest.mark.parametrize(
    ("match", "change", "told"),
    [
        ("found", "recipe.augment.flip: 0.1", "protocol frozen"),
        ("votes", "recipe.augment.flip: 0.1", ""),
        ("[votes, found]", "recipe.augment.flip: 0.1", ""),
        ("[votes, found]", "recipe.batch_size: 4", "protocol frozen or knn"),
        ("[votes, found]", "recipe.standardise: true", ""),
        ("votes", "recipe.schedule: {epochs: 3}", "protocol knn"),
        ("votes", "budget: {count: 16}", ""),
        ("tuned", "recipe.schedule: {epochs: 3}", ""),
    ],
)
def test_what_protocols_read(match: str, change: str, told: str) -> None:
    found = notes(match, change)
    assert len(found) == bool(told)
    assert all(told in line for line in found)


def test_an_experiments_own_settings() -> None:
    (found,) = notes("tuned", "recipe.batch_size: 4", "recipe.head.dropout: 0.5")
    assert found.startswith("benchmarks.yaml:10: experiments.votes.set.recipe.head.dropout changes")


def test_protocols_ignore_parts_of_recipes() -> None:
    for name in PROTOCOLS.names():
        assert set(PROTOCOLS.get(name).ignores) <= set(Recipe.model_fields)
