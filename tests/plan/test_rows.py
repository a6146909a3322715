import pytest

from severe_bench.config.recipe import Recipe
from severe_bench.plan.fit import view_recipe
from severe_bench.plan.rows import row_kind

RECIPE = Recipe()


@pytest.mark.parametrize("protocol", ["linear", "linear_selected", "knn"])
def test_heads_and_votes_see_augmented_training_videos(protocol: str) -> None:
    rows = row_kind("recognition", {}, protocol, RECIPE)
    assert rows is not None
    assert (rows.unit, rows.train_views) == ("clip", "train")


@pytest.mark.parametrize("task", ["retrieval", "clustering"])
def test_where_nothing_trains_nothing_is_augmented(task: str) -> None:
    rows = row_kind(task, {}, "frozen", RECIPE)
    assert rows is not None
    assert (rows.unit, rows.train_views) == ("clip", "test")
    assert rows.key != getattr(row_kind("recognition", {}, "linear", RECIPE), "key", "")


def test_task_options_that_do_not_change_rows_share_them() -> None:
    one, other = (
        row_kind("retrieval", {"query": query}, "frozen", RECIPE) for query in ("video", "clip")
    )
    assert one == other


def test_the_arrow_of_time_has_a_unit_of_its_own() -> None:
    rows = row_kind("arrow_of_time", {}, "linear", RECIPE)
    assert rows is not None
    assert rows.unit == "clip_both_ways"


def test_finetuning_reads_clips() -> None:
    assert row_kind("multi_label", {}, "finetune", RECIPE) is None


def test_timelines_are_seen_whole_and_shared_by_tasks_with_the_same_hop() -> None:
    kinds = [
        row_kind("segmentation", {"hop": 0.5, "rate": 5}, "linear", RECIPE),
        row_kind("localisation", {"hop": 0.5, "most": 50, "layers": 2}, "linear", RECIPE),
        row_kind("localisation", {"hop": 1}, "linear", RECIPE),
    ]
    assert kinds[0] == kinds[1] != kinds[2]
    assert kinds[0] is not None
    assert (kinds[0].unit, kinds[0].train_views) == ("timeline", "test")
    assert kinds[0].options == {"hop": 0.5, "hop_in": "clips"}


def test_the_features_of_timelines_depend_on_clip_and_crop_and_on_no_augmentation() -> None:
    recipe = Recipe.model_validate(
        {"clip": {"frames": 4}, "test": {"resize": 0.9}, "augment": {"flip": 0.1}, "batch_size": 3}
    )
    kept = view_recipe(recipe, "test")
    assert (kept.clip, kept.test) == (recipe.clip, recipe.test)
    assert kept.augment == Recipe().augment


def test_clusters_need_training_features_for_their_statistics_only() -> None:
    plain, scaled, found = (
        row_kind(task, {}, "frozen", recipe)
        for task, recipe in (
            ("clustering", RECIPE),
            ("clustering", Recipe(standardise=True)),
            ("retrieval", RECIPE),
        )
    )
    assert plain is not None
    assert plain.splits == ("test",)
    assert scaled == found
    assert scaled is not None
    assert scaled.splits == ("train", "test")
    assert scaled.key != plain.key
