"""The direction of every metric, written down once more, and by column for the SEVERE tables."""

import pytest

from severe_bench.published.read import rows, tables

HIGHER = {
    "top1",
    "top5",
    "mean_per_class",
    "map",
    "video_map",
    "mean_score",
    "recall_at_1",
    "recall_at_5",
    "recall_at_10",
    "recall_at_20",
    "recall_at_50",
    "amap",
    "delta_amap",
    "map_at_iou",
    "bleu4",
    "clustering_accuracy",
    "mof",
    "mof_bg",
    "iod",
    "jaccard",
    "matching_score",
    "edit",
    "f1_10",
    "f1_25",
    "f1_50",
    "throughput",
    "fps",
    "pseudo_label_accuracy",
}
LOWER = {
    "counting_error",
    "average_rank",
    "gflops",
    "gflops_per_view",
    "realtime_factor",
    "seconds",
    "hours",
    "extraction_seconds",
    "head_seconds",
    "training_seconds",
}
NEITHER = {
    "parameters",
    "epochs",
    "batch_size",
    "frames",
    "augmentation",
    "learning_rate",
    "lr_steps",
    "classes",
    "train_samples",
    "test_samples",
    "headline_metric",
    "resolution",
    "views",
    "step",
    "stack",
    "percent_of_size",
    "videos",
    "duration",
    "instances_per_video",
    "actions_per_video",
    "percent_action",
    "pseudo_labels",
    "estimate",
    "p_value",
    "significance",
}


@pytest.mark.parametrize("table", tables())
def test_every_row_has_its_metrics_direction(table: str) -> None:
    for row in rows(table):
        wanted = {True: HIGHER, False: LOWER, None: NEITHER}[row.higher_is_better]
        assert row.metric in wanted, row


def test_the_three_kinds_cover_every_metric_and_no_more() -> None:
    used = {row.metric for table in tables() for row in rows(table)}
    assert used == HIGHER | LOWER | NEITHER


@pytest.mark.parametrize(
    ("table", "lower"),
    [
        ("thoker2023thesis_4.1", set()),
        ("thoker2023thesis_4.3", {"Within domain / Repetition Counting"}),
        ("thoker2023thesis_4.4", {"Tasks / UCF-RC"}),
        ("thoker2023thesis_B.3", {"Tasks / UCF-RC"}),
        ("thoker2023thesis_5.8", {"Tasks / UCF-RC", "Rank"}),
    ],
)
def test_columns_in_which_lower_is_better(table: str, lower: set[str]) -> None:
    assert {row.column for row in rows(table) if row.higher_is_better is False} == lower


@pytest.mark.parametrize("table", tables())
def test_results_are_within_the_metrics_range(table: str) -> None:
    per_cent = HIGHER - {"throughput", "fps", "delta_amap", "video_map", "matching_score"}
    for row in rows(table):
        if row.metric in per_cent:
            assert 0 <= (row.value or 0.0) <= 100, row
        if row.metric in {"video_map", "matching_score", "counting_error"}:
            assert 0 <= (row.value or 0.0) <= 1, row
