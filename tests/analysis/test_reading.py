"""From a results folder, whole and damaged, to a study."""

from pathlib import Path

import numpy as np
import pytest

from severe_bench.analysis.comparison import compare_all
from severe_bench.analysis.findings import Findings, find, standard_features
from severe_bench.analysis.intervals import resample
from severe_bench.analysis.reading import ResultsReader, harvest
from severe_bench.analysis.study import build_study
from severe_bench.core.errors import UserError
from severe_bench.metrics.accuracy import TOP1
from severe_bench.plan.cell import Cell
from severe_bench.store.cells import check, output_files, write_result
from severe_bench.store.layout import Layout
from tests.analysis.builder import (
    Trial,
    evaluate_cell,
    features_cell,
    predictions,
    write_done,
    write_failed,
    write_suite,
)

NEAR = Trial("near", "standard", {"none": 0.3, "ssl": 0.6, "other": 0.5})
FAR = Trial("far", "domain", {"none": 0.2, "ssl": 0.3, "other": 0.7}, dataset="far")
TINY = Trial("near-40", "samples", {"none": 0.3, "ssl": 0.4}, protocol="finetune", budget="40")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path, "demo")


def findings(layout: Layout, planned: list[Cell] | None = None) -> Findings:
    return find(harvest(layout, planned), ResultsReader(layout), ())


def test_a_whole_suite_read_with_and_without_its_plan(layout: Layout) -> None:
    cells = write_suite(layout, [NEAR, FAR])
    for planned in (cells, None):
        found = harvest(layout, planned)
        assert len(found.measured) == 18
        assert found.problems == ()
        assert len(found.shared) == 6
        assert {cell.n for cell in found.measured} == {200}


def test_an_empty_folder_is_an_empty_study(layout: Layout) -> None:
    found = findings(layout)
    assert found.study.models == ()
    assert found.study.standings == []
    assert found.similarity is None


def test_means_and_differences_agree_with_the_predictions(layout: Layout) -> None:
    cells = write_suite(layout, [NEAR, FAR])
    study = findings(layout, cells).study
    runs = {
        model: {s: predictions(NEAR, model, NEAR.skill[model], s) for s in range(3)}
        for model in ("ssl", "none")
    }
    mean = np.mean([TOP1.value(p.scores, p.targets) for p in runs["ssl"].values()])
    assert study.summaries["near", "ssl"].seeds.mean == pytest.approx(mean)
    assert study.summaries["near", "ssl"].rank == 1
    ours = study.difference("near", "ssl", "none")
    theirs = compare_all(resample(TOP1, runs), NEAR.videos)["ssl", "none"].difference
    assert ours is not None
    assert ours.mean == pytest.approx(theirs.mean)
    assert ours.low == pytest.approx(theirs.low)
    assert study.difference("near", "ssl", "unknown") is None
    (one,) = study.sensitivities
    assert (one.experiment, one.standard) == ("far", "near")


def test_missing_failed_and_impossible_cells_are_named(layout: Layout) -> None:
    cells = write_suite(layout, [NEAR])
    failed = evaluate_cell(TINY, "none", 0)
    write_failed(layout, failed, "CUDA out of memory")
    pending = evaluate_cell(TINY, "ssl", 0)
    far = evaluate_cell(FAR, "none", 0)
    impossible = far.model_copy(update={"problem": "no folder /data/far"})
    found = harvest(layout, [*cells, failed, pending, impossible])
    states = {p.cell: (p.state, p.reason) for p in found.problems}
    assert states == {
        failed.id: ("failed", "out_of_memory: CUDA out of memory"),
        pending.id: ("pending", "not run yet"),
        impossible.id: ("impossible", "no folder /data/far"),
    }
    hints = {p.cell: p.hint for p in found.problems}
    assert hints[failed.id] == "lower batch_size"
    assert [p.cell for p in harvest(layout).problems] == [failed.id]


def test_a_damaged_result_is_a_problem_and_the_others_stay(layout: Layout) -> None:
    cells = [cell for cell in write_suite(layout, [NEAR]) if cell.label]
    (layout.folder(cells[0]) / "result.json").write_text('{"cell": ')
    for planned in (cells, None):
        found = harvest(layout, planned)
        assert len(found.measured) == len(cells) - 1
        assert [(p.cell, p.state) for p in found.problems] == [(cells[0].id, "corrupt")]


def test_damaged_predictions_cost_the_interval_only(layout: Layout) -> None:
    cells = [cell for cell in write_suite(layout, [NEAR]) if cell.label]
    for cell in cells[:3]:
        path = layout.folder(cell) / "predictions.npz"
        path.write_bytes(b"x" * path.stat().st_size)
    study = findings(layout, cells).study
    assert study.summaries["near", "none"].interval is None
    assert study.summaries["near", "none"].seeds.n == 3
    assert study.summaries["near", "ssl"].interval is not None
    assert study.difference("near", "ssl", "none") is None


def test_only_the_plans_cells_count_and_their_names(layout: Layout) -> None:
    old = write_suite(layout, [NEAR])
    kept = [cell for cell in old if cell.label and cell.label.model == "ssl"]
    renamed = []
    for cell in kept:
        assert cell.label is not None
        label = cell.label.model_copy(update={"model": "renamed"})
        renamed.append(cell.model_copy(update={"label": label}))
    found = harvest(layout, renamed)
    assert {cell.label.model for cell in found.measured} == {"renamed"}
    assert len(found.measured) == 3


def test_without_a_plan_the_newest_of_two_namesakes_counts(layout: Layout) -> None:
    first = evaluate_cell(TINY, "none", 0)
    write_done(layout, first, predictions(TINY, "none", 0.3, 0))
    job = first.job.model_copy(update={"task_options": {"other": 1}})
    second = Cell.of(job, first.title, label=first.label)
    write_done(layout, second, predictions(TINY, "none", 0.9, 0))
    path = layout.folder(second) / "result.json"
    path.write_text(path.read_text().replace("2026-11-21T01:01", "2026-11-21T02:01"))
    found = harvest(layout)
    assert [cell.cell for cell in found.measured] == [second.id]
    assert [(p.cell, p.state) for p in found.problems] == [(first.id, "superseded")]


def test_other_videos_leave_a_note_and_no_interval(layout: Layout) -> None:
    write_suite(layout, [NEAR])
    stray = evaluate_cell(NEAR, "stray", 0)
    write_done(layout, stray, predictions(Trial("near", "standard", {}, videos=7), "x", 0.5, 0))
    found = findings(layout)
    assert found.study.summaries["near", "ssl"].interval is None
    assert any("near" in note and "different videos" in note for note in found.notes)


def test_features_of_the_standard_dataset_are_compared(layout: Layout) -> None:
    cells = write_suite(layout, [FAR, NEAR, TINY])
    found = findings(layout, cells)
    assert found.similarity_of == "near"
    assert found.similarity is not None
    assert found.similarity.models == ("none", "ssl", "other")
    assert found.similarity.n == 200
    reader = ResultsReader(layout)
    _, ids = standard_features(harvest(layout, cells).measured, reader.needs)
    assert ids["ssl"] == features_cell("ssl", "near").id


def test_features_of_another_order_leave_a_note(layout: Layout) -> None:
    cells = write_suite(layout, [NEAR])
    folder = layout.group("features") / features_cell("ssl", "near").id
    path = folder / "samples.json"
    path.write_text(path.read_text().replace("video_0000", "video_9999"))
    result = check(folder)
    assert result is not None
    write_result(folder, result.model_copy(update={"files": output_files(folder)}))
    found = findings(layout, cells)
    assert found.similarity is None
    assert any("CKA" in note for note in found.notes)


def test_damaged_features_are_left_out_of_cka_and_named(layout: Layout) -> None:
    cells = write_suite(layout, [NEAR])
    folder = layout.group("features") / features_cell("ssl", "near").id
    flip(folder / "features-00000000.npy")
    found = findings(layout, cells)
    assert found.similarity is not None
    assert found.similarity.models == ("none", "other")
    (note,) = (note for note in found.notes if "CKA" in note)
    assert note == (
        f"no CKA of ssl: {folder}: features-00000000.npy has other bytes than when it was written; "
        "remove this folder and what was computed from it, and run again"
    )


def flip(path: Path) -> None:
    """Two bits of the last number, as a disk may."""
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    content[-2] ^= 1
    path.write_bytes(content)


def test_an_unknown_metric_is_refused_not_guessed(layout: Layout) -> None:
    cell = evaluate_cell(TINY, "none", 0)
    write_done(layout, cell, predictions(TINY, "none", 0.3, 0))
    path = layout.folder(cell) / "result.json"
    path.write_text(path.read_text().replace('"top1"', '"elsewhere"'))
    with pytest.raises(UserError, match="elsewhere"):
        _ = build_study(harvest(layout), ResultsReader(layout).predictions).columns
