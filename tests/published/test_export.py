"""Flat exports."""

import csv
import io
import json

import pytest

from severe_bench.core.errors import UserError
from severe_bench.published.export import selected, to_csv, to_json
from severe_bench.published.read import COLUMNS, PublishedRow, rows, tables


def test_all_rows_of_all_tables_where_none_is_named() -> None:
    assert len(selected([])) == sum(len(rows(table)) for table in tables())


def test_a_collection_a_source_and_a_table_are_taken_once() -> None:
    once = selected(["severe2022", "thoker2023thesis_4.4", "severe2022"])
    assert len(once) == len(selected(["severe2022"]))
    assert {row.source for row in selected(["chen2022thesis"])} == {"chen2022thesis"}
    assert {row.table for row in selected(["B.3", "C.7"])} == {"B.3", "C.7"}


def test_json_comes_back_as_the_same_rows() -> None:
    found = selected([])
    assert [PublishedRow.model_validate(row) for row in json.loads(to_json(found))] == found


def test_csv_keeps_names_numbers_and_gaps() -> None:
    found = selected(["thoker2023thesis_B.3", "thoker2023thesis_B.2"])
    back = list(csv.DictReader(io.StringIO(to_csv(found))))
    assert tuple(back[0]) == COLUMNS
    assert (back[0]["model"], back[0]["pretraining"]) == ("None", "none")
    for row, line in zip(found, back, strict=True):
        assert line["value"] == ("" if row.value is None else str(row.value))
        assert line["note"] == row.note


def test_an_unknown_name_is_said() -> None:
    with pytest.raises(UserError, match="no published table 'nothing'"):
        selected(["nothing"])
