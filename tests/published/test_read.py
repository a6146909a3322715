"""Every table is there, whole, and each cell's number is the one printed in it."""

import csv
import re
import subprocess
import sys

import pytest
from pydantic import ValidationError

from severe_bench.core.errors import UserError
from severe_bench.published.read import (
    COLUMNS,
    PublishedRow,
    find,
    rows,
    tables,
    tables_of,
)
from severe_bench.published.sources import HERE, catalogue
from severe_bench.store.table import Row as MeasuredRow

# Rows, columns and filled cells, counted on the printed pages.
SIZES = {
    "thoker2023thesis_4.1": (11, 11, 115),
    "thoker2023thesis_4.2": (11, 6, 66),
    "thoker2023thesis_4.3": (11, 6, 66),
    "thoker2023thesis_4.4": (11, 9, 99),
    "thoker2023thesis_B.3": (11, 10, 110),
    "thoker2023thesis_5.8": (15, 10, 150),
    "thoker2023thesis_5.1": (10, 4, 39),
    "thoker2023thesis_5.2": (4, 4, 16),
    "thoker2023thesis_5.3": (3, 4, 12),
    "thoker2023thesis_5.4": (4, 4, 16),
    "thoker2023thesis_5.5": (3, 4, 12),
    "thoker2023thesis_5.6": (2, 4, 8),
    "thoker2023thesis_5.7": (13, 2, 26),
    "thoker2023thesis_B.1": (10, 12, 120),
    "thoker2023thesis_B.2": (6, 8, 44),
    "thoker2023thesis_B.4": (11, 3, 33),
    "thoker2023thesis_C.1": (5, 1, 5),
    "thoker2023thesis_C.3": (3, 1, 3),
    "thoker2023thesis_C.2": (19, 2, 38),
    "thoker2023thesis_C.4": (10, 4, 39),
    "thoker2023thesis_C.5": (8, 2, 16),
    "thoker2023thesis_C.6": (10, 2, 20),
    "thoker2023thesis_C.7": (2, 4, 8),
    "indris2025assembly_1": (4, 1, 4),
    "indris2025assembly_2": (3, 7, 21),
    "indris2025assembly_3": (12, 6, 72),
    "indris2025assembly_4": (4, 4, 16),
    "indris2025assembly_5": (4, 4, 16),
    "indris2025assembly_6": (6, 1, 6),
    "indris2025assembly_7": (2, 8, 16),
    "indris2025assembly_8": (22, 4, 88),
    "indris2025assembly_A3": (5, 6, 23),
    "indris2025assembly_A5": (66, 2, 132),
    "dave2024finepseudo_1": (11, 12, 117),
    "dave2024finepseudo_2": (6, 3, 18),
    "dave2024finepseudo_3": (16, 8, 94),
    "dave2024finepseudo_4": (5, 2, 10),
    "dave2024finepseudo_5": (8, 2, 16),
    "dave2024finepseudo_6": (4, 4, 16),
    "fayyaz2024thesis_4.3": (4, 1, 4),
    "fayyaz2024thesis_4.4": (6, 2, 12),
    "fayyaz2024thesis_4.5": (3, 1, 3),
    "fayyaz2024thesis_4.6": (4, 1, 4),
    "fayyaz2024thesis_4.7": (5, 2, 10),
    "fayyaz2024thesis_4.8": (17, 2, 30),
    "fayyaz2024thesis_4.9": (16, 2, 30),
    "fayyaz2024thesis_5.4": (2, 7, 14),
    "fayyaz2024thesis_5.5": (3, 7, 21),
    "fayyaz2024thesis_5.6": (4, 7, 28),
    "fayyaz2024thesis_5.7": (3, 3, 8),
    "fayyaz2024thesis_5.8": (2, 1, 2),
    "fayyaz2024thesis_5.9": (23, 4, 57),
    "fayyaz2024thesis_5.10": (7, 1, 7),
    "fayyaz2024thesis_5.11": (3, 1, 3),
    "fayyaz2024thesis_6.1": (3, 2, 6),
    "fayyaz2024thesis_6.2": (2, 2, 4),
    "fayyaz2024thesis_6.3": (4, 2, 8),
    "fayyaz2024thesis_6.4": (8, 5, 40),
    "fayyaz2024thesis_6.6": (4, 2, 8),
    "fayyaz2024thesis_6.7": (11, 3, 32),
    "fayyaz2024thesis_6.8": (25, 2, 50),
    "fayyaz2024thesis_6.9": (12, 2, 24),
    "fayyaz2024thesis_6.10": (2, 3, 6),
    "fayyaz2024thesis_6.11": (6, 2, 12),
    "fayyaz2024thesis_6.13": (2, 2, 4),
    "fayyaz2024thesis_6.14": (4, 3, 12),
    "fayyaz2024thesis_6.15": (4, 3, 12),
    "fayyaz2024thesis_6.16": (3, 2, 6),
    "fayyaz2024thesis_7.1": (2, 2, 4),
    "fayyaz2024thesis_7.2": (4, 1, 4),
    "fayyaz2024thesis_7.3": (4, 2, 8),
    "fayyaz2024thesis_7.4": (2, 4, 8),
    "fayyaz2024thesis_7.5": (3, 2, 6),
    "fayyaz2024thesis_7.6": (37, 4, 147),
    "fayyaz2024thesis_7.7": (19, 4, 69),
    "fayyaz2024thesis_7.8": (16, 4, 60),
    "fayyaz2024thesis_8.1": (7, 1, 7),
    "fayyaz2024thesis_8.2": (8, 1, 8),
    "fayyaz2024thesis_8.3": (2, 4, 8),
    "fayyaz2024thesis_8.4": (5, 2, 10),
    "fayyaz2024thesis_9.1": (5, 1, 5),
    "fayyaz2024thesis_9.2": (6, 5, 30),
    "fayyaz2024thesis_9.3": (4, 5, 20),
    "fayyaz2024thesis_9.4": (3, 4, 12),
    "fayyaz2024thesis_9.5": (3, 5, 15),
    "fayyaz2024thesis_9.6": (6, 4, 22),
    "fayyaz2024thesis_9.7": (8, 2, 14),
    "fayyaz2024thesis_9.8": (7, 2, 11),
    "fayyaz2024thesis_9.9": (2, 5, 10),
    "fayyaz2024thesis_9.10": (9, 5, 21),
    "fayyaz2024thesis_9.11": (8, 1, 8),
    "chen2022thesis_3.1": (7, 1, 7),
    "chen2022thesis_3.2": (12, 2, 24),
    "chen2022thesis_4.3": (15, 2, 30),
    "chen2022thesis_3.3": (20, 10, 183),
    "chen2022thesis_4.4": (22, 10, 203),
    "chen2022thesis_4.1": (4, 1, 4),
    "chen2022thesis_4.2": (9, 1, 9),
}
ALL = sorted(SIZES)
IN_UNITS = {"extraction_seconds", "parameters", "augmentation"}


def test_every_table_has_a_file_and_every_file_a_table() -> None:
    assert set(tables()) == set(SIZES)
    assert {path.stem for path in HERE.glob("*.csv")} == set(SIZES)


@pytest.mark.parametrize("table", ALL)
def test_rows_columns_and_cells(table: str) -> None:
    found = rows(table)
    labels = {row.row for row in found}
    headings = {row.column for row in found}
    assert (len(labels), len(headings), len(found)) == SIZES[table]
    assert len({(row.row, row.column) for row in found}) == len(found)


@pytest.mark.parametrize("table", ALL)
def test_the_file_is_named_after_what_it_holds_and_has_the_fields(table: str) -> None:
    with (HERE / f"{table}.csv").open(encoding="utf-8", newline="") as stream:
        assert tuple(next(csv.reader(stream))) == COLUMNS
    assert {f"{row.source}_{row.table}" for row in rows(table)} == {table}


@pytest.mark.parametrize("table", ALL)
def test_the_value_is_the_printed_number(table: str) -> None:
    for row in rows(table):
        first = re.match(r"[+−-]?\d[\d,]*(\.\d+)?(e-\d+)?", row.printed)
        if row.metric in IN_UNITS or row.value is None:
            continue
        assert first, row
        assert row.value == float(first[0].replace(",", "").replace("−", "-")), row


@pytest.mark.parametrize("table", ALL)
def test_a_cell_without_a_value_is_no_number(table: str) -> None:
    words = {row.metric for row in rows(table) if row.value is None}
    assert words <= {"lr_steps", "headline_metric", "significance", "views"}


@pytest.mark.parametrize("table", ALL)
def test_a_deviation_is_there_exactly_where_one_is_printed(table: str) -> None:
    for row in rows(table):
        printed = row.printed.partition("±")[2]
        assert row.std == (float(printed) if printed else None)


@pytest.mark.parametrize("table", ALL)
def test_no_markup_and_no_citation_is_left(table: str) -> None:
    for row in rows(table):
        for text in (row.row, row.column, row.model, row.backbone, row.printed):
            assert (
                not re.search(r"[<>$\\]|\[\d+\]$|et al\. \(\d{4}\)$", text) or "Ghoddosian" in text
            )
            assert text == text.strip()


def test_units_are_converted_where_print_has_others() -> None:
    extractors = {(row.row, row.column): row.value for row in rows("indris2025assembly_3")}
    assert extractors["Vg", "Params"] == 1000.0  # 1 B
    assert extractors["TSP-R21D-16", "Time (h:m:s)"] == 3600 + 30 * 60 + 36


def test_a_model_called_none_stays_text() -> None:
    first = rows("thoker2023thesis_4.4")[0]
    assert (first.model, first.pretraining, first.value) == ("None", "none", 77.3)


def test_a_published_row_is_no_measured_row() -> None:
    assert not issubclass(PublishedRow, MeasuredRow)
    assert not issubclass(MeasuredRow, PublishedRow)
    with pytest.raises(ValidationError):
        MeasuredRow.model_validate(rows("thoker2023thesis_4.4")[0].model_dump())


def test_numbers_stay_out_of_reach_of_nan_and_unknown_fields() -> None:
    good = rows("thoker2023thesis_4.4")[0].model_dump()
    with pytest.raises(ValidationError):
        PublishedRow.model_validate({**good, "value": float("nan")})
    with pytest.raises(ValidationError):
        PublishedRow.model_validate({**good, "seed": 1})


def test_reading_imports_neither_pandas_nor_torch_nor_numpy() -> None:
    code = (
        "import sys; from severe_bench.published.read import rows, tables;"
        "[rows(t) for t in tables()];"
        "print(sorted({'pandas', 'torch', 'numpy', 'scipy', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("thoker2023thesis_5.8", "thoker2023thesis_5.8"),
        ("severe2022_5.8", "thoker2023thesis_5.8"),
        ("B.3", "thoker2023thesis_B.3"),
        ("A5", "indris2025assembly_A5"),
        ("5.8", "thoker2023thesis_5.8"),
        ("5.10", "fayyaz2024thesis_5.10"),
    ],
)
def test_a_table_is_found_by_its_names(name: str, table: str) -> None:
    assert find(name) == table


def test_a_number_that_several_have_lists_them() -> None:
    with pytest.raises(UserError, match=r"choose: indris2025assembly_3, dave2024finepseudo_3"):
        find("3")


@pytest.mark.parametrize("name", ["9.99", "severe2022_C.7", "nobody_5.8", ""])
def test_an_unknown_table_is_said(name: str) -> None:
    with pytest.raises(UserError, match="no published table"):
        find(name)


def test_rows_of_an_unknown_table_are_refused() -> None:
    with pytest.raises(UserError, match="severe published list"):
        rows("../secrets")


def test_an_unknown_source_names_the_known_ones() -> None:
    with pytest.raises(UserError, match="severe2022"):
        tables_of("severe2023")


def test_the_collection_is_part_of_its_source() -> None:
    severe = catalogue().collections["severe2022"]
    assert set(severe.tables) <= set(catalogue().sources[severe.source].tables)
    assert tables_of("severe2022")[3] == "thoker2023thesis_4.4"
