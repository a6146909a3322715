"""What must be known about single numbers is said: incomplete data, chosen states, mixed code."""

from dataclasses import replace
from pathlib import Path

import pytest

from severe_bench.analysis.alike import Setting
from severe_bench.analysis.findings import Findings, find
from severe_bench.analysis.harvest import Harvest, Measured
from severe_bench.analysis.reading import ResultsReader, harvest
from severe_bench.report import words
from severe_bench.report.measured import frames_plot
from severe_bench.report.sections import sections
from severe_bench.report.table import Entry, Table
from severe_bench.report.tables.caveats import caveats, legend_of
from severe_bench.report.tables.comparisons import pairs, two
from severe_bench.report.tables.factors import agreements, factor_agreements, moves, swaps
from severe_bench.report.tables.frames import awareness, frame_sweeps
from severe_bench.report.tables.scores import long, matrix, places, ranking
from severe_bench.report.tables.work import provenance
from severe_bench.report.writers import to_csv
from severe_bench.store.layout import Layout
from tests.analysis.builder import Trial, write_suite

SKILLS = {"none": 0.4, "NA": 0.6, "c, d": 0.5}


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    found = Layout(tmp_path, "demo")
    trials = [
        Trial("near", "standard", SKILLS, videos=60, protocol="finetune"),
        Trial("far", "domain", {"none": 0.6, "NA": 0.4, "c, d": 0.5}, videos=60, dataset="far"),
    ]
    write_suite(found, trials, (0, 1))
    return found


def changed(layout: Layout, **by_model: dict[str, object]) -> Findings:
    """The findings after some fields of each model's cells were set."""
    found = harvest(layout)
    cells = tuple(replace(c, **by_model.get(c.label.model, {})) for c in found.measured)  # type: ignore[arg-type]
    return find(
        Harvest(found.suite, cells, found.problems, found.shared), ResultsReader(layout), ()
    )


def entries(table: Table, model: str) -> list[str]:
    return next([e.text for e in row[1:]] for row in table.rows if row[0].text == model)


def test_clean_cells_carry_no_marks(layout: Layout) -> None:
    findings = changed(layout)
    assert caveats(findings.study).rows == ()
    assert "†" not in matrix(findings.study).caption
    assert not any("Warning" in text for text in words.overview(findings))


def test_incomplete_data_are_marked_everywhere(layout: Layout) -> None:
    findings = changed(layout, none={"missing": {"train": 2, "test": 3}})
    study = findings.study
    assert all(text.endswith("†") for text in entries(matrix(study), "none"))
    assert not any("†" in text for text in entries(matrix(study), "NA"))
    assert "videos were missing" in matrix(study).caption
    assert {row[-1].text for row in long(study).rows if row[2].text == "none"} == {"†"}
    assert len(caveats(study).rows) == 4
    (said,) = [text for text in words.overview(findings) if "Warning" in text]
    assert said == (
        "Warning: 4 cells did without videos that are missing (marked †): 4 cells without training "
        "videos and 4 cells without test videos; numbers on an incomplete test set are those of "
        "another test set."
    )


def test_missing_training_videos_leave_the_test_set_what_it_is(layout: Layout) -> None:
    findings = changed(layout, none={"missing": {"train": 2, "test": 0}})
    (said,) = [text for text in words.overview(findings) if "Warning" in text]
    assert said == (
        "Warning: 4 cells did without videos that are missing (marked †): "
        "4 cells without training videos."
    )


def test_states_chosen_on_the_test_set_are_called_so(layout: Layout) -> None:
    findings = changed(layout, **{"c, d": {"selected_on": "test"}})
    assert all(text.endswith("‡") for text in entries(matrix(findings.study), "c, d"))
    text = " ".join(p for s in sections(findings) for p in (*s.paragraphs, *s.points))
    assert "best on test" in text
    assert "nothing is selected on the test videos" not in text


def column(table: Table, key: str) -> list[str]:
    index = [head.key for head in table.heads].index(key)
    return [row[index].text for row in table.rows]


def test_signs_follow_into_every_table_that_is_made_of_such_numbers(layout: Layout) -> None:
    study = changed(layout, **{"c, d": {"selected_on": "test"}}).study
    found = study.sensitivities
    tables = [
        ranking(study),
        places(study),
        pairs(study),
        moves("domain", found, study),
        swaps("domain", found, study),
        agreements(study),
        factor_agreements(study),
    ]
    for table in tables:
        assert "the state was chosen by the test set" in table.caption, table.name
        assert table.heads[-1].key == "caveats"
        assert column(table, "caveats") or table.name.startswith("swaps")
    shown = dict(zip(column(ranking(study), "model"), ranking(study).rows, strict=True))
    signs = {model: [e.text.endswith("‡") for e in row[3:5]] for model, row in shown.items()}
    assert signs == {"none": [False] * 2, "NA": [False] * 2, "c, d": [True] * 2}
    table = moves("domain", found, study)
    for model, before, after, said in zip(
        *(column(table, key) for key in ("model", "rank_standard", "rank_here", "caveats")),
        strict=True,
    ):
        assert [before[-1], after[-1], said] == ["‡"] * 3 or model != "c, d"
    assert "near ‡, far ‡" in to_csv(ranking(study))
    assert column(agreements(study), "caveats") == ["‡"]


def test_a_legend_is_of_signs_that_stand_in_the_table(layout: Layout) -> None:
    """Model `c, d` is marked, which a table of the two others does not hold."""
    study = changed(layout, **{"c, d": {"selected_on": "test"}}).study
    plain = two(study, "none", "NA", list(study.columns))
    assert "chosen by the test set" not in plain.caption
    assert "chosen by the test set" in two(study, "none", "c, d", list(study.columns)).caption
    kept = replace(study.sensitivities[0], moves=study.sensitivities[0].moves[:0])
    assert "chosen by the test set" not in moves("domain", [kept], study).caption


def test_tables_without_signs_have_no_legend(layout: Layout) -> None:
    study = changed(layout).study
    for table in (ranking(study), pairs(study), moves("domain", study.sensitivities, study)):
        assert "chosen by the test set" not in table.caption
        assert set(column(table, "caveats")) == {""}


def test_cells_of_several_versions_of_the_code_are_warned_of(layout: Layout) -> None:
    first: Measured = harvest(layout).measured[0]
    other = replace_code(first)
    findings = changed(layout, NA={"provenance": other})
    (said,) = [text for text in words.overview(findings) if "Warning" in text]
    assert "2 versions of this program’s code" in said


def test_what_cells_say_of_their_numbers_is_passed_on(layout: Layout) -> None:
    first: Measured = harvest(layout).measured[0]
    said = first.provenance.model_copy(update={"remarks": ("it ran without",)})
    findings = changed(layout, NA={"provenance": said})
    assert "Note on 4 cells: it ran without." in words.overview(findings)
    rows = [[entry.text for entry in row] for row in provenance(findings.study).rows]
    assert ["remark", "it ran without", "4"] in rows


def replace_code(cell: Measured) -> object:
    return cell.provenance.model_copy(update={"code": "f" * 64})


def test_models_called_like_words_read_well(layout: Layout) -> None:
    text = " ".join(words.overview(changed(layout)))
    assert "the model “none”" in text or "the model “NA”" in text
    assert words.called("c, d") == "“c, d”"
    assert words.called("rspnet") == "rspnet"


def test_a_sweep_over_frames_shows_temporal_awareness(layout: Layout) -> None:
    findings = changed(layout)
    assert frames_plot(findings) is None
    frames = {"near": 4, "far": 16}
    settings = {
        (name, model): Setting(count, 1, "all else", "")
        for name, count in frames.items()
        for model in SKILLS
    }
    swept = replace(findings, settings=settings)
    assert frame_sweeps(swept) == []  # other dataset: no sweep
    labels = [replace_dataset(label) for label in findings.study.experiments]
    swept = replace(swept, study=replace(findings.study, experiments=tuple(labels)))
    (sweep,) = frame_sweeps(swept)
    assert set(sweep.curves) == set(SKILLS)
    assert [frames for frames, _ in sweep.curves["NA"]] == [4.0, 16.0]
    rows = {row[1].text: row[3].value for row in awareness([sweep]).rows}
    assert rows["NA"] == 4  # falls at once
    drawn = frames_plot(swept)
    assert drawn is not None
    assert "Temporal awareness: " in drawn.alternative


def replace_dataset(label: object) -> object:
    return label.model_copy(update={"dataset": "one", "protocol": "finetune"})  # type: ignore[attr-defined]


def test_only_signs_that_stand_in_a_table_are_explained() -> None:
    rows = [[Entry("a", "a"), Entry(1.0, "1.0†")], [Entry("b", "b"), Entry(2.0, "2.0")]]
    assert legend_of(rows) == " †: videos were missing."
    assert legend_of(rows[1:]) == ""
