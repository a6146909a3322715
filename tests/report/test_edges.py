"""Results folders in which next to nothing is there, or much is broken."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from severe_bench.analysis.reading import ResultsReader, harvest
from severe_bench.analysis.study import build_study
from severe_bench.core.errors import UserError
from severe_bench.report.build import build_report
from severe_bench.report.comparing import against_published, two_models
from severe_bench.report.tables.scores import long, matrix
from severe_bench.store.cells import read_result, write_result
from severe_bench.store.layout import Layout
from tests.analysis.builder import Trial, evaluate_cell, write_failed, write_suite

NAMES = ("None", "NA", "nan", "<script>alert(1)</script>", "a,b", "ü")


def nothing(layout: Layout) -> None:
    layout.cells.mkdir(parents=True)


def one_cell(layout: Layout) -> None:
    write_suite(layout, [Trial("e", "standard", {"a": 0.5})], (0,))


def one_model(layout: Layout) -> None:
    far = Trial("f", "domain", {"a": 0.5}, dataset="f")
    write_suite(layout, [Trial("e", "standard", {"a": 0.5}), far], (0, 1))


def no_standard(layout: Layout) -> None:
    write_suite(layout, [Trial("f", "domain", {"a": 0.5, "b": 0.7}, dataset="f")], (0, 1))


def one_seed(layout: Layout) -> None:
    far = Trial("f", "domain", {"a": 0.5, "b": 0.2}, dataset="f")
    write_suite(layout, [Trial("e", "standard", {"a": 0.5, "b": 0.7}), far], (0,))


def only_failed(layout: Layout) -> None:
    for model in ("a", "b"):
        cell = evaluate_cell(Trial("e", "standard", {}), model, 0)
        write_failed(layout, cell, "boom <b>")


def hostile(layout: Layout) -> None:
    skills = {name: 0.3 + 0.1 * i for i, name in enumerate(NAMES)}
    trials = [Trial("None", "standard", skills), Trial("NA", "domain", skills, dataset="x")]
    write_suite(layout, trials, (0,))


def no_common_experiment(layout: Layout) -> None:
    write_suite(layout, [Trial("e", "standard", {"a": 0.5})], (0,))
    write_suite(layout, [Trial("f", "domain", {"b": 0.5}, dataset="f")], (1,))


def one_video(layout: Layout) -> None:
    trials = [
        Trial("e", "standard", {"a": 0.5, "b": 0.7}, videos=2),
        Trial("f", "domain", {"a": 0.5, "b": 0.2}, dataset="f", videos=1),
    ]
    write_suite(layout, trials, (0, 1))


def other_videos(layout: Layout) -> None:
    for model, extra in (("a", 0), ("b", 1)):
        trials = [
            Trial("e", "standard", {model: 0.5}, videos=40 + extra),
            Trial("f", "domain", {model: 0.2}, dataset="f", videos=30 + extra),
        ]
        write_suite(layout, trials, (0,))


def always_right(layout: Layout) -> None:
    skills = {"a": 1.0, "b": 1.0, "c": 0.0}
    far = Trial("f", "domain", skills, dataset="f")
    write_suite(layout, [Trial("e", "standard", skills), far], (0, 1))


def half_written(layout: Layout) -> None:
    far = Trial("f", "domain", {"a": 0.5, "b": 0.2}, dataset="f")
    cells = write_suite(layout, [Trial("e", "standard", {"a": 0.5, "b": 0.7}), far], (0, 1))
    folders = [layout.folder(cell) for cell in cells if cell.label]
    (folders[0] / "predictions.npz").unlink()
    (folders[1] / "result.json").write_text("{half")
    cut = folders[2] / "predictions.npz"
    cut.write_bytes(cut.read_bytes()[:200])
    (folders[3] / "cell.yaml").write_text("")
    (folders[4] / "result.json").unlink()
    (layout.cells / "0123456789abcdef").mkdir()
    (layout.cells / "junk").write_text("x")
    features = next(layout.folder(cell) for cell in cells if not cell.label)
    (features / "samples.json").write_text("[")


CASES: list[tuple[Callable[[Layout], None], str]] = [
    (nothing, "There is no cell here yet."),
    (one_cell, "With a single model there is nothing to rank"),
    (one_model, "With a single model there is nothing to rank"),
    (no_standard, "No experiment has the factor “standard”"),
    (one_seed, "2 models in 2 experiments, 1 seed each"),
    (only_failed, "2 cells without a result that counts."),
    (hostile, "the model “None”"),
    (no_common_experiment, "No experiment has a result of every model"),
    (one_video, "2 models in 2 experiments"),
    (other_videos, "were tested on different videos"),
    (always_right, "3 models in 2 experiments"),
    (half_written, "5 cells without a result"),
]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("make", "said"), CASES, ids=[make.__name__ for make, _ in CASES])
def test_every_folder_gives_a_page_that_says_what_is_there(
    tmp_path: Path, make: Callable[[Layout], None], said: str
) -> None:
    layout = Layout(tmp_path, "s")
    make(layout)
    page = build_report(tmp_path, "s").read_text()
    assert said in page
    assert "<script>alert" not in page
    numbers = re.findall(r'<td class="number[^>]*>([^<]*)', page)
    assert not {"nan", "inf", "None"} & set(numbers)
    assert not re.search(r"\b(nan|inf)\b (points|%)", page)


def test_two_models_without_a_common_seed_are_said_to_have_none(tmp_path: Path) -> None:
    layout = Layout(tmp_path, "s")
    write_suite(layout, [Trial("e", "standard", {"a": 0.5}, protocol="finetune")], (0, 1))
    write_suite(layout, [Trial("e", "standard", {"b": 0.7}, protocol="finetune")], (2, 3))
    found = two_models(layout, ["a", "b"], [])
    assert found.tables[0].rows == ()
    assert any(note.startswith("No common seed with predictions in e:") for note in found.notes)


def test_ranks_are_not_drawn_among_some_of_the_models(tmp_path: Path) -> None:
    """Without the best one's predictions the second would be first in every draw."""
    layout = Layout(tmp_path, "s")
    trial = Trial("e", "standard", {"a": 0.9, "b": 0.6, "c": 0.2}, protocol="finetune")
    for cell in write_suite(layout, [trial], (0, 1)):
        if cell.label is not None and cell.label.model == "a":
            (layout.folder(cell) / "predictions.npz").unlink()
            result = read_result(layout.folder(cell))
            assert result is not None
            write_result(layout.folder(cell), result.model_copy(update={"files": {}}))
    study = build_study(harvest(layout), ResultsReader(layout).predictions)
    found = {model: study.summaries["e", model] for model in "abc"}
    assert [one.rank for one in found.values()] == [1, 2, 3]
    assert [one.ranks for one in found.values()] == [None] * 3
    assert found["b"].interval is not None


def test_models_that_are_always_right_have_no_standard_error(tmp_path: Path) -> None:
    layout = Layout(tmp_path, "s")
    always_right(layout)
    table = long(build_study(harvest(layout), ResultsReader(layout).predictions))
    place = [head.key for head in table.heads].index("video_se")
    assert {row[place].value for row in table.rows} == {None}


def test_a_single_model_is_neither_best_nor_worst(tmp_path: Path) -> None:
    layout = Layout(tmp_path, "s")
    one_cell(layout)
    (row,) = matrix(build_study(harvest(layout), lambda _: None)).rows
    assert row[1].shade == 0.0


@pytest.mark.parametrize("make", [nothing, only_failed])
def test_without_a_result_there_is_nothing_to_compare(
    tmp_path: Path, make: Callable[[Layout], None]
) -> None:
    layout = Layout(tmp_path, "s")
    make(layout)
    with pytest.raises(UserError, match="no cell of suite s has a result"):
        against_published(layout, [])
    with pytest.raises(UserError, match="no cell of suite s has a result"):
        two_models(layout, ["a", "b"], [])


@pytest.mark.parametrize("make", [other_videos, no_common_experiment, one_video, half_written])
def test_two_models_that_share_little_are_compared_as_far_as_possible(
    tmp_path: Path, make: Callable[[Layout], None]
) -> None:
    layout = Layout(tmp_path, "s")
    make(layout)
    assert two_models(layout, ["a", "b"], []).json()
