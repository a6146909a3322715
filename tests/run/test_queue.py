"""The order of work."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from severe_bench.plan.cell import Cell
from severe_bench.run.queue import Queue
from tests.run.grids import evaluate, pretrain, tree


def chain_seconds(seconds: dict[str, float]) -> Queue:
    return Queue(list(LONG_AND_SHORT), lambda cell: seconds[cell.id])


LONG_AND_SHORT = [evaluate(seed) for seed in range(4)]


def test_long_cells_go_first() -> None:
    seconds = {cell.id: 10.0**place for place, cell in enumerate(LONG_AND_SHORT)}
    queue = chain_seconds(seconds)
    taken = [queue.take(None) for _ in LONG_AND_SHORT]
    assert taken == LONG_AND_SHORT[::-1]


def test_a_short_cell_that_much_waits_for_counts_as_long() -> None:
    first = pretrain(0)
    leaf = evaluate(0, {"weights": first.id})
    lone = evaluate(1)
    seconds = {first.id: 1.0, leaf.id: 100.0, lone.id: 30.0}
    queue = Queue([lone, first, leaf], lambda cell: seconds[cell.id])
    assert queue.take(None) == first


def test_a_lane_stays_with_what_it_has_loaded() -> None:
    here, there = pretrain(0), pretrain(1)
    a, b = (evaluate(0, {"weights": model.id}) for model in (here, there))
    last = evaluate(5, {"weights": there.id})
    queue = Queue([a, b], lambda cell: 1.0)
    assert queue.take(last) == b
    assert queue.take(last) == a


def test_failure_takes_all_dependents_out() -> None:
    cells = tree(2)
    queue = Queue(cells, lambda cell: 1.0)
    world = queue.take(None)
    assert not queue.has_ready
    assert queue.failed(world) == cells[1:]
    assert not queue.left


def test_what_is_put_back_comes_again() -> None:
    (cell,) = cells = [evaluate(0)]
    queue = Queue(cells, lambda cell: 1.0)
    queue.put_back(queue.take(None))
    assert queue.take(None) == cell


@given(st.integers(1, 6), st.randoms(use_true_random=False), st.integers(1, 4))
def test_every_cell_is_taken_once_and_never_before_its_needs(
    leaves: int, dice: Random, lanes: int
) -> None:
    cells = tree(leaves)
    queue = Queue(cells, lambda cell: dice.uniform(0.1, 100.0))
    out: list[Cell] = []
    done: list[str] = []
    while queue.has_ready or out:
        while queue.has_ready and len(out) < lanes:
            cell = queue.take(dice.choice(cells))
            assert set(cell.needs.values()) <= set(done)
            out.append(cell)
        ended = out.pop(dice.randrange(len(out)))
        done.append(ended.id)
        queue.done(ended)
    assert sorted(done) == sorted(cell.id for cell in cells)
