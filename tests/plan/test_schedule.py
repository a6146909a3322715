import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from severe_bench.plan.cell import Cell
from severe_bench.plan.job import DatasetJob, DatasetRef
from severe_bench.plan.schedule import wall_seconds

JOB = DatasetJob(dataset=DatasetRef(adapter="a", digest="d"))


def cell(name: str, *needs: str) -> Cell:
    return Cell(id=name, job=JOB, title=name, needs={need: need for need in needs})


@pytest.mark.parametrize(("parallel", "expected"), [(1, 12), (2, 7), (3, 6), (9, 6)])
def test_a_small_case_by_hand(parallel: int, expected: float) -> None:
    """By two: a 0 to 2, b 0 to 1, c 1 to 3, d 2 to 5, e 3 to 7."""
    cells = [cell("a"), cell("b"), cell("c"), cell("d", "a", "b"), cell("e", "c", "elsewhere")]
    seconds = {"a": 2.0, "b": 1.0, "c": 2.0, "d": 3.0, "e": 4.0}
    assert wall_seconds(cells, seconds, parallel) == expected


def test_nothing_takes_no_time() -> None:
    assert wall_seconds([], {}, 2) == 0


@given(
    st.lists(st.tuples(st.floats(0, 100), st.sets(st.integers(0, 11), max_size=3)), max_size=12),
    st.integers(1, 5),
)
def test_bounds_of_list_scheduling(drawn: list[tuple[float, set[int]]], parallel: int) -> None:
    """Graham 1969: between the lower bounds and twice the optimum; alone it is the sum."""
    cells = [cell(str(i), *(str(n) for n in needs if n < i)) for i, (_, needs) in enumerate(drawn)]
    seconds = {str(i): time for i, (time, _) in enumerate(drawn)}
    path: dict[str, float] = {}
    for each in cells:
        path[each.id] = seconds[each.id] + max((path[n] for n in each.needs), default=0.0)
    total, longest = sum(seconds.values()), max(path.values(), default=0.0)
    wall = wall_seconds(cells, seconds, parallel)
    slack = 1e-9 * (1 + total)
    assert max(longest, total / parallel) - slack <= wall
    assert wall <= total / parallel + (1 - 1 / parallel) * longest + slack
    assert math.isclose(wall_seconds(cells, seconds, 1), total, abs_tol=slack)
