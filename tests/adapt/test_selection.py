import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from severe_bench.adapt import selection
from severe_bench.adapt.evaluate import run_evaluate
from severe_bench.adapt.features import FeatureTable, write_features
from severe_bench.adapt.inputs import Inputs
from severe_bench.adapt.probing import probe
from severe_bench.adapt.protocol import PROTOCOLS
from severe_bench.adapt.selection import Trial, chosen, probe_selected, settings, split_off
from severe_bench.config.recipe import Optimiser
from severe_bench.core.errors import Interrupted, UserError
from severe_bench.core.record import Dataset, Record
from severe_bench.tasks.recognition import RECOGNITION
from severe_bench.train.loop import FitSummary, fit_unchecked
from tests.adapt.fakes import evaluate_job, recipe, recognition_of
from tests.train.fakes import Wires

PLAN = recipe(
    batch_size=50,
    optimiser={"name": "sgd", "lr": 0.003, "momentum": 0.0, "weight_decay": 1e-3},
    schedule={"epochs": 5, "kind": "constant"},
)


def record(number: int, group: str | None = None) -> Record:
    return Record(f"v{number}", f"v{number}.mp4", number % 3, "train", group=group)


@given(st.integers(2, 200))
def test_a_fifth_is_kept_apart_the_same_each_time_in_any_order(count: int) -> None:
    records = [record(number) for number in range(count)]
    fitting, kept = split_off(records)
    assert len(kept) == -(-count // 5)
    numbers = [[int(r.sample[1:]) for r in part] for part in (fitting, kept)]
    assert sorted(numbers[0] + numbers[1]) == list(range(count))
    assert numbers == [sorted(part) for part in numbers]
    again = split_off(records[::-1])
    assert [[r.sample for r in part[::-1]] for part in again] == [
        [r.sample for r in part] for part in (fitting, kept)
    ]


def test_which_videos_is_fixed_for_good() -> None:
    """Another hash would change numbers of cells whose identity stays the same."""
    _, kept = split_off([record(number) for number in range(10)])
    assert [r.sample for r in kept] == ["v5", "v6"]


@given(st.lists(st.sampled_from("abcdefg"), min_size=2, max_size=40))
def test_groups_stay_together(groups: list[str]) -> None:
    records = [record(number, group) for number, group in enumerate(groups)]
    if len(set(groups)) == 1:
        with pytest.raises(UserError, match="videos of one group are too few to select with"):
            split_off(records)
        return
    fitting, kept = split_off(records)
    left = {r.group for r in fitting}
    assert not left & {r.group for r in kept}
    assert left
    assert kept
    assert len(kept) >= len(records) / 5 or len(left) == 1


def test_parts_of_one_video_stay_together_without_a_group() -> None:
    parts = [
        Record(f"{video}-{part}", f"{video}.mp4", 0, "train", part, part + 1.0)
        for video in range(6)
        for part in range(4)
    ]
    fitting, kept = split_off(parts)
    assert len(kept) >= len(parts) / 5
    assert not {r.path for r in fitting} & {r.path for r in kept}


def test_a_small_group_before_a_large_one_does_not_take_both() -> None:
    for groups in ("a" + "b" * 9, "a" * 9 + "b"):
        fitting, kept = split_off([record(number, group) for number, group in enumerate(groups)])
        assert {len(fitting), len(kept)} == {1, 9}


def test_one_video_is_too_few() -> None:
    with pytest.raises(UserError, match="1 training video is too few"):
        split_off([record(0)])


def test_settings_are_rates_times_decays_the_recipe_s_own_first() -> None:
    own = Optimiser(lr=0.5, weight_decay=0.1)
    found = list(settings(own))
    assert found[0] == own
    assert len({(o.lr, o.weight_decay) for o in found}) == 10
    assert {o.weight_decay for o in found} == {0.0, 0.1}
    assert sorted({o.lr for o in found}) == pytest.approx([0.05, 0.15, 0.5, 1.5, 5.0])
    assert len(list(settings(Optimiser(lr=0.5, weight_decay=0.0)))) == 5


@pytest.mark.parametrize(
    ("scores", "higher", "expected"),
    [
        ([1.0, 3.0, 3.0], True, 1),
        ([1.0, 3.0, 1.0], False, 0),
        ([None, 3.0, 4.0], False, 1),
        ([0.0, None, 0.0], True, 0),
    ],
)
def test_the_best_wins_and_the_first_of_equals(
    scores: list[float | None], higher: bool, expected: int
) -> None:
    trials = [Trial(1.0, 0.0, score) for score in scores]
    assert chosen(trials, higher_is_better=higher) == expected


def test_no_finite_loss_at_all_is_said() -> None:
    with pytest.raises(UserError, match="no learning rate gives a finite loss"):
        chosen([Trial(1.0, 0.0, None)], higher_is_better=True)


def inputs(folder: Path, wires: Wires, plan: object = PLAN) -> Inputs:
    """Three classes that a head trained at ten times the recipe's rate tells apart better."""
    random = np.random.default_rng(0)
    records, needs = [], {}
    for split, count in (("train", 60), ("test", 60)):
        labels = np.arange(count) % 3
        features = np.eye(4)[labels][:, None] * 2 + random.normal(size=(count, 2, 4))
        names = [f"{split}-{number}" for number in range(count)]
        weights = np.full((count, 2), 0.5, np.float32)
        needs[f"{split}_features"] = folder / f"{split}-features"
        table = FeatureTable(tuple(names), features.astype(np.float32), weights)
        write_features(needs[f"{split}_features"], table)
        records += [Record(n, n, int(c), split) for n, c in zip(names, labels, strict=True)]
    dataset = Dataset("blobs", folder, ("a", "b", "c"), tuple(records))
    job = evaluate_job("linear_selected", recipe=plan)
    session = dataclasses.replace(wires.session, needs=needs)
    task, pool, test = recognition_of(dataset), dataset.of("train"), dataset.of("test")
    return Inputs(job, dataset, RECOGNITION, task, pool, test, None, session)


def test_the_chosen_setting_is_trained_on_everything(tmp_path: Path) -> None:
    given_inputs = inputs(tmp_path, Wires(tmp_path))
    found = probe_selected(given_inputs)
    report = json.loads((tmp_path / selection.SELECTION_FILE).read_text())
    assert (report["metric"], report["videos"], len(report["trials"])) == ("top1", 12, 10)
    best = report["trials"][report["chosen"]]
    assert best["score"] == max(trial["score"] for trial in report["trials"])
    assert best["score"] > report["trials"][0]["score"]
    own = {**PLAN.optimiser.model_dump(), "lr": best["lr"], "weight_decay": best["weight_decay"]}
    apart = tmp_path / "apart"
    apart.mkdir()
    direct = probe(inputs(apart, Wires(apart), recipe(**{**PLAN.model_dump(), "optimiser": own})))
    np.testing.assert_array_equal(found.scores, direct.scores)
    assert found.cost.steps == 5 + 5 * 2  # ten heads at once: 48 videos in a batch, 60 in two
    assert found.cost.final_loss == direct.cost.final_loss


def test_the_test_set_has_no_say(tmp_path: Path) -> None:
    reports = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        given_inputs = inputs(tmp_path / name, Wires(tmp_path / name))
        if name == "b":
            table = FeatureTable(
                tuple(r.sample for r in given_inputs.test),
                np.zeros((60, 1, 4), np.float32),
                np.ones((60, 1), np.float32),
            )
            write_features(given_inputs.session.needs["test_features"], table)
        probe_selected(given_inputs)
        reports.append((tmp_path / name / selection.SELECTION_FILE).read_text())
    assert reports[0] == reports[1]


def test_a_setting_that_diverges_is_passed_over(tmp_path: Path) -> None:
    wild = recipe(**{**PLAN.model_dump(), "optimiser": {"name": "sgd", "lr": 1e37}})
    probe_selected(inputs(tmp_path, Wires(tmp_path), wild))
    report = json.loads((tmp_path / selection.SELECTION_FILE).read_text())
    scores = [trial["score"] for trial in report["trials"]]
    assert None in scores
    assert scores[report["chosen"]] is not None


def test_an_interrupted_search_ends_with_the_same_numbers(tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    (tmp_path / "cut").mkdir()
    whole = probe_selected(inputs(tmp_path / "whole", Wires(tmp_path / "whole")))
    for _ in range(8):
        wires = Wires(tmp_path / "cut", stop=lambda call: call == 9)
        try:
            cut = probe_selected(inputs(tmp_path / "cut", wires))
            break
        except Interrupted:
            continue
    np.testing.assert_array_equal(cut.scores, whole.scores)


def test_an_evaluation_through_the_registry(tmp_path: Path) -> None:
    assert PROTOCOLS.get("linear_selected").reads == "features"
    given_inputs = inputs(tmp_path, Wires(tmp_path))
    found = run_evaluate(given_inputs.job, given_inputs.dataset, None, given_inputs.session)
    assert found.metrics[0].value > 60


def test_a_setting_whose_last_step_broke_its_head_is_not_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fit_and_break(objective: Any, *rest: Any) -> FitSummary:
        summary = fit_unchecked(objective, *rest)
        with torch.no_grad():
            next(iter(objective.module.parameters()))[3] = torch.inf
        return summary

    monkeypatch.setattr(selection, "fit_unchecked", fit_and_break)
    probe_selected(inputs(tmp_path, Wires(tmp_path)))
    report = json.loads((tmp_path / selection.SELECTION_FILE).read_text())
    scores = [trial["score"] for trial in report["trials"]]
    assert [number for number, score in enumerate(scores) if score is None] == [3]
    assert scores[report["chosen"]] == max(score for score in scores if score is not None)
