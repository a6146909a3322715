"""`severe published` from the outside."""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from severe_bench.cli.published import app
from severe_bench.core.errors import UserError
from severe_bench.published.read import rows, tables

WIDE = {"COLUMNS": "160"}
Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    runner = CliRunner()
    return lambda *words: runner.invoke(app, list(words), env=WIDE, catch_exceptions=False)


def test_list_names_every_table(run: Run) -> None:
    text = run("list").stdout
    assert all(table in text for table in tables())


def test_show_prints_the_table_and_its_notes(run: Run) -> None:
    text = run("show", "severe2022_5.8").stdout
    assert "thoker2023thesis_5.8" in text
    assert "0.150" in text
    assert "58.80" in text


def test_show_of_an_ambiguous_number_says_what_to_choose(run: Run) -> None:
    with pytest.raises(UserError, match="choose: indris2025assembly_1"):
        run("show", "1")


@pytest.mark.parametrize(("ties", "rank"), [("min", "3.750"), ("average", "3.812")])
def test_summary_ranks_by_the_tie_rule(run: Run, ties: str, rank: str) -> None:
    text = run("summary", "--ties", ties).stdout
    tubelet = next(line for line in text.splitlines() if line.startswith("Tubelet  "))
    assert rank in tubelet.split()


def test_summary_gives_the_printed_ranks_only_when_asked(run: Run) -> None:
    assert "3.875" not in run("summary").stdout
    asked = run("summary", "--ranks-as-printed").stdout
    assert "3.875" in asked
    assert "as printed" in asked


def test_export_csv_and_json_hold_the_same_rows(run: Run) -> None:
    table = "thoker2023thesis_4.4"
    from_csv = list(csv.DictReader(io.StringIO(run("export", table).stdout)))
    from_json = json.loads(run("export", table, "--format", "json").stdout)
    assert [line["printed"] for line in from_csv] == [row.printed for row in rows(table)]
    assert [row["value"] for row in from_json] == [row.value for row in rows(table)]


def test_export_to_a_file(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "deep" / "all.csv"
    assert run("export", "--output", str(target)).exit_code == 0
    with target.open(encoding="utf-8", newline="") as stream:
        assert len(list(csv.DictReader(stream))) == sum(len(rows(table)) for table in tables())


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; import severe_bench.cli.published;"
        "heavy = {'pandas', 'numpy', 'scipy', 'torch', 'matplotlib', 'yaml', 'pydantic'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_show_of_a_source_or_collection_lists_its_tables(run: Run) -> None:
    text = run("show", "severe2022").stdout
    assert "thoker2023thesis_4.4" in text
    assert "indris2025assembly_1" not in text.split("severe2022")[0]
