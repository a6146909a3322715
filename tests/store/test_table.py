"""results.csv: column names that scripts rely on, exact round trip of hostile names."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from severe_bench.core.errors import UserError
from severe_bench.store.cells import write_result
from severe_bench.store.layout import Layout
from severe_bench.store.table import (
    COLUMNS,
    read_table,
    rebuilt_table,
    rows_of,
    table_of,
    write_table,
)
from tests.store.samples import evaluate_cell, label, result_of

PROMISED = (
    "cell, model, experiment, factor, dataset, task, budget, protocol, preset, seed, metric, "
    "value, unit, higher_is_better, ci_low, ci_high, headline"
)


def test_the_promised_columns_come_first_and_in_order() -> None:
    assert ", ".join(COLUMNS).startswith(PROMISED)


def test_one_row_per_metric_with_the_headline_marked(tmp_path: Path) -> None:
    cell = evaluate_cell()
    rows = rows_of(result_of(cell), cell.label)
    assert [(row.metric, row.headline) for row in rows] == [("top1", True), ("mae", False)]
    write_table(tmp_path / "t.csv", rows)
    with (tmp_path / "t.csv").open(newline="") as stream:
        first = next(csv.DictReader(stream))
    assert first["higher_is_better"] == "true"
    assert first["value"] == "50.0"


names = st.one_of(
    st.sampled_from(["None", "NA", "nan", "a,b", '"', "<script>alert(1)</script>", "Jürgen", ""]),
    st.text(
        st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=20
    ),
)


@given(name=names, value=st.floats(allow_nan=False, allow_infinity=False))
def test_any_name_and_number_survives(
    tmp_path_factory: pytest.TempPathFactory, name: str, value: float
) -> None:
    path = tmp_path_factory.mktemp("t") / "results.csv"
    rows = rows_of(result_of(evaluate_cell(), value), label(model=name, experiment=name))
    write_table(path, rows)
    assert list(read_table(path)) == rows


def test_the_plans_names_win_and_the_folders_alone_suffice(layout: Layout) -> None:
    cell = evaluate_cell(model="old")
    write_result(layout.folder(cell), result_of(cell))
    renamed = evaluate_cell(model="new")
    assert {row.model for row in table_of(layout, [renamed])} == {"new"}
    assert {row.model for row in rebuilt_table(layout)} == {"old"}


def test_unfinished_and_damaged_cells_are_left_out(layout: Layout) -> None:
    done, damaged, pending = (evaluate_cell(seed=seed) for seed in range(3))
    write_result(layout.folder(done), result_of(done))
    write_result(layout.folder(damaged), result_of(done))
    rows = table_of(layout, [done, damaged, pending])
    assert {row.cell for row in rows} == {done.id}
    assert rebuilt_table(layout) == rows


def test_a_file_that_is_no_table_is_the_users_to_mend(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UserError, match="not a results table"):
        read_table(tmp_path / "x.csv")
