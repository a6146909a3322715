"""Files of a cell folder: round trips, damage named, nothing half-written."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from severe_bench.core.errors import UserError
from severe_bench.plan.cell import Cell
from severe_bench.store.cells import (
    CorruptError,
    check,
    clean,
    output_files,
    read_cell,
    read_failure,
    read_result,
    write_cell,
    write_failure,
    write_result,
)
from severe_bench.store.layout import Layout
from severe_bench.store.result import Failure
from tests.store.samples import dataset_cell, evaluate_cell, result_of


def finished(layout: Layout, cell: Cell) -> Path:
    folder = layout.folder(cell)
    write_cell(folder, cell)
    (folder / "features.npy").write_bytes(b"12345678")
    write_result(folder, result_of(cell, files=output_files(folder)))
    return folder


def test_a_cell_and_its_result_survive_the_round_trip(layout: Layout) -> None:
    cell = evaluate_cell(model="Änne, <script> None")
    folder = finished(layout, cell)
    assert read_cell(folder) == cell
    assert read_result(folder) == check(folder)
    result = check(folder)
    assert result is not None
    assert result.metrics == result_of(cell).metrics
    assert set(result.files) == {"cell.yaml", "features.npy"}


def test_the_yaml_is_plain_and_fully_resolved(layout: Layout) -> None:
    cell = evaluate_cell()
    write_cell(layout.folder(cell), cell)
    content = yaml.safe_load((layout.folder(cell) / "cell.yaml").read_text())
    assert content["id"] == cell.id
    assert content["job"]["recipe"]["clip"]["frames"] == 16


def test_a_folder_without_result_is_not_done(layout: Layout) -> None:
    cell = evaluate_cell()
    assert check(layout.folder(cell)) is None


def cut(folder: Path) -> None:
    path = folder / "result.json"
    path.write_bytes(path.read_bytes()[:-20])


def empty_yaml(folder: Path) -> None:
    (folder / "cell.yaml").write_text("")


def broken_yaml(folder: Path) -> None:
    (folder / "cell.yaml").write_text("id: [")


def lost_output(folder: Path) -> None:
    (folder / "features.npy").unlink()


def short_output(folder: Path) -> None:
    (folder / "features.npy").write_bytes(b"1")


def other_result(folder: Path) -> None:
    other = evaluate_cell(seed=7)
    write_result(folder, result_of(other))


def other_yaml(folder: Path) -> None:
    write_cell(folder, evaluate_cell(seed=7))


@pytest.mark.parametrize(
    "damage",
    [cut, empty_yaml, broken_yaml, lost_output, short_output, other_result, other_yaml],
)
def test_damage_is_found(layout: Layout, damage: Callable[[Path], None]) -> None:
    folder = finished(layout, evaluate_cell())
    damage(folder)
    with pytest.raises(CorruptError):
        check(folder)


def test_damage_is_told_in_a_line_of_its_own_words(layout: Layout) -> None:
    folder = layout.folder(evaluate_cell())
    write_cell(folder, evaluate_cell())
    (folder / "result.json").write_text('{"x": \n')
    with pytest.raises(CorruptError) as caught:
        check(folder)
    assert caught.value.reason.startswith("Invalid JSON: EOF")
    (folder / "result.json").write_text("{}")
    with pytest.raises(CorruptError, match="cell: Field required"):
        check(folder)


def test_a_job_changed_under_the_same_id_is_damage(layout: Layout) -> None:
    folder = finished(layout, evaluate_cell())
    path = folder / "cell.yaml"
    path.write_text(path.read_text().replace("seed: 0", "seed: 5"))
    with pytest.raises(CorruptError, match="job"):
        check(folder)


def test_a_comment_added_to_the_yaml_does_no_harm(layout: Layout) -> None:
    folder = finished(layout, evaluate_cell())
    path = folder / "cell.yaml"
    path.write_text(path.read_text() + "# looked at on Monday\n")
    assert check(folder) is not None


def test_a_failure_keeps_its_class_under_the_name_class(layout: Layout) -> None:
    cell = dataset_cell()
    folder = layout.folder(cell)
    failure = Failure(cell=cell.id, failure_class="decode", message="m", attempts=2)
    write_failure(folder, failure)
    assert '"class": "decode"' in (folder / "failure.json").read_text()
    assert read_failure(folder) == failure


def test_clean_removes_half_written_files_only(layout: Layout) -> None:
    folder = finished(layout, evaluate_cell())
    (folder / "weights.partial-0123abcd.pt").write_bytes(b"half")
    clean(folder)
    assert not list(folder.glob("*partial*"))
    assert check(folder) is not None


def test_an_unreadable_file_is_the_users_to_mend(layout: Layout) -> None:
    folder = layout.folder(evaluate_cell())
    (folder / "result.json").mkdir(parents=True)
    with pytest.raises(UserError, match="cannot read"):
        check(folder)
