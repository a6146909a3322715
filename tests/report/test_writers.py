"""CSV read back, Markdown and LaTeX escaped, numbers as people read them."""

import io
import math
import re
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from severe_bench.report.printed import write_printed_page
from severe_bench.report.table import Head, Table, fixed, number, signed, words
from severe_bench.report.writers import to_csv, to_latex, to_markdown
from tests.report.conftest import HOSTILE

NAMES = st.lists(st.text(st.characters(blacklist_categories=("Cs",))), min_size=1)


def table(names: list[str]) -> Table:
    heads = (Head("model", "Model"), Head("value", "Value %", numeric=True))
    rows = tuple((words(name), number(i / 3, detail="x")) for i, name in enumerate(names))
    return Table("t_1", "Title & co", "100 % of_it", heads, rows)


@given(NAMES)
def test_csv_gives_back_every_name_and_all_digits(names: list[str]) -> None:
    read = pd.read_csv(
        io.StringIO(to_csv(table(names))), keep_default_na=False, dtype={"model": str}
    )
    assert read["model"].tolist() == names, "pandas reads what stands in quotes as it is"
    assert read["value"].tolist() == [i / 3 for i in range(len(names))]


def test_there_is_no_minus_zero() -> None:
    heads = (Head("value", "Value", numeric=True),)
    rows = ((number(-0.0),), (number(-0.25),), (number(0),))
    assert to_csv(Table("t", "", "", heads, rows)) == "value\n0.0\n-0.25\n0\n"


def test_missing_numbers_are_empty_and_names_are_not() -> None:
    rows = ((words("None"), number(None)), (words("NA"), number(math.nan)))
    heads = (Head("model", "Model"), Head("value", "Value", numeric=True))
    assert to_csv(Table("t", "", "", heads, rows)) == "model,value\nNone,\nNA,\n"


def test_markdown_keeps_its_columns_whatever_the_names() -> None:
    lines = to_markdown(table([*HOSTILE, "a|b\nc"])).splitlines()
    rows = [line for line in lines if line.startswith("|")]
    assert len(rows) == 2 + len(HOSTILE) + 1
    for row in rows:
        assert len(re.findall(r"(?<!\\)\|", row)) == 3
    assert r"\<script\>" in to_markdown(table(list(HOSTILE)))


def test_latex_rows_with_a_bracket_or_a_star_first_are_no_arguments_of_the_row_before() -> None:
    body = to_latex(table(["a", "[2ex]", "*b"])).split(r"\midrule")[1]
    assert not re.search(r"\\\\\s*[\[*]", body)
    assert "{}[2ex]" in body


def test_markdown_shows_entities_as_they_are_written() -> None:
    assert r"\&lt;b\&gt;" in to_markdown(table(["&lt;b&gt;"]))
    assert "a b" in to_markdown(table(["a\rb"]))


def test_latex_is_booktabs_and_escaped() -> None:
    text = to_latex(table(list(HOSTILE)))
    for rule in (r"\toprule", r"\midrule", r"\bottomrule", r"\begin{tabular}{lr}"):
        assert rule in text
    assert r"Title \& co. 100 \% of\_it" in text
    assert r"Übergröße \$x\textasciicircum{}2\$" in text
    assert r"quo\"ted" not in text
    body = text.split(r"\midrule")[1].split(r"\bottomrule")[0]
    assert body.count(r"\\") == len(HOSTILE)
    assert not re.search(r"(?<!\\)[%#&_](?![^\n]*\\\\)", body.replace(" & ", ""))


def test_the_best_is_bold_in_latex() -> None:
    rows = ((words("m"), number(51.0, mark="best")),)
    heads = (Head("model", "Model"), Head("value", "Value", numeric=True))
    assert r"\textbf{51.0}" in to_latex(Table("t", "", "", heads, rows))


@pytest.mark.parametrize(
    ("value", "text", "with_sign"),
    [(1.26, "1.3", "+1.3"), (-0.04, "0.0", "0.0"), (-3.0, "−3.0", "−3.0"), (0.0, "0.0", "0.0")],
)
def test_numbers(value: float, text: str, with_sign: str) -> None:
    assert fixed(value) == text
    assert signed(value) == with_sign


def test_columns_in_which_nothing_stands_are_for_csv_alone() -> None:
    heads = (Head("model", "Model"), Head("caveats", "Caveats"), Head("why", "Why"))
    rows = ((words("a"), words(""), words("")), (words("None"), words(""), words("x")))
    found = Table("t", "T", "", heads, rows)
    assert "caveats" in to_csv(found)
    for written in (to_markdown(found), to_latex(found)):
        assert "Caveats" not in written
        assert "Why" in written
    empty = Table("t", "T", "", heads, ())
    assert "Caveats" in to_markdown(empty)


KNOWN_TO_LATEX = set("’‘“”†‡§×²³·°…éüöäÜÖÄß")
"""Without a package, as UTF-8 input (LaTeX of 2020 and later)."""


def test_latex_sets_every_sign_of_a_report(whole: Path) -> None:
    files = sorted((whole.parent / "tables").glob("*.tex"))
    assert len(files) > 20
    signs = {sign for path in files for sign in path.read_text() if not sign.isascii()}
    assert signs <= KNOWN_TO_LATEX
    assert any(r"$\tau$" in path.read_text() for path in files)


def test_latex_sets_every_sign_of_the_printed_tables(tmp_path: Path) -> None:
    folder = write_printed_page("severe2022", tmp_path).parent
    files = sorted((folder / "tables").glob("*.tex"))
    signs = {sign for path in files for sign in path.read_text() if not sign.isascii()}
    assert signs <= KNOWN_TO_LATEX
