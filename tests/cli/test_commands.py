"""From nothing to a report with a real, tiny grid; then everything a user asks of it."""

import csv
import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from severe_bench import __version__
from severe_bench.cli.main import app
from tests.cli.conftest import Severe

NAMED_COLUMNS = [
    *("cell", "model", "experiment", "factor", "dataset", "task", "budget", "protocol", "preset"),
    *("seed", "metric", "value", "unit", "higher_is_better", "ci_low", "ci_high", "headline"),
]


@pytest.mark.slow
def test_a_tiny_grid_from_nothing_to_export(severe: Severe, tmp_path: Path) -> None:
    planned = json.loads(severe("plan", "--json").out)
    cells = {cell["id"]: cell for cell in planned["cells"]}
    assert {"id", "model", "experiment", "seed", "state", "needs", "reason"} <= set(
        next(iter(cells.values()))
    )
    assert planned["estimate"]["cells"] == len(cells)
    measured = [cell for cell in cells.values() if cell["model"]]
    assert {cell["seed"] for cell in measured} == {0, 1}
    assert all(set(cell["needs"].values()) <= set(cells) for cell in cells.values())

    ran = severe("run")
    assert ran.code == 0, ran.err
    page = tmp_path / "results" / "tiny" / "report" / "index.html"
    assert str(page) in ran.out
    assert page.exists()

    status = json.loads(severe("status", "--json").out)
    assert (status["complete"], status["failed"], status["pending"]) == (True, 0, 0)
    assert status["done"] == len(cells)

    again = severe("run")
    assert again.code == 0
    assert f"{len(cells)} cell(s) found done, 0 done now" in again.err

    table = tmp_path / "results" / "tiny" / "results.csv"
    rows = list(csv.DictReader(table.open()))
    assert list(rows[0])[: len(NAMED_COLUMNS)] == NAMED_COLUMNS
    assert {row["cell"] for row in rows} == {cell["id"] for cell in measured}
    exported = severe("export", "--format", "csv").out
    assert list(csv.DictReader(io.StringIO(exported))) == rows
    assert len(json.loads(severe("export", "--format", "json").out)) == len(rows)
    assert "\\toprule" in severe("export", "--format", "latex").out
    assert severe("export", "--format", "parquet", "-o", "t.parquet").code == 0
    assert (tmp_path / "t.parquet").read_bytes()[:4] == b"PAR1"

    shown = severe("show", rows[0]["cell"][:10])
    assert shown.out.index("metrics") < shown.out.index("configuration:")
    assert "PYTHONPATH" not in shown.out
    repeating = [line for line in shown.out.splitlines() if line.startswith("severe run tiny")]
    assert [line.endswith("--results results-again") for line in repeating] == [True]
    assert json.loads(severe("show", rows[0]["cell"], "--json").out)["result"]["metrics"]
    assert severe("watch", "tiny").out.endswith("complete\n")

    table.unlink()
    assert severe("run").code == 0
    assert list(csv.DictReader(table.open())) == rows


def test_plan_needs_no_results_folder(severe: Severe, tmp_path: Path) -> None:
    reply = severe("plan", "--cells", "--results", "nowhere")
    assert reply.code == 0
    assert "to run" in reply.out
    assert "needs dataset near" in reply.out


def test_help_names_every_command(severe: Severe) -> None:
    out = severe("--help").out
    for command in ("run", "plan", "status", "show", "report", "export", "doctor"):
        assert command in out


def test_a_report_of_nothing_replaces_no_page(severe: Severe, tmp_path: Path) -> None:
    page = tmp_path / "results" / "tiny" / "report" / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text("good")
    reply = severe("report")
    assert reply.code == 2
    assert "no cell of suite tiny, as it is configured now, has a result" in reply.err
    assert page.read_text() == "good"


@pytest.mark.parametrize("command", ["plan", "status"])
def test_looking_makes_no_folder(command: str, severe: Severe, tmp_path: Path) -> None:
    assert severe(command).code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["benchmarks.yaml"]


def test_the_version_is_told() -> None:
    found = CliRunner().invoke(app, ["--version"])
    assert (found.exit_code, found.output) == (0, f"severe_bench {__version__}\n")
