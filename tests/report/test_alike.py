"""Curves join experiments that differ in one thing only: frames per clip, or the budget."""

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from severe_bench.analysis.alike import Place, series, setting_of
from severe_bench.analysis.findings import Findings, find
from severe_bench.analysis.harvest import Harvest, Measured, column_of
from severe_bench.analysis.reading import DRAWN, ResultsReader, harvest
from severe_bench.analysis.study import build_study
from severe_bench.config.loading import load_config
from severe_bench.core.budget import Budget
from severe_bench.plan.build import plan_suite
from severe_bench.plan.cell import Cell, Places
from severe_bench.plan.job import EvaluateJob
from severe_bench.report.measured import sample_panels, sample_plot
from severe_bench.report.tables.frames import awareness, frame_sweeps, reference_frames
from severe_bench.run.kinds.incomplete import DRAWN_FILE
from severe_bench.store.layout import Layout
from tests.analysis.builder import (
    PROVENANCE,
    Trial,
    evaluate_cell,
    predictions,
    write_done,
    write_suite,
)

SHIPPED = Path("severe_bench/benchmarks.yaml")


@cache
def planned(suite: str) -> tuple[Cell, ...]:
    return tuple(plan_suite(load_config(SHIPPED), suite).cells)


def measured(cells: Iterable[Cell]) -> Findings:
    """As if every cell had been measured; the value of each of them is another."""
    evaluated = [cell for cell in cells if cell.label is not None and cell.label.seed == 0]
    rows, settings = [], {}
    for i, cell in enumerate(evaluated):
        assert cell.label is not None
        assert isinstance(cell.job, EvaluateJob)
        values = {cell.label.headline: 1.0 + 90.0 * i / len(evaluated)}
        row = Measured(cell.id, cell.label, values, 10, 1.0, 1, PROVENANCE)
        rows.append(row)
        settings[row.column, cell.label.model] = setting_of(cell.job)
    study = build_study(Harvest("s", tuple(rows)), lambda _: None)
    return Findings(study, (), None, "", (), settings=settings)


def points(findings: Findings) -> dict[str, list[float]]:
    """Sweep -> its numbers of frames; each panel has a single model here."""
    return {
        sweep.name: [x for x, _ in curve]
        for sweep in frame_sweeps(findings)
        for curve in sweep.curves.values()
    }


def test_presets_that_differ_in_frames_are_no_sweep() -> None:
    assert frame_sweeps(measured(planned("domain"))) == []


def test_the_sweeps_of_figure_b12_keep_presets_and_strides_apart() -> None:
    findings = measured(planned("temporal-awareness"))
    found = points(findings)
    for dataset in ("ucf101", "ssv2", "gym99", "ntu60", "epic_kitchens_100"):
        for preset in ("as-written", "as-run"):
            name = f"{dataset}, finetune, full labelled, {preset}"
            assert found.pop(name) == [1, 2, 4, 8, 16, 32, 64]
    assert {name: at for name, at in found.items() if "as-written" in name} == {
        "charades, finetune, full labelled, as-written, stride 2": [1, 32, 64],
        "charades, finetune, full labelled, as-written, stride 4": [1, 8, 16, 32, 64],
        "charades, finetune, full labelled, as-written, stride 8": [1, 32],
        "ava, finetune, full labelled, as-written, stride 2": [1, 2, 8, 16, 32, 64, 128],
        "ava, finetune, full labelled, as-written, stride 4": [1, 2, 16, 32],
    }
    assert set(reference_frames(findings)) == {
        "ucf101", "ssv2", "gym99", "ntu60", "epic_kitchens_100", "charades", "ava"
    }  # fmt: skip


def test_each_point_is_its_own_experiment() -> None:
    """Every value stands at its own frames: none overwrites that of another preset."""
    findings = measured(planned("temporal-awareness"))
    for sweep in frame_sweeps(findings):
        preset = "as-run" if "as-run" in sweep.name else "as-written"
        for model, curve in sweep.curves.items():
            for frames, score in curve:
                (name,) = (
                    name
                    for name, column in findings.study.columns.items()
                    if column.scores().get(model) == score
                )
                assert name.endswith(f"({preset})")
                assert findings.settings[name, model].frames == frames


def test_other_test_clips_are_another_setting() -> None:
    job = next(c.job for c in planned("temporal-awareness") if isinstance(c.job, EvaluateJob))
    assert isinstance(job, EvaluateJob)
    test = job.recipe.test

    def but_frames(**change: int) -> str:
        changed = test.model_copy(update=change)
        return setting_of(
            job.model_copy(update={"recipe": job.recipe.model_copy(update={"test": changed})})
        ).but_frames

    assert but_frames(frames=5) == but_frames()
    assert len({but_frames(), but_frames(stride=5), but_frames(clips=3), but_frames(crops=3)}) == 4


def test_the_demo_has_its_sample_curve() -> None:
    findings = measured(planned("demo"))
    (panel,) = sample_panels(findings)
    assert {x for curve in panel.curves.values() for x, _ in curve} == {40.0, 200.0}


def test_the_shipped_sample_curves_are_of_one_recipe_each() -> None:
    panels = {panel.title: panel for panel in sample_panels(measured(planned("samples")))}
    (curve,) = {
        tuple(x for x, _ in curve) for curve in panels["ucf101, linear, as-written"].curves.values()
    }
    assert curve == (1000.0, 2000.0, 4000.0, 8000.0)
    assert len(panels["ucf101, linear, as-written"].curves) == 10


def test_the_shipped_sample_curves_end_at_the_full_sets() -> None:
    """But those from scratch as run, whose full sets have a schedule of their own (D5)."""
    cells = planned("samples")
    findings = measured(cells)
    full = {
        (column_of(cell.label), cell.label.model): cell.places.sizes["train"]
        for cell in cells
        if cell.label is not None and cell.label.budget == "full"
    }
    settings = {k: replace(one, labelled=full.get(k)) for k, one in findings.settings.items()}
    ends = {
        panel.title: {model: curve[-1][0] for model, curve in panel.curves.items()}
        for panel in sample_panels(replace(findings, settings=settings))
    }
    assert set(ends["ssv2, finetune, as-written"].values()) == {168_913}
    assert set(ends["gym99, linear, as-run"].values()) == {20_484}
    as_run = ends["ucf101, finetune, as-run"]
    assert as_run.pop("scratch") == 8000
    assert set(as_run.values()) == {9537}


@pytest.fixture
def demo() -> tuple[Findings, str]:
    findings = measured(planned("demo"))
    return findings, next(n for n in findings.study.columns if n.startswith("near-40"))


def test_another_recipe_of_as_many_labels_is_no_point(demo: tuple[Findings, str]) -> None:
    findings, few = demo
    (before,) = sample_panels(findings)
    others = {
        key: replace(one, but_budget="flipped") if key[0] == few else one
        for key, one in findings.settings.items()
    }
    assert sample_panels(replace(findings, settings=others)) == []
    # one model only: the others' curve stays
    model = next(iter(before.curves))
    one = {**findings.settings, (few, model): others[few, model]}
    (after,) = sample_panels(replace(findings, settings=one))
    assert set(after.curves) == set(before.curves) - {model}


def test_two_values_at_one_point_are_refused_and_said() -> None:
    findings = measured(planned("temporal-awareness"))
    (model,) = findings.study.models
    twice = "ucf101-frames-8 (as-written)", "ucf101-frames-4 (as-written)"
    settings = dict(findings.settings)
    settings[twice[1], model] = settings[twice[0], model]
    doubled = replace(findings, settings=settings)
    name = "ucf101, finetune, full labelled, as-written"
    assert points(doubled)[name] == [1, 2, 16, 32, 64]
    caption = awareness(frame_sweeps(doubled)).caption
    assert f"two values: {model} at 8 in {name}." in caption


def test_models_with_other_overrides_share_a_panel() -> None:
    panel = ("near",)
    places = [
        Place(f"near-{x}", model, x, f"line of {model}", panel)
        for model, at in {"a": (1, 2, 4), "b": (1, 4, 8)}.items()
        for x in at
    ]
    (found,) = series([*places, Place("near-2", "b", 2, "another line", panel)])
    assert {model: list(curve) for model, curve in found.curves.items()} == {
        "a": [1, 2, 4],
        "b": [1, 4, 8],
    }
    assert list(found.at) == [1, 2, 4, 8]


def test_a_budget_larger_than_the_training_set_stands_where_it_was_drawn(tmp_path: Path) -> None:
    layout = Layout(tmp_path, "demo")
    trials = [
        Trial("few", "standard", {"a": 0.4, "b": 0.6}, budget="10", videos=40),
        Trial("many", "samples", {"a": 0.5, "b": 0.7}, budget="1000", videos=40),
    ]
    for cell in write_suite(layout, trials, (0,)):
        if cell.label is not None and cell.label.experiment == "many":
            (layout.folder(cell) / DRAWN).write_text("".join(f"v{i} 0\n" for i in range(30)))
    findings = find(harvest(layout), ResultsReader(layout), ())
    assert findings.notes == ("many: the budget names 1000 labelled videos, 30 were drawn",)
    alike = {key: replace(one, but_budget="") for key, one in findings.settings.items()}
    (panel,) = sample_panels(replace(findings, settings=alike))
    assert [x for x, _ in panel.curves["a"]] == [10.0, 30.0]


@pytest.mark.parametrize(("sizes", "points"), [({"train": 500}, [10, 20, 500]), ({}, [10, 20])])
def test_the_full_set_is_the_last_point_where_its_size_is_known(
    tmp_path: Path, sizes: dict[str, int], points: list[int]
) -> None:
    layout = Layout(tmp_path, "demo")
    trials = [
        Trial(name, "samples", {"a": 0.4}, budget=str(budget), videos=40, setting="one")
        for name, budget in (("few", 10), ("more", 20), ("all", 30))
    ]
    for trial in trials:
        cell = evaluate_cell(trial, "a", 0)
        if trial.name == "all":
            assert isinstance(cell.job, EvaluateJob)
            assert cell.label is not None
            job = cell.job.model_copy(update={"budget": Budget()})
            label = cell.label.model_copy(update={"budget": "full"})
            cell = Cell.of(job, cell.title, label=label, places=Places(sizes=sizes))
        write_done(layout, cell, predictions(trial, "a", 0.4, 0))
    findings = find(harvest(layout), ResultsReader(layout), ())
    (panel,) = sample_panels(findings)
    assert [x for x, _ in panel.curves["a"]] == points


def test_budgets_that_drew_as_many_videos_are_refused_and_said(tmp_path: Path) -> None:
    layout = Layout(tmp_path, "demo")
    trials = [
        Trial(f"n{budget}", "samples", {"a": 0.4}, budget=str(budget), videos=40, setting="one")
        for budget in (10, 20, 1000, 2000)
    ]
    for cell in write_suite(layout, trials, (0,)):
        if cell.label is not None and len(cell.label.experiment) == 5:
            (layout.folder(cell) / DRAWN).write_text("".join(f"v{i} 0\n" for i in range(30)))
    found = sample_plot(find(harvest(layout), ResultsReader(layout), ()))
    assert found is not None
    assert [row[2].value for row in found.data.rows] == [10, 20]
    assert found.caption.endswith("Left out, because there are two values: a at 30.")


def test_drawn_samples_are_read_where_they_are_written() -> None:
    assert DRAWN == DRAWN_FILE


def test_a_single_frame_has_no_stride() -> None:
    jobs = {
        cell.label.experiment: cell.job
        for cell in planned("temporal-awareness")
        if cell.label is not None and cell.label.preset == "as-written"
    }
    one, eight = jobs["charades-frames-1x1"], jobs["charades-frames-8x4"]
    assert isinstance(one, EvaluateJob)
    assert isinstance(eight, EvaluateJob)
    assert setting_of(one).stride is None
    assert setting_of(eight).stride == 4
    assert setting_of(one).but_frames == setting_of(eight).but_frames
    assert setting_of(one).but_budget != setting_of(eight).but_budget
