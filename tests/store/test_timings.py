"""Seconds of earlier cells, from whatever is there."""

from severe_bench.store.cells import write_result
from severe_bench.store.layout import Layout
from severe_bench.store.table import rows_of, write_table
from severe_bench.store.timings import measured_seconds
from tests.store.samples import dataset_cell, evaluate_cell, result_of


def test_evaluated_cells_from_the_table_and_shared_ones_from_their_results(layout: Layout) -> None:
    cell, shared = evaluate_cell(), dataset_cell()
    assert cell.label is not None
    write_table(layout.table, rows_of(result_of(cell), cell.label))
    write_result(layout.folder(shared), result_of(shared))
    states = {cell.id: "done", shared.id: "done"}
    found = measured_seconds(layout, [shared, cell], states)
    assert found == {cell.id: 1.5, shared.id: 1.5}
    assert measured_seconds(layout, [shared, cell], {}) == {cell.id: 1.5}


def test_missing_and_damaged_files_only_leave_gaps(layout: Layout) -> None:
    shared = dataset_cell()
    assert measured_seconds(layout, [shared], {shared.id: "done"}) == {}
    layout.table.parent.mkdir(parents=True)
    layout.folder(shared).mkdir(parents=True)
    (layout.folder(shared) / "result.json").write_text("{")
    for damage in ("", "a,b\n1,2\n", "cell,seconds\nx,\n", "cell,seconds\nx\n"):
        layout.table.write_text(damage)
        assert measured_seconds(layout, [shared], {shared.id: "done"}) == {}
