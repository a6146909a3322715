"""Printed errors stay as printed and are said in the note of their cell."""

import pytest

from severe_bench.published.read import rows, tables
from severe_bench.published.wide import widen

ERRORS = [
    ("thoker2023thesis_5.8", "VideoMAE", "Mean", 58.1, "58.80"),
    ("thoker2023thesis_5.8", "Supervised", "Rank", 3.9, "higher-is-better"),
    ("thoker2023thesis_5.8", "CiP", "Domains / SSv2", 59.6, "CtP"),
    ("thoker2023thesis_5.8", "TCLR", "Actions / FX-S1", 60.7, "19.4"),
    ("thoker2023thesis_B.3", "CiP", "Existing / UCF101", 90.1, "CtP"),
    ("thoker2023thesis_5.1", "UCF (10^3)", "#Classes", 101, "HMDB51"),
    ("thoker2023thesis_5.2", "Tubelet Motion", "UB-S1", 90.3, "90.5"),
    ("thoker2023thesis_5.3", "Non-Linear", "UB-S1", 90.3, "90.5"),
    ("thoker2023thesis_5.4", "None", "UB-S1", 90.5, "90.3"),
    ("thoker2023thesis_5.4", "Shear", "Gym (10^3)", 47.5, "-1.0 to 1.0"),
    ("thoker2023thesis_C.6", "Shear -1.0 to 1.0", "Gym (10^3)", 48.0, "-1.5 to 1.5"),
    ("thoker2023thesis_5.7", "FAME", "HMDB51", 53.5, "10.6"),
    ("thoker2023thesis_5.7", "GDT", "UCF101", 89.3, "91.3"),
    ("thoker2023thesis_C.4", "FX-S1", "Steps", None, "60, 100, 140"),
    ("indris2025assembly_2", "UAs", "mAP", 85, "0.1 to 0.7"),
    ("indris2025assembly_3", "R3432-164", "Time (h:m:s)", 24253, "8:43"),
    ("indris2025assembly_5", "VideoMAEv2", "TemporalMaxer / amAP", 87.31, "86.59"),
    ("indris2025assembly_5", "R(2+1)D", "ActionFormer / amAP", 84.09, "84.10"),
    ("dave2024finepseudo_5", "(d)", "20%", 55.67, "swapped"),
    ("dave2024finepseudo_6", "Regular- Conf. based", "Results / 20%", 53.95, "54.00"),
    ("chen2022thesis_3.3", "C3D / Speediness Change", "R@50 / UCF101", 3.2, "digit"),
    ("chen2022thesis_4.4", "R3D / Ours (Chapter 4)", "R@10 / UCF101", 47.1, "57.1"),
    ("chen2022thesis_4.4", "R3D / TempTrans", "R@5 / UCF101", 48.5, "slash"),
    ("chen2022thesis_4.3", "Ours (Chapter 4) / R3D", "HMDB51", 57.1, "47.1"),
    ("fayyaz2024thesis_4.7", "3D-ResNet-Baseline", "UCF101", 88.9, "from scratch"),
    ("fayyaz2024thesis_5.4", "Human-Annotation HVU", "HVU Overall %", 35.4, "35.47"),
    ("fayyaz2024thesis_5.5", "3D-STCNet", "HVU Overall %", 36.7, "36.78"),
    ("fayyaz2024thesis_5.7", "HVU", "UCF101", 90.5, "mAP"),
    ("fayyaz2024thesis_7.6", "Swin-T", "Resolution", 766, "impossible"),
    ("fayyaz2024thesis_7.6", "CPVT-Small-GAP", "Resolution", 817, "impossible"),
    ("fayyaz2024thesis_7.7", "Swin-L(384)", "GFLOPs", 25284, "2107"),
    ("fayyaz2024thesis_7.8", "SlowFast R101+NL", "GFLOPs", 3480, "7,020"),
    ("fayyaz2024thesis_9.3", "none", "MoF", 47.4, "not printed"),
]


@pytest.mark.parametrize(("table", "row", "column", "value", "said"), ERRORS)
def test_a_printed_error_is_kept_and_said(
    table: str, row: str, column: str, value: float | None, said: str
) -> None:
    cell = widen(rows(table)).cells[row, column]
    assert cell.value == value
    assert said in cell.note


def test_every_printed_rank_is_marked() -> None:
    ranks = widen(rows("thoker2023thesis_5.8")).column("Rank")
    assert len(ranks) == 15
    assert all("UCF-RC" in cell.note for cell in ranks.values())


def test_numbers_quoted_from_other_papers_are_marked_in_5_7() -> None:
    for row in rows("thoker2023thesis_5.7"):
        assert ("quoted" in row.note) == (not row.model.startswith("Tubelet"))


def test_notes_are_short_lines() -> None:
    for table in tables():
        for row in rows(table):
            assert "\n" not in row.note
            assert len(row.note) < 160
