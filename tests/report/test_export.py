"""Every format holds the same rows as the results table."""

import io
import json
from pathlib import Path

import pandas as pd
import pytest

from severe_bench.core.errors import UserError
from severe_bench.report.export import exported
from severe_bench.store.layout import Layout
from severe_bench.store.table import COLUMNS, rebuilt_table, write_table
from tests.analysis.builder import Trial, write_suite
from tests.report.conftest import HOSTILE


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path, "demo")
    write_suite(made, [Trial("NA", "standard", dict.fromkeys(HOSTILE, 0.5), videos=20)], (0,))
    return made


def test_csv_is_the_results_table(layout: Layout) -> None:
    write_table(layout.table, rebuilt_table(layout))
    assert exported(layout, None, "csv") == layout.table.read_bytes()


def test_json_and_parquet_agree_with_csv(layout: Layout) -> None:
    csv = pd.read_csv(io.BytesIO(exported(layout, None, "csv")), keep_default_na=False)
    rows = json.loads(exported(layout, None, "json"))
    parquet = pd.read_parquet(io.BytesIO(exported(layout, None, "parquet")))
    assert list(parquet.columns) == list(COLUMNS) == list(csv.columns) == list(rows[0])
    assert sorted(csv["model"]) == sorted(row["model"] for row in rows) == sorted(HOSTILE)
    assert parquet["model"].tolist() == csv["model"].tolist()
    assert parquet["value"].tolist() == csv["value"].tolist() == [row["value"] for row in rows]
    assert parquet["higher_is_better"].dtype == bool
    assert parquet["ci_low"].isna().all()
    assert {row["ci_low"] for row in rows} == {None}


def test_parquet_of_nothing_has_the_columns(tmp_path: Path) -> None:
    content = exported(Layout(tmp_path, "demo"), None, "parquet")
    assert list(pd.read_parquet(io.BytesIO(content)).columns) == list(COLUMNS)


def test_latex_is_the_ranking_and_the_experiments(layout: Layout) -> None:
    text = exported(layout, None, "latex").decode()
    assert text.count(r"\begin{tabular}") == 2
    assert r"\textless{}script\textgreater{}" in text


def test_only_the_plans_cells_are_exported(layout: Layout) -> None:
    assert json.loads(exported(layout, [], "json")) == []


def test_another_format_is_refused_with_the_nearest(layout: Layout) -> None:
    with pytest.raises(UserError, match="did you mean parquet"):
        exported(layout, None, "parket")
