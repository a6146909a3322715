"""A cell is found by the beginning of its id, or the user is told why not."""

import pytest

from severe_bench.core.errors import UserError
from severe_bench.store.cells import write_cell, write_failure, write_result
from severe_bench.store.find import cell_folders, find_cell
from severe_bench.store.layout import Layout
from severe_bench.store.result import Failure
from tests.store.samples import dataset_cell, evaluate_cell, result_of


def test_found_in_any_suite_and_among_shared_cells(layout: Layout) -> None:
    cell, shared = evaluate_cell(), dataset_cell()
    for each in (cell, shared):
        write_cell(layout.folder(each), each)
        write_result(layout.folder(each), result_of(each))
    found = find_cell(layout.results, cell.id[:8])
    assert (found.cell, found.folder) == (cell, layout.folder(cell))
    assert found.result == result_of(cell)
    assert find_cell(layout.results, shared.id).cell == shared
    plain = found.as_json()
    assert plain["failure"] is None


def test_a_failed_cell_shows_its_failure(layout: Layout) -> None:
    cell = evaluate_cell()
    write_cell(layout.folder(cell), cell)
    failure = Failure.model_validate(
        {
            "cell": cell.id,
            "class": "decode",
            "message": "m",
            "traceback": "t",
            "hint": "h",
            "attempts": 1,
        }
    )
    write_failure(layout.folder(cell), failure)
    found = find_cell(layout.results, cell.id)
    assert (found.result, found.failure) == (None, failure)


def test_none_several_and_damaged(layout: Layout) -> None:
    with pytest.raises(UserError, match="no cell 'abc'"):
        find_cell(layout.results, "abc")
    cells = [evaluate_cell(seed) for seed in range(40)]
    for cell in cells:
        write_cell(layout.folder(cell), cell)
    firsts = [cell.id[0] for cell in cells]
    shared = next(first for first in firsts if firsts.count(first) > 1)
    with pytest.raises(UserError, match=f"begins {firsts.count(shared)} ids"):
        find_cell(layout.results, shared)
    (layout.folder(cells[0]) / "result.json").write_text("{")
    with pytest.raises(UserError, match="damaged cell"):
        find_cell(layout.results, cells[0].id)


@pytest.mark.parametrize("text", ["", "../x", "*", "a/b"])
def test_what_is_no_id_matches_nothing(text: str, layout: Layout) -> None:
    cell = evaluate_cell()
    write_cell(layout.folder(cell), cell)
    assert cell_folders(layout.results, text) == []
