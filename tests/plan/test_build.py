from collections import Counter
from pathlib import Path

import pytest

from severe_bench.config.recipe import Recipe
from severe_bench.core.errors import UserError
from severe_bench.plan.build import Plan, plan_suite
from severe_bench.plan.cell import Cell
from severe_bench.plan.grid import Filters
from severe_bench.plan.job import EvaluateJob, FeaturesJob, PretrainJob
from tests.plan.fixtures import Study

OLD = '      - {models: "*", experiments: "*", seeds: [0, 1]}\n'


def by_title(plan: Plan) -> dict[str, Cell]:
    return {cell.title: cell for cell in plan.cells}


def problems(plan: Plan) -> dict[str, str]:
    return {cell.title: cell.problem for cell in plan.cells if cell.problem}


def test_each_needed_cell_is_there_once_and_before_what_needs_it(study: Study) -> None:
    plan = plan_suite(study(), "demo")
    seen: set[str] = set()
    for cell in plan.cells:
        assert set(cell.needs.values()) <= seen
        assert cell.id not in seen
        seen.add(cell.id)
    kinds = Counter(cell.job.kind for cell in plan.cells)
    assert kinds == {"dataset": 2, "pretrain": 1, "features": 2 * 2 * 4, "evaluate": 24}


def test_the_dataset_of_a_pretraining_comes_first(study: Study) -> None:
    assert plan_suite(study(), "demo").cells[0].title == "dataset source"


def test_needs_by_role(study: Study) -> None:
    cells = by_title(plan_suite(study(), "demo"))
    near, weights = cells["dataset near"].id, cells["pretraining contrast"].id
    assert cells["pretraining contrast"].needs == {"dataset": cells["dataset source"].id}
    assert cells["made / near-tune (short) / seed 0"].needs == {"dataset": near, "weights": weights}
    assert cells["filed / near-tune (short) / seed 0"].needs == {"dataset": near}
    assert cells["made / near-linear / seed 0"].needs == {
        "dataset": near,
        "train_features": cells["features of made / near train"].id,
        "test_features": cells["features of made / near test"].id,
    }
    assert cells["features of made / near train"].needs == {"dataset": near, "weights": weights}
    assert cells["features of filed / real test"].needs == {}


def test_jobs_say_what_is_computed(study: Study) -> None:
    cells = by_title(plan_suite(study(), "demo"))
    job = cells["none / near-tune (long) / seed 1"].job
    assert isinstance(job, EvaluateJob)
    assert job.recipe.schedule.epochs == 60
    assert job.network.weights.init_seed == 1
    assert job.budget.count == 40
    pretrain = cells["pretraining contrast"].job
    assert isinstance(pretrain, PretrainJob)
    assert pretrain.options == {"temperature": 0.1}
    made = cells["made / near-linear / seed 0"].job
    assert isinstance(made, EvaluateJob)
    assert made.network.weights.digest == cells["pretraining contrast"].id
    filed = cells["filed / near-linear / seed 0"].job
    assert isinstance(filed, EvaluateJob)
    assert (filed.network.weights.layout, filed.network.weights.init_seed) == ("native", None)
    assert filed.network.weights.digest.startswith("a2")  # sha256 of b"PK\x03\x04weights"


def test_places_and_labels(study: Study, tmp_path: Path) -> None:
    cells = by_title(plan_suite(study(), "demo"))
    filed = cells["filed / real-linear / seed 1"]
    assert filed.places.dataset_root == filed.places.annotations == str(tmp_path / "real")
    assert filed.places.weights_file == str(tmp_path / "weights.pt")
    assert cells["none / near-linear / seed 0"].places.dataset_root is None
    label = filed.label
    assert label is not None
    assert label.model_dump() == {
        "model": "filed",
        "model_kind": "ssl",
        "experiment": "real-linear",
        "factor": "domain",
        "dataset": "real",
        "task": "recognition",
        "budget": "full",
        "protocol": "linear",
        "preset": "default",
        "seed": 1,
        "headline": "top1",
    }
    kinds = {c.label.model: c.label.model_kind for c in cells.values() if c.label}
    assert kinds == {"none": "none", "made": "ssl", "filed": "ssl"}


def test_cells_are_what_their_models_say(study: Study) -> None:
    """Built without validation for speed; so validate here."""
    for cell in plan_suite(study(), "demo").cells:
        assert Cell.model_validate_json(cell.model_dump_json()) == cell
        assert cell == Cell.of(
            cell.job, cell.title, needs=cell.needs, places=cell.places, label=cell.label
        )


def test_probes_with_other_heads_share_their_features(study: Study) -> None:
    plain = plan_suite(study(), "demo")
    other = plan_suite(
        study(
            ("    feature_views: 2\n", "    feature_views: 2\n    standardise: true\n"),
            ("lr: 1e-2", "lr: 2e-2"),
            ("count: 200", "count: 100"),
        ),
        "demo",
    )
    features = [[c.id for c in plan.cells if c.job.kind == "features"] for plan in (plain, other)]
    assert features[0] == features[1]
    views = plan_suite(study(("feature_views: 2", "feature_views: 3")), "demo")
    for old, new in zip(plain.cells, views.cells, strict=True):
        if isinstance(old.job, FeaturesJob):
            assert (old.id == new.id) is (old.job.views == "test")


def test_filters_keep_what_the_chosen_cells_need(study: Study) -> None:
    plan = plan_suite(study(), "demo", Filters(models=("made",), seeds=("1",)))
    assert {c.label.model for c in plan.cells if c.label} == {"made"}
    assert "pretraining contrast" in by_title(plan)
    everything = {cell.id for cell in plan_suite(study(), "demo").cells}
    assert {cell.id for cell in plan.cells} < everything
    few = plan_suite(study(), "demo", Filters(models=("none",), experiments=("near-tune",)))
    assert Counter(c.job.kind for c in few.cells) == {"dataset": 1, "evaluate": 4}


def test_two_names_for_one_computation_are_refused(study: Study, tmp_path: Path) -> None:
    config = study(("  made:", "  nothing: {backbone: net}\n  made:"))
    with pytest.raises(UserError) as caught:
        plan_suite(config, "demo")
    assert str(caught.value) == (
        f"{tmp_path}/benchmarks.yaml:32: 'none / near-linear / seed 0' and "
        "'nothing / near-linear / seed 0' are the same computation under two names; "
        "remove one of them from the suite"
    )


def test_a_missing_root_is_a_problem_of_its_cells_only(study: Study, tmp_path: Path) -> None:
    plan = plan_suite(study(("root: real", "root: gone")), "demo")
    text = f"dataset real: no folder {tmp_path}/gone"
    cells = by_title(plan)
    assert cells["features of filed / real test"].problem == text
    assert cells["filed / real-linear / seed 0"].problem == text
    assert all("real" in title for title in problems(plan))
    assert len(problems(plan)) == 6 + 8


def test_a_missing_list_is_a_problem_too(study: Study, tmp_path: Path) -> None:
    config = study()
    (tmp_path / "real" / "list.txt").unlink()
    found = set(problems(plan_suite(config, "demo")).values())
    assert found == {f"dataset real: {tmp_path}/real/list.txt: no such file"}


def test_allow_missing_does_not_excuse_an_absent_root(study: Study) -> None:
    plan = plan_suite(study(("root: real", "root: gone, allow_missing: true")), "demo")
    assert all("no folder" in problem for problem in problems(plan).values())
    assert problems(plan)
    assert plan.left_out == ()


def test_a_missing_checkpoint_is_a_problem_of_its_model(study: Study, tmp_path: Path) -> None:
    plan = plan_suite(study(("checkpoint: weights.pt", "checkpoint: gone.pt")), "demo")
    found = problems(plan)
    assert set(found.values()) == {f"model filed: no checkpoint at {tmp_path}/gone.pt"}
    assert len(found) == 4 + 8


def test_a_checkpoint_that_is_none_is_a_problem_of_its_model(study: Study, tmp_path: Path) -> None:
    (tmp_path / "weights.pt").write_bytes(b"")
    found = set(problems(plan_suite(study(), "demo")).values())
    assert len(found) == 1
    assert f"model filed: {tmp_path}/weights.pt: an empty file; copy" in found.pop()


def test_a_checkpoint_that_cannot_be_read_is_a_problem(study: Study) -> None:
    def refuse(path: Path) -> str:
        raise UserError("cannot read: Permission denied", str(path))

    found = set(problems(plan_suite(study(), "demo", digests=refuse)).values())
    assert len(found) == 1
    assert "Permission denied" in found.pop()


def test_a_dataset_of_another_modality(study: Study) -> None:
    plan = plan_suite(study(("{adapter: folder, root: real}", "{adapter: skeletons}")), "demo")
    found = problems(plan)
    assert set(found.values()) == {"net reads rgb, dataset real has skeleton"}
    assert len(found) == 8 + 6


def test_a_fixed_number_of_frames(study: Study) -> None:
    plan = plan_suite(study(("none: {backbone: net}", "none: {backbone: fixed}")), "demo")
    found = problems(plan)
    assert set(found.values()) == {"fixed reads 16 frames, the recipe has 8"}
    assert all("none" in title for title in found)


def test_a_fixed_number_of_frames_holds_for_test_clips_too(study: Study) -> None:
    fixed = ("none: {backbone: net}", "none: {backbone: fixed}")
    clip = ("  probe:\n    extends: base\n", "  probe:\n    clip: {frames: 16, size: 48}\n")
    longer = (clip[0], clip[1] + "    test: {frames: 32}\n")
    title = "none / near-linear / seed 0"
    assert title not in problems(plan_suite(study(fixed, clip), "demo"))
    found = problems(plan_suite(study(fixed, longer), "demo"))
    assert found[title] == "fixed reads 16 frames, the recipe has 32"


def test_what_needs_an_impossible_cell_is_impossible(study: Study, tmp_path: Path) -> None:
    replacement = ("made: {backbone: net,", "made: {backbone: fixed,")
    clip = ("  probe:\n    extends: base\n", "  probe:\n    clip: {frames: 16, size: 48}\n")
    found = problems(plan_suite(study(replacement, clip), "demo"))
    why = "fixed reads 16 frames, the recipe has 8"
    assert found["pretraining contrast"] == why
    assert found["features of made / near test"] == f"needs pretraining contrast: {why}"
    assert found["made / near-linear / seed 0"] == (
        f"needs features of made / near train: needs pretraining contrast: {why}"
    )
    assert all("made" in title or "pretraining" in title for title in found)


def test_a_recipe_for_features_keeps_only_what_they_depend_on(study: Study) -> None:
    cells = by_title(plan_suite(study(), "demo"))
    train, test = (cells[f"features of none (seed 0) / near {s}"].job for s in ("train", "test"))
    assert isinstance(train, FeaturesJob)
    assert isinstance(test, FeaturesJob)
    assert train.recipe.feature_views == 2
    assert train.recipe.optimiser == test.recipe.optimiser == Recipe().optimiser
    assert test.recipe.feature_views == 1
    assert train.recipe.clip.frames == test.recipe.clip.frames == 8
