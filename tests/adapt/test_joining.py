"""Cells as members: what each has to train, stage by stage, from its own inputs."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from severe_bench.adapt import many_heads
from severe_bench.adapt.company import PROTOCOLS as IN_COMPANY
from severe_bench.adapt.features import FeatureTable, read_features, write_features
from severe_bench.adapt.heads import shaped
from severe_bench.adapt.inputs import Inputs
from severe_bench.adapt.joining import STAGES, head_of, selected_of, trials_of
from severe_bench.adapt.linear_heads import LinearHeads
from severe_bench.adapt.lockstep import Member, train_together
from severe_bench.adapt.many_heads import Heads
from severe_bench.adapt.probing import probe
from severe_bench.adapt.protocol import PROTOCOLS
from severe_bench.adapt.selection import SELECTION_FILE, Trials, probe_selected
from severe_bench.config.recipe import Recipe
from severe_bench.core.errors import UserError
from severe_bench.core.record import Dataset, Record
from severe_bench.core.shards import Shards
from severe_bench.tasks.recognition import RECOGNITION
from severe_bench.train.checkpoint import CHECKPOINT_FILE
from tests.adapt.companies import flat
from tests.adapt.fakes import evaluate_job, recipe, recognition_of
from tests.train.fakes import Wires

PLAN = recipe(
    batch_size=8,
    optimiser={"name": "sgd", "lr": 0.03, "momentum": 0.9, "weight_decay": 1e-3},
    schedule={"epochs": 5, "kind": "cosine"},
    standardise=False,
)
BUDGETS = (40, 24, 15)
POISONED = 39
"""A video that only the largest budget buys, with features that no loss survives."""


def cell(
    folder: Path, budget: int, seed: int, plan: Recipe = PLAN, poison: float = 0.0, **rest: Any
) -> Inputs:
    """Noisy points in three classes; `folder` is the study's, the cell has one of its own."""
    random = np.random.default_rng(0)
    own = folder / f"{budget}-{seed}"
    own.mkdir(parents=True, exist_ok=True)
    records, needs = [], {}
    for split, count in (("train", 40), ("test", 30)):
        labels = np.arange(count) % 3
        features = np.eye(6)[labels][:, None] + random.normal(size=(count, 2, 6))
        if poison and split == "train":
            features[POISONED] = poison
        names = [f"{split}-{number}" for number in range(count)]
        needs[f"{split}_features"] = folder / f"{split}-features"
        weights = np.full((count, 2), 0.5, np.float32)
        table = FeatureTable(tuple(names), features.astype(np.float32), weights)
        if not needs[f"{split}_features"].exists():
            write_features(needs[f"{split}_features"], table)
        records += [Record(n, n, int(c), split) for n, c in zip(names, labels, strict=True)]
    dataset = Dataset("blobs", folder, ("a", "b", "c"), tuple(records))
    job = evaluate_job(rest.get("protocol", "linear_selected"), recipe=plan, seed=seed)
    session = dataclasses.replace(Wires(own).session, needs=needs)
    task = shaped(RECOGNITION, recognition_of(dataset), plan.head)
    train, test = dataset.of("train")[:budget], dataset.of("test")
    return Inputs(job, dataset, RECOGNITION, task, train, test, None, session)


def grid(folder: Path, **rest: Any) -> list[Inputs]:
    return [cell(folder, budget, seed, **rest) for budget in BUDGETS for seed in (0, 1)]


def table_of(inputs: Inputs) -> FeatureTable:
    return read_features(inputs.session.needs["train_features"])


def joined(cells: Sequence[Inputs], stage: Any) -> list[Member]:
    members = [stage(inputs, table_of(inputs)) for inputs in cells]
    found = [member for member in members if member is not None and member.left]
    if found:
        train_together(found, Wires(cells[0].session.folder).session)
    return found


def left_behind(folder: Path) -> dict[str, Any]:
    """All checkpoints and choices, but for times."""
    found: dict[str, Any] = {}
    for path in sorted(folder.rglob(CHECKPOINT_FILE)):
        content = flat(torch.load(path, weights_only=True))
        del content["/tally/seconds"]
        found[str(path.relative_to(folder))] = content
    for path in sorted(folder.rglob(SELECTION_FILE)):
        found[str(path.relative_to(folder))] = path.read_text()
    return found


def test_every_protocol_of_companies_has_stages() -> None:
    assert set(STAGES) == set(IN_COMPANY)
    assert all(PROTOCOLS.get(name).reads == "features" for name in STAGES)


@pytest.mark.parametrize("standardise", [False, True])
def test_the_stages_leave_what_each_cell_alone_leaves(tmp_path: Path, standardise: bool) -> None:
    plan = PLAN.model_copy(update={"standardise": standardise})
    alone, company = grid(tmp_path / "alone", plan=plan), grid(tmp_path / "company", plan=plan)
    expected = [probe_selected(inputs) for inputs in alone]
    assert len(joined(company, trials_of)) == len(company)
    assert len(joined(company, selected_of)) == len(company)
    before = left_behind(tmp_path / "company")
    assert len(before) == 2 * len(company)
    found = [probe_selected(inputs) for inputs in company]
    after = left_behind(tmp_path / "company")
    assert after == left_behind(tmp_path / "alone")
    assert before == {name: after[name] for name in before}
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_array_equal(one.scores, other.scores)
        assert one.cost.final_loss == other.cost.final_loss
        assert one.cost.steps == other.cost.steps


def test_linear_cells_have_one_stage(tmp_path: Path) -> None:
    alone = grid(tmp_path / "alone", protocol="linear")
    company = grid(tmp_path / "company", protocol="linear")
    for inputs in alone:
        probe(inputs)
    joined(company, head_of)
    assert left_behind(tmp_path / "company") == left_behind(tmp_path / "alone")


def test_nothing_is_selected_before_the_trials_have_ended(tmp_path: Path) -> None:
    inputs = cell(tmp_path, 24, 0)
    assert selected_of(inputs, table_of(inputs)) is None
    assert not list(tmp_path.rglob(CHECKPOINT_FILE))


def test_a_cell_without_any_finite_trial_harms_no_other(tmp_path: Path) -> None:
    rest = {"poison": 1e30}
    alone, company = grid(tmp_path / "alone", **rest), grid(tmp_path / "company", **rest)
    joined(company, trials_of)
    assert [member.training.seed for member in joined(company, selected_of)] == [0, 1] * 2
    for inputs in company[:2]:
        with pytest.raises(UserError, match="no learning rate gives a finite loss"):
            probe_selected(inputs)
    for inputs in (*alone[2:], *company[2:]):
        probe_selected(inputs)
    assert left_behind(tmp_path / "company") == left_behind(tmp_path / "alone")


def test_a_cell_with_too_few_videos_says_so(tmp_path: Path) -> None:
    inputs = cell(tmp_path, 1, 0)
    with pytest.raises(UserError, match="too few to select with"):
        trials_of(inputs, table_of(inputs))


@pytest.mark.parametrize(
    "blocks", [{"head": {"dropout": 0.3}}, {"numerics": {"precision": "bf16"}}]
)
def test_other_heads_train_together_within_their_cell(
    tmp_path: Path, blocks: dict[str, Any]
) -> None:
    inputs = cell(tmp_path, 24, 0, plan=recipe(**{**PLAN.model_dump(), **blocks}))
    assert isinstance(Trials.of(table_of(inputs), inputs).heads, Heads)
    assert trials_of(inputs, table_of(inputs)) is None
    assert np.isfinite(probe_selected(inputs).scores).all()


def test_cells_whose_features_stay_on_the_disk_train_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = cell(tmp_path, 24, 0)
    held = table_of(inputs)
    monkeypatch.setattr("severe_bench.adapt.features.HELD_BYTES", 1)
    rows = Shards((np.asarray(held.features),), np.arange(len(held.samples)))
    mapped = dataclasses.replace(held, features=rows)
    assert trials_of(inputs, mapped) is None
    assert head_of(inputs, mapped) is None


@pytest.mark.parametrize("cached", [1, 5, 70])
@pytest.mark.parametrize("name", ["sgd", "adam", "adamw"])
def test_updates_of_parts_of_a_head_have_the_same_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cached: int, name: str
) -> None:
    spec = PLAN.optimiser.model_copy(update={"name": name})
    plan = PLAN.model_copy(update={"optimiser": spec})
    whole, parts = (cell(tmp_path / side, 24, 0, plan=plan) for side in ("whole", "parts"))
    probe_selected(whole)
    monkeypatch.setattr(many_heads, "CACHED", cached)
    probe_selected(parts)
    assert left_behind(tmp_path / "parts") == left_behind(tmp_path / "whole")
    assert isinstance(Trials.of(table_of(whole), whole).heads, LinearHeads)
