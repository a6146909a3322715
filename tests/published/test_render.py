"""Tables in the terminal: nothing cut, nothing wider than the line."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console, RenderableType

from severe_bench.published.differences import differences
from severe_bench.published.fit import GAP, chunks, column_width
from severe_bench.published.read import rows, tables
from severe_bench.published.render import one_table, summary_table, table_list
from severe_bench.published.table_5_8 import lines, lines_ranked_as_printed


def shown(renderable: RenderableType, width: int) -> str:
    stream = io.StringIO()
    Console(file=stream, width=width, color_system=None).print(renderable)
    return stream.getvalue()


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("table", tables())
def test_a_table_fits_and_every_entry_is_whole(table: str, width: int) -> None:
    text = shown(one_table(table, width), width)
    assert max(map(len, text.splitlines())) <= width
    words = text.split()
    for row in rows(table):
        for word in row.printed.split():
            assert word in words


def test_headings_mark_where_lower_is_better() -> None:
    text = shown(one_table("thoker2023thesis_5.8", 200), 200)
    assert "Rank ↓" in text
    assert text.count("↓") == 2


def test_footnotes_are_numbered_and_said_once() -> None:
    text = shown(one_table("thoker2023thesis_5.8", 200), 200)
    assert "8.9 [1]" in text
    assert "3.9 [1]" in text
    assert text.count("[2] the eight printed cells give 58.80") == 1


def test_markup_in_names_is_shown_as_it_is() -> None:
    text = shown(one_table("thoker2023thesis_B.2", 100), 100)
    assert "[60,100,140]" in text


@pytest.mark.parametrize("width", [80, 160])
def test_the_summary_fits_and_says_its_rule_and_where_print_differs(width: int) -> None:
    text = shown(summary_table(lines(), differences(lines()), width), width)
    flat = " ".join(text.split())
    assert max(map(len, text.splitlines())) <= width
    assert "Rank: every metric's direction obeyed; ties: min." in flat
    assert "Supervised 2.375 (printed 3.9)" in flat
    assert "VideoMAE 58.8 (printed 58.1)" in flat
    assert "As printed in thoker2023thesis" in flat


def test_the_printed_ranks_are_labelled_as_such() -> None:
    found = lines_ranked_as_printed()
    flat = " ".join(shown(summary_table(found, differences(found), 160), 160).split())
    assert "Rank: as printed: the UCF-RC error ranked as if higher were better." in flat
    assert "Supervised 2.375" not in flat


def test_the_list_names_every_table_and_every_reference() -> None:
    text = shown(table_list(), 100)
    assert all(table in text.split() for table in tables())
    assert "severe2022:" in text
    assert max(map(len, text.splitlines())) <= 100


@given(st.lists(st.integers(1, 40), max_size=12), st.integers(1, 120))
def test_chunks_keep_order_fit_and_lose_nothing(widths: list[int], room: int) -> None:
    named = {str(place): width for place, width in enumerate(widths)}
    groups = chunks(named, room)
    assert [column for group in groups for column in group] == list(named)
    for group in groups:
        assert group
        assert len(group) == 1 or sum(named[column] + GAP for column in group) <= room


def test_a_column_is_as_wide_as_its_longest_entry_or_word() -> None:
    assert column_width("Linear / UCF101", ["1.0", "100.0 [12]"]) == 10
    assert column_width("", []) == 0
