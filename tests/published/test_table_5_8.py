"""Means and ranks of the SEVERE table against arithmetic done here from the typed cells."""

import pytest

from severe_bench.analysis.ranking import ranks
from severe_bench.published.differences import differences
from severe_bench.published.table_5_8 import (
    EXPERIMENTS,
    Line,
    columns,
    columns_ranked_as_printed,
    lines,
    lines_ranked_as_printed,
)

# SSv2, Gym99, UCF 10^3, Gym 10^3, FX-S1, UB-S1, UCF-RC, Charades, mean, rank: from the page.
PRINTED = {
    "SVT": (59.2, 62.3, 83.9, 18.5, 35.4, 55.1, 0.421, 35.5, 51.0, 8.9),
    "VideoMAE": (69.7, 85.1, 77.2, 27.5, 37.0, 78.5, 0.172, 12.6, 58.1, 8.3),
    "Supervised": (60.8, 92.1, 86.6, 51.3, 79.0, 87.1, 0.132, 23.5, 70.9, 3.9),
    "None": (57.1, 89.8, 38.3, 22.7, 46.6, 82.3, 0.217, 7.9, 52.9, 11.6),
    "SeLaVi": (56.2, 88.9, 69.0, 30.2, 51.3, 80.9, 0.162, 8.4, 58.6, 11.0),
    "MoCo": (57.1, 90.7, 60.4, 30.9, 65.0, 84.5, 0.208, 8.3, 59.5, 9.1),
    "VideoMoCo": (59.0, 90.3, 65.4, 20.6, 57.3, 83.9, 0.185, 10.5, 58.6, 9.1),
    "Pretext-Contrast": (56.9, 90.5, 64.6, 27.5, 66.1, 86.1, 0.164, 8.9, 60.5, 9.0),
    "AVID-CMA": (52.0, 90.4, 68.2, 33.4, 68.0, 87.3, 0.148, 8.2, 61.6, 9.0),
    "GDT": (58.0, 90.5, 78.4, 45.6, 66.0, 83.4, 0.123, 8.5, 64.8, 8.6),
    "RSPNet": (59.0, 91.1, 74.7, 32.2, 65.4, 83.6, 0.145, 9.0, 62.6, 8.0),
    "TCLR": (59.8, 91.6, 72.6, 26.3, 60.7, 84.7, 0.142, 12.2, 61.7, 7.6),
    "CtP": (59.6, 92.0, 61.0, 32.9, 79.1, 88.8, 0.178, 9.6, 63.2, 5.6),
    "Tubelet (Mini-Kinetics)": (59.4, 92.2, 65.5, 48.0, 78.3, 90.9, 0.150, 9.0, 66.0, 5.4),
    "Tubelet": (60.2, 92.8, 65.7, 47.0, 80.1, 91.0, 0.150, 10.3, 66.5, 4.1),
}


def by_model(found: list[Line]) -> dict[str, Line]:
    return {line.model: line for line in found}


def counted_rank(model: str, sign_of_error: int) -> float:
    """Average over the eight of 1 + the number of strictly better models."""
    signs = (1, 1, 1, 1, 1, 1, sign_of_error, 1)
    return (
        sum(
            1 + sum(sign * other[i] > sign * PRINTED[model][i] for other in PRINTED.values())
            for i, sign in enumerate(signs)
        )
        / 8
    )


@pytest.mark.parametrize("model", PRINTED)
def test_cells_are_those_of_the_page(model: str) -> None:
    line = by_model(lines())[model]
    cells = (*line.values.values(), line.mean_printed, line.average_rank_printed)
    assert cells == PRINTED[model]


def test_lines_are_in_printed_order() -> None:
    assert [line.model for line in lines()] == list(PRINTED)


@pytest.mark.parametrize("model", PRINTED)
def test_mean_is_plain_with_the_error_turned_into_per_cent(model: str) -> None:
    cells = PRINTED[model]
    by_hand = (sum(cells[:6]) + 100 * (1 - cells[6]) + cells[7]) / 8
    assert by_model(lines())[model].mean == pytest.approx(by_hand, abs=1e-9)


def test_fourteen_of_fifteen_means_agree_with_print() -> None:
    found = [line for line in lines() if abs(line.mean - line.mean_printed) <= 0.1]
    assert len(found) == 14
    video_mae = by_model(lines())["VideoMAE"]
    assert (round(video_mae.mean, 1), video_mae.mean_printed) == (58.8, 58.1)


@pytest.mark.parametrize("model", PRINTED)
def test_average_rank_obeys_every_direction(model: str) -> None:
    assert by_model(lines("min"))[model].average_rank == counted_rank(model, sign_of_error=-1)


@pytest.mark.parametrize(
    ("model", "rank"),
    [("Supervised", 2.375), ("Tubelet", 3.75), ("CtP", 6.375), ("TCLR", 6.375), ("GDT", 6.875)],
)
def test_corrected_average_ranks(model: str, rank: float) -> None:
    assert by_model(lines())[model].average_rank == rank


@pytest.mark.parametrize(
    ("model", "rank"), [("Supervised", 2.375), ("Tubelet", 3.8125), ("CtP", 6.375), ("TCLR", 6.375)]
)
def test_corrected_average_ranks_when_ties_share_the_mean_rank(model: str, rank: float) -> None:
    assert by_model(lines("average"))[model].average_rank == rank


def test_average_ties_preserve_the_sum_of_ranks() -> None:
    assert sum(line.average_rank for line in lines("average")) == pytest.approx(15 * 16 / 2)


@pytest.mark.parametrize("model", PRINTED)
def test_printed_ranks_come_back_only_with_the_error_turned_round(model: str) -> None:
    line = by_model(lines_ranked_as_printed())[model]
    assert line.average_rank == counted_rank(model, sign_of_error=1)
    assert line.average_rank == pytest.approx(line.average_rank_printed, abs=0.05 + 1e-9)


def test_the_rule_is_labelled() -> None:
    assert {line.rule for line in lines("average")} == {
        "every metric's direction obeyed; ties: average"
    }
    assert {line.rule for line in lines_ranked_as_printed()} == {
        "as printed: the UCF-RC error ranked as if higher were better"
    }


def test_the_switch_turns_one_column_and_leaves_the_means() -> None:
    for right, turned in zip(columns(), columns_ranked_as_printed(), strict=True):
        same = ranks(right) == ranks(turned)
        assert same == (right.experiment != "ucf_rc")
    assert [line.mean for line in lines()] == [line.mean for line in lines_ranked_as_printed()]


def test_best_in_repetition_counting_is_the_lowest_error() -> None:
    error = next(column for column in columns() if column.experiment == "ucf_rc")
    assert ranks(error)["GDT"] == 1
    assert ranks(error)["SVT"] == 15


def test_differences_from_print_are_one_mean_and_all_ranks_but_one() -> None:
    found = differences(lines())
    means = [difference.model for difference in found if difference.quantity == "mean"]
    moved = {difference.model for difference in found if difference.quantity == "average rank"}
    assert means == ["VideoMAE"]
    assert set(PRINTED) - moved == {"SeLaVi"}
    assert all("UCF-RC" in d.reason for d in found if d.quantity == "average rank")


def test_with_the_printed_rule_only_the_mean_differs() -> None:
    assert [d.model for d in differences(lines_ranked_as_printed())] == ["VideoMAE"]


def test_factors_of_the_eight() -> None:
    assert [found.factor for found in EXPERIMENTS] == [
        "domain",
        "domain",
        "samples",
        "samples",
        "actions",
        "actions",
        "task",
        "task",
    ]
