"""`severe compare`, as a user calls it."""

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from severe_bench.cli.main import app
from severe_bench.config.loading import load_config
from severe_bench.core.errors import UserError
from severe_bench.plan.build import Plan, plan_suite
from severe_bench.plan.cell import Cell
from severe_bench.plan.job import EvaluateJob
from severe_bench.store.layout import Layout
from severe_bench.store.predictions import Predictions
from tests.analysis.builder import (
    Trial,
    mark_best_on_test,
    predictions,
    write_done,
    write_suite,
)
from tests.cli.conftest import TINY

SKILLS = {"rspnet": 0.6, "None": 0.3, "a,b <ü>": 0.5}


def run(*arguments: str) -> str:
    found = CliRunner().invoke(app, ["compare", *arguments], catch_exceptions=False)
    assert found.exit_code == 0, found.output
    return found.stdout


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compare")
    trials = [
        Trial("ssv2", "domain", SKILLS, videos=120, protocol="finetune"),
        Trial("ucf_1k", "samples", SKILLS, videos=120, protocol="finetune", budget="1000"),
    ]
    write_suite(Layout(folder, "mine"), trials, (0, 1))
    return folder


def test_published_json_and_csv_agree(results: Path, tmp_path: Path) -> None:
    found = json.loads(run(str(results), "--with", "published", "--json", "-o", str(tmp_path)))
    rows = {row["model"]: row for row in found["severe"]}
    assert rows["None"]["kind"] == "quoted"
    assert rows["None (ours)"]["kind"] == "measured"
    assert rows["a,b <ü>"]["experiments"] == 2
    assert any("mixes kinds" in note for note in found["notes"])
    frame = pd.read_csv(tmp_path / "severe.csv", keep_default_na=False)
    assert frame["model"].tolist() == list(rows)
    gaps = pd.read_csv(tmp_path / "ours_minus_printed.csv", keep_default_na=False)
    assert (gaps["difference"] - (gaps["ours"] - gaps["printed"])).abs().max() < 1e-9
    assert set(gaps["printed_model"]) == {"RSPNet", "None"}


def test_the_terminal_shows_both_kinds(results: Path) -> None:
    text = run(str(results), "--with", "published")
    assert "quoted" in text
    assert "measured" in text
    assert "mixes kinds" in text
    assert max(map(len, text.splitlines())) <= 80


@pytest.fixture(scope="module")
def chosen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of which one model's states were chosen by the test set."""
    folder = tmp_path_factory.mktemp("chosen")
    trial = Trial("ssv2", "domain", SKILLS, videos=60, protocol="finetune")
    layout = Layout(folder, "mine")
    mark_best_on_test(layout, write_suite(layout, [trial], (0, 1)), "rspnet")
    return folder


def test_numbers_chosen_on_the_test_set_are_marked(chosen: Path, tmp_path: Path) -> None:
    text = run(str(chosen), "--with", "published", "-o", str(tmp_path))
    assert text.count("‡: best on test") == 2  # below the SEVERE table and below the gaps
    severe = pd.read_csv(tmp_path / "severe.csv", keep_default_na=False)
    said = dict(zip(severe["model"], severe["caveats"], strict=True))
    assert {model for model, caveats in said.items() if caveats} == {"rspnet"}
    assert said["rspnet"] == "ssv2 ‡"
    gaps = pd.read_csv(tmp_path / "ours_minus_printed.csv", keep_default_na=False)
    said = dict(zip(gaps["model"], gaps["caveats"], strict=True))
    assert (said["rspnet"], said["None"]) == ("‡", "")


def test_two_models_of_which_one_was_chosen_so_are_marked(chosen: Path) -> None:
    assert "‡: best on test" in run(str(chosen), "rspnet", "None")
    assert json.loads(run(str(chosen), "rspnet", "None", "--json"))["two_models"][0]["caveats"]
    assert "‡: best on test" not in run(str(chosen), "a,b <ü>", "None").replace("\n", " ")


def test_two_models_are_tested_experiment_by_experiment(results: Path) -> None:
    found = json.loads(run(str(results / "mine"), "rspnet", "None", "--json"))
    rows = {row["experiment"]: row for row in found["two_models"]}
    assert set(rows) == {"ssv2", "ucf_1k"}
    for row in rows.values():
        assert row["difference"] > 0
        assert row["low"] < row["difference"] < row["high"]
        assert row["p"] <= row["p_holm"] <= min(1.0, 2 * row["p"]) + 1e-12
    assert len(found["classes_ssv2"]) == 6


def test_experiments_can_be_chosen(results: Path) -> None:
    found = json.loads(run(str(results), "rspnet", "None", "--experiment", "ucf*", "--json"))
    assert [row["experiment"] for row in found["two_models"]] == ["ucf_1k"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "say what to compare with"),
        (["--with", "others"], "cannot compare with 'others'"),
        (["rspnet"], "two models are compared, not 1; name two"),
        (["rspnet", "nobody"], "no model 'nobody'"),
        (["--with", "published", "--suite", "theirs"], "no suite 'theirs'"),
    ],
)
def test_mistakes_are_one_line(results: Path, arguments: list[str], said: str) -> None:
    with pytest.raises(UserError, match=said):
        CliRunner().invoke(app, ["compare", str(results), *arguments], catch_exceptions=False)


def test_several_suites_must_be_named(results: Path, tmp_path: Path) -> None:
    for suite in ("one", "two"):
        trial = Trial("ssv2", "domain", {"mine": 0.5}, videos=30, protocol="finetune")
        write_suite(Layout(tmp_path, suite), [trial], (0,))
    with pytest.raises(UserError, match="2 suites"):
        CliRunner().invoke(
            app, ["compare", str(tmp_path), "--with", "published"], catch_exceptions=False
        )
    text = run(str(tmp_path), "--with", "published", "--suite", "two", "--json")
    assert json.loads(text)["title"].startswith("two beside")


def test_tables_of_experiments_with_any_name_can_be_written(tmp_path: Path) -> None:
    trial = Trial("a/b c", "domain", {"x": 0.6, "y": 0.3}, videos=40, protocol="finetune")
    write_suite(Layout(tmp_path, "s"), [trial], (0,))
    run(str(tmp_path), "x", "y", "-o", str(tmp_path / "out"))
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names[3:] == ["two_models.csv", "two_models.md", "two_models.tex"]
    assert all(name.startswith("classes_a_b_c-") for name in names[:3])


@pytest.fixture
def changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Plan]:
    """Three seeds by the plan, and one of them again, later, with another learning rate."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text(
        TINY.replace("[0, 1]", "[0, 1, 2]").replace("near-linear", "ssv2")
    )
    plan = plan_suite(load_config(tmp_path / "mine.yaml"), "tiny")
    layout = Layout(tmp_path / "results", "tiny")
    for cell in plan.cells:
        if cell.label is not None:
            other = cell.label.model_copy(update={"model": "other"})
            for one in (cell, Cell.of(with_lr(cell, 0.5), cell.title, label=other)):
                write_done(layout, one, predicted(cell.label.seed))
    first = next(cell for cell in plan.cells if cell.label is not None)
    again = Cell.of(with_lr(first, 9.0), first.title, label=first.label)
    write_done(layout, again, predicted(7))
    path = layout.folder(again) / "result.json"
    path.write_text(path.read_text().replace("2026-11-21T01:01", "2026-11-21T02:01"))
    return tmp_path / "results", plan


def with_lr(cell: Cell, lr: float) -> EvaluateJob:
    assert isinstance(cell.job, EvaluateJob)
    recipe = cell.job.recipe
    optimiser = recipe.optimiser.model_copy(update={"lr": lr})
    changed = recipe.model_copy(update={"optimiser": optimiser})
    return cell.job.model_copy(update={"recipe": changed})


def predicted(seed: int) -> Predictions:
    return predictions(Trial("near", "standard", {}, videos=60), "m", 0.1 * (seed + 1), seed)


def test_without_a_plan_seeds_of_several_settings_are_never_mixed(
    changed: tuple[Path, Plan],
) -> None:
    found = json.loads(run(str(changed[0]), "none", "other", "--json"))
    (row,) = found["two_models"]
    assert (row["seeds"], row["difference"]) == (3, 0.0)
    notes = " ".join(found["notes"])
    assert "1 finished cell left out" in notes
    assert "none / ssv2 / seed 0" in notes
    assert "Warning: recipe, budget or data are not the same for all models in ssv2" in notes


def test_the_plan_says_which_cells_count(changed: tuple[Path, Plan]) -> None:
    arguments = (str(changed[0]), "--with", "published", "--json", "-c", "mine.yaml")
    notes = json.loads(run(*arguments))["notes"]
    assert "4 finished cells of other settings or names left out." in notes
    with pytest.raises(UserError, match="no model 'other'"):
        run(str(changed[0]), "none", "other", "-c", "mine.yaml")


def test_the_usual_file_is_the_plan_where_it_has_the_results(
    changed: tuple[Path, Plan], tmp_path: Path
) -> None:
    mine = (tmp_path / "mine.yaml").read_text()
    (tmp_path / "benchmarks.yaml").write_text(mine)
    with pytest.raises(UserError, match="no model 'other'"):
        run(str(changed[0]), "none", "other")
    (tmp_path / "benchmarks.yaml").write_text(mine.replace("lr: 1e-2", "lr: 3e-2"))
    run(str(changed[0]), "none", "other")  # none of its cells is here
    (tmp_path / "benchmarks.yaml").write_text("version: [")
    said = CliRunner().invoke(app, ["compare", str(changed[0]), "none", "other"])
    assert said.exit_code == 0
    assert "compared without a plan" in said.stderr
    with pytest.raises(UserError):
        run(str(changed[0]), "none", "other", "-c", "benchmarks.yaml")
