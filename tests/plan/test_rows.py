import pytest

from severe_bench.config.recipe import Recipe
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
