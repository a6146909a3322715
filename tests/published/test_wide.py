"""Back to the printed shape."""

from hypothesis import given
from hypothesis import strategies as st

from severe_bench.published.read import PublishedRow, rows, tables
from severe_bench.published.wide import widen

BLANK = dict.fromkeys(PublishedRow.model_fields, "") | {
    "higher_is_better": None,
    "value": None,
    "std": None,
    "n": None,
}


def cell(row: str, column: str) -> PublishedRow:
    return PublishedRow.model_validate({**BLANK, "row": row, "column": column})


def test_columns_with_gaps_stay_where_they_are_printed() -> None:
    wide = widen([cell("a", "x"), cell("a", "z"), cell("b", "x"), cell("b", "y"), cell("b", "z")])
    assert (wide.rows, wide.columns) == (("a", "b"), ("x", "y", "z"))
    assert [found.column for found in wide.of_row("a")] == ["x", "z"]
    assert list(wide.column("y")) == ["b"]


@given(st.lists(st.sets(st.integers(0, 6), min_size=1), min_size=1, max_size=5))
def test_a_full_row_orders_all_columns(filled: list[set[int]]) -> None:
    sparse = [cell(f"r{i}", str(column)) for i, row in enumerate(filled) for column in sorted(row)]
    full = [cell("full", str(column)) for column in range(7)]
    assert widen([*sparse, *full]).columns == tuple("0123456")


def test_every_table_keeps_the_order_of_each_row() -> None:
    for table in tables():
        wide = widen(rows(table))
        for label in wide.rows:
            places = [wide.columns.index(r.column) for r in rows(table) if r.row == label]
            assert places == sorted(places), (table, label)


def test_nothing_is_lost() -> None:
    for table in tables():
        wide = widen(rows(table))
        assert sum(len(wide.of_row(row)) for row in wide.rows) == len(rows(table))
