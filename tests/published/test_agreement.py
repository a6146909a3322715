"""Tables that print the same number in two places agree, and where they do not it is known."""

import pytest

from severe_bench.published.read import rows
from severe_bench.published.wide import widen


def by_model(table: str, column: str) -> dict[str, float | None]:
    return {cell.model: cell.value for cell in widen(rows(table)).column(column).values()}


SEVERE_COLUMNS = [
    ("Domains / SSv2", "Domains / SS-v2"),
    ("Domains / Gym99", "Domains / Gym-99"),
    ("Samples / UCF (10^3)", "Samples / UCF (10^3)"),
    ("Samples / Gym (10^3)", "Samples / Gym-99 (10^3)"),
    ("Actions / FX-S1", "Actions / FX-S1"),
    ("Actions / UB-S1", "Actions / UB-S1"),
    ("Tasks / UCF-RC", "Tasks / UCF-RC"),
    ("Tasks / Charades", "Tasks / Charades-MLC"),
]


@pytest.mark.parametrize(("later", "earlier"), SEVERE_COLUMNS)
def test_eleven_rows_of_5_8_are_those_of_4_4(later: str, earlier: str) -> None:
    first = by_model("thoker2023thesis_4.4", earlier)
    second = by_model("thoker2023thesis_5.8", later)
    assert len(first) == 11
    assert {model: second[model] for model in first} == first


@pytest.mark.parametrize("column", ["Existing / UCF101", *(pair[1] for pair in SEVERE_COLUMNS)])
def test_4_4_prints_the_means_of_b_3(column: str) -> None:
    assert by_model("thoker2023thesis_4.4", column) == by_model("thoker2023thesis_B.3", column)


SAME = [
    # thesis: UCF101, Gym-99, SSv2, verbs and the tasks stand in several tables
    ("thoker2023thesis_4.1", "Finetuning / UCF101", "thoker2023thesis_4.4", "Existing / UCF101"),
    ("thoker2023thesis_4.1", "Finetuning / Gym99", "thoker2023thesis_4.4", "Domains / Gym-99"),
    ("thoker2023thesis_4.1", "Finetuning / SSv2", "thoker2023thesis_4.4", "Domains / SS-v2"),
    ("thoker2023thesis_4.1", "Finetuning / EK 100", "thoker2023thesis_B.4", "Verb"),
    (
        "thoker2023thesis_4.2",
        "Gym99 / Within Set / FX-S1",
        "thoker2023thesis_4.4",
        "Actions / FX-S1",
    ),
    (
        "thoker2023thesis_4.2",
        "Gym99 / Within Set / UB-S1",
        "thoker2023thesis_4.4",
        "Actions / UB-S1",
    ),
    (
        "thoker2023thesis_4.3",
        "Within domain / Action Recognition",
        "thoker2023thesis_4.4",
        "Existing / UCF101",
    ),
    (
        "thoker2023thesis_4.3",
        "Within domain / Repetition Counting",
        "thoker2023thesis_4.4",
        "Tasks / UCF-RC",
    ),
    (
        "thoker2023thesis_4.3",
        "Out of domain / Multi-label Recognition",
        "thoker2023thesis_4.4",
        "Tasks / Charades-MLC",
    ),
]


@pytest.mark.parametrize(("first", "column", "second", "other"), SAME)
def test_the_same_numbers_in_two_tables(first: str, column: str, second: str, other: str) -> None:
    assert by_model(first, column) == by_model(second, other)


def value(table: str, row: str, column: str) -> float:
    found = widen(rows(table)).cells[row, column].value
    assert found is not None
    return found


@pytest.mark.parametrize("column", ["UCF (10^3)", "Gym (10^3)", "SSv2-Sub", "UB-S1"])
def test_the_full_tubelet_setting_is_printed_alike(column: str) -> None:
    places = [
        ("5.2", "Tubelet Transformation"),
        ("5.4", "Rotation"),
        ("5.5", "2"),
        ("C.7", "Tubelets"),
    ]
    assert len({value(f"thoker2023thesis_{table}", row, column) for table, row in places}) == 1


@pytest.mark.parametrize("column", ["UCF (10^3)", "Gym (10^3)"])
@pytest.mark.parametrize(
    ("in_5_4", "in_c_5", "in_c_6"),
    [
        ("None", "None", "None"),
        ("Scale", "Scale", "Scale 0.5 to 1.5"),
        ("Shear", "Shear", "Shear -1.5 to 1.5"),
        ("Rotation", "Rotate", "Rotation -90 to 90"),
    ],
)
def test_transformations_are_printed_alike_three_times(
    column: str, in_5_4: str, in_c_5: str, in_c_6: str
) -> None:
    found = {
        value("thoker2023thesis_5.4", in_5_4, column),
        value("thoker2023thesis_C.5", in_c_5, column),
        value("thoker2023thesis_C.6", in_c_6, column),
    }
    assert len(found) == 1


def test_the_static_and_moving_tubelets_of_5_2_are_those_of_5_3() -> None:
    for column in ("UCF (10^3)", "Gym (10^3)", "SSv2-Sub", "UB-S1"):
        for first, second in (
            ("Tubelet Generation", "No motion"),
            ("Tubelet Motion", "Non-Linear"),
        ):
            assert value("thoker2023thesis_5.2", first, column) == value(
                "thoker2023thesis_5.3", second, column
            )


def test_5_4_contradicts_5_3_in_one_cell() -> None:
    assert value("thoker2023thesis_5.3", "Non-Linear", "UB-S1") == 90.3
    assert value("thoker2023thesis_5.4", "None", "UB-S1") == 90.5


def test_the_tubelet_model_is_the_same_in_5_6_5_7_and_5_8() -> None:
    assert value("thoker2023thesis_5.6", "Tubelet Contrast", "Finetuning / UCF101") == value(
        "thoker2023thesis_5.7", "This chapter", "UCF101"
    )
    assert value("thoker2023thesis_5.6", "Tubelet Contrast", "Finetuning / Gym99") == value(
        "thoker2023thesis_5.8", "This Chapter", "Domains / Gym99"
    )


@pytest.mark.parametrize(
    ("experiment", "in_c_4"), [("UCF101", "UCF101"), ("Gym99", "Gym-99"), ("UCF-RC", "UCF-RC")]
)
def test_the_experiments_of_5_1_are_those_of_c_4(experiment: str, in_c_4: str) -> None:
    first = widen(rows("thoker2023thesis_5.1")).of_row(experiment)[0]
    second = widen(rows("thoker2023thesis_C.4")).of_row(in_c_4)[0]
    assert (first.dataset, first.task) == (second.dataset, second.task)


@pytest.mark.parametrize("column", ["UCF101", "HMDB51"])
def test_chapter_4_of_the_speediness_thesis_repeats_chapter_3(column: str) -> None:
    earlier = widen(rows("chen2022thesis_3.2")).column(column)
    later = widen(rows("chen2022thesis_4.3")).column(column)
    renamed = {
        row.replace("Speediness Change", "Ours (Chapter 3)"): c.value for row, c in earlier.items()
    }
    assert len(renamed) == 12
    assert {row: later[row].value for row in renamed} == renamed


def test_retrieval_of_earlier_methods_is_repeated() -> None:
    earlier = widen(rows("chen2022thesis_3.3")).cells
    later = widen(rows("chen2022thesis_4.4")).cells
    common = set(earlier) & set(later)
    assert len(common) == 153
    assert all(earlier[place].value == later[place].value for place in common)


def test_the_mean_over_ious_is_that_of_the_seven_columns() -> None:
    wide = widen(rows("indris2025assembly_7"))
    for row in wide.rows:
        ious = [cell.column for cell in wide.of_row(row) if cell.metric == "map_at_iou"]
        seven = [value("indris2025assembly_7", row, column) for column in ious]
        assert len(seven) == 7
        assert sum(seven) / 7 == pytest.approx(wide.cells[row, "amAP 0.1:0.7"].value, abs=0.005)


@pytest.mark.parametrize(
    ("setting", "row"),
    [
        ("Vs", "UAs / 100% / VideoMAEv2-s / ActionFormer / step 16"),
        ("Vg", "UAs / 100% / VideoMAEv2-g / ActionFormer / step 16"),
        ("R18", "UAs / 100% / R(2+1)D / ActionFormer / step 4"),
        ("TSP-R21D-4", "UAs / 100% / R(2+1)D+TSP / ActionFormer / step 4"),
        ("TSP-R21D-1", "UAs / 100% / R(2+1)D+TSP / ActionFormer / step 1"),
        ("I3D-164", "UAs / 100% / I3D / ActionFormer / step 4"),
        ("I3D-R-164", "UAs / 100% / I3D+flow / ActionFormer / step 4"),
    ],
)
def test_extractors_are_printed_alike_in_3_and_8(setting: str, row: str) -> None:
    for column in ("amAP", "Real"):
        assert value("indris2025assembly_3", setting, column) == value(
            "indris2025assembly_8", row, column
        )


def test_real_time_factors_follow_from_the_printed_times_but_one() -> None:
    whole = 19 * 3600 + 47 * 60 + 55  # seconds of video, below the printed table
    table = "indris2025assembly_3"
    wrong = [
        row
        for row in widen(rows(table)).rows
        if abs(value(table, row, "Time (h:m:s)") / whole - value(table, row, "Real")) > 0.06
    ]
    assert wrong == ["R3432-164"]


@pytest.mark.parametrize("column", ["Scene", "Object", "Action", "Event", "Attribute", "Concept"])
def test_standard_rows_of_hvu_are_printed_twice(column: str) -> None:
    for first, second in (("3D-ResNet", "3D-ResNet (Standard)"), ("HATNet", "HATNet (Standard)")):
        assert value("fayyaz2024thesis_5.5", first, column) == value(
            "fayyaz2024thesis_5.6", second, column
        )


def test_bins_32_in_training_and_inference_is_one_run() -> None:
    for column in ("top1", "top5", "GFLOPs"):
        assert value("fayyaz2024thesis_6.14", "B = 32", column) == value(
            "fayyaz2024thesis_6.15", "B = 32", column
        )


def test_fine_pseudo_rounds_its_own_ablation() -> None:
    for budget in ("10%", "20%"):
        full = value("dave2024finepseudo_5", "(g)", budget)
        assert full == value(
            "dave2024finepseudo_6", "Non-Parametric Classif.", f"Results / {budget}"
        )
        rounded = value("dave2024finepseudo_1", "Ours (FinePseudo)", f"Diving48 / {budget}")
        assert rounded == pytest.approx(full, abs=0.05)
