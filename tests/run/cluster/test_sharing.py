"""Which cells share a task: each once, needs first, few tasks, near kin together."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from severe_bench.plan.cell import Cell
from severe_bench.plan.expect import Expectations, Span
from severe_bench.run.cluster.profile import Asks
from severe_bench.run.cluster.sharing import LEAST_MINUTES, Share, Wave, levels, waves
from tests.run.grids import dataset, evaluate, pretrain, tree

PLAIN = Asks(cpus=1)


def constant(seconds: float) -> Callable[[Cell], Span]:
    return lambda cell: Span(seconds / 2, seconds, seconds * 2)


def planned(cells: list[Cell], seconds: float, task_seconds: float, room: int) -> list[Wave]:
    return waves(cells, constant(seconds), lambda cell: PLAIN, task_seconds, room)


def test_levels_are_lengths_of_chains() -> None:
    cells = tree(1)
    assert [level for _, level in levels(cells)] == [0, 1, 1, 2, 2]


def test_a_need_that_is_not_to_be_made_counts_as_made() -> None:
    world = dataset()
    model = pretrain(0, {"dataset": world.id})
    assert [level for _, level in levels([model])] == [0]


def test_short_cells_share_and_long_ones_do_not() -> None:
    cells = [evaluate(seed) for seed in range(10)]
    assert [len(share.cells) for share in planned(cells, 10, 45, 100)[0].shares] == [4, 4, 2]
    assert [len(share.cells) for share in planned(cells, 100, 45, 100)[0].shares] == [1] * 10


def test_kin_share_a_task() -> None:
    """Interleaved in the plan, together in the tasks."""
    cells = [evaluate(seed, {"weights": "b" * 16 if seed % 2 else "a" * 16}) for seed in range(8)]
    shares = planned(cells, 10, 40, 100)[0].shares
    assert [{cell.needs["weights"] for cell in share.cells} for share in shares] == [
        {"a" * 16},
        {"b" * 16},
    ]


def test_what_asks_for_the_same_is_one_array() -> None:
    cells = tree(3)
    found = waves(
        cells,
        constant(1.0),
        lambda cell: Asks(gpus=1) if cell.job.kind == "pretrain" else PLAIN,
        60,
        100,
    )
    assert [(wave.level, wave.asks.gpus, len(wave.shares)) for wave in found] == [
        (0, None, 1),
        (1, 1, 1),
        (2, None, 1),
    ]


def test_time_limits_hold_what_may_come_and_the_warning() -> None:
    share = Share((evaluate(0),), seconds=3600.0, high=7200.0)
    assert Wave(0, PLAIN, (share,)).minutes(120) == 1 + 120 + 2 + 1
    assert Wave(0, Asks(longest_minutes=90), (share,)).minutes(120) == 90
    short = Share((evaluate(0),), seconds=1.0, high=2.0)
    assert Wave(0, PLAIN, (short,)).minutes(120) == LEAST_MINUTES


def test_a_guess_gets_more_time_than_what_was_measured() -> None:
    expect = Expectations()
    cells = [evaluate(seed) for seed in range(3)]
    (guessed,) = waves(cells, lambda cell: expect.span(cell)[0], lambda cell: PLAIN, 1e9, 9)
    expect.learn(cells[0], guessed.shares[0].seconds / 3)
    (known,) = waves(cells, lambda cell: expect.span(cell)[0], lambda cell: PLAIN, 1e9, 9)
    assert known.shares[0].seconds == pytest.approx(guessed.shares[0].seconds)
    assert known.shares[0].high < guessed.shares[0].high


def test_every_lane_of_a_task_has_work() -> None:
    """A site that lends whole nodes: four GPUs, four long cells."""
    cells = [evaluate(seed) for seed in range(10)]
    (wave,) = waves(cells, constant(1000), lambda cell: Asks(gpus=4, cpus=8), 45, 100)
    assert [len(share.cells) for share in wave.shares] == [4, 4, 2]
    assert [share.seconds for share in wave.shares] == [1000, 1000, 1000]


@given(
    leaves=st.integers(1, 40),
    seconds=st.floats(0.1, 1000),
    task_seconds=st.floats(0.1, 5000),
    room=st.integers(1, 50),
)
def test_every_cell_once_within_the_room(
    leaves: int, seconds: float, task_seconds: float, room: int
) -> None:
    cells = tree(leaves)
    found = planned(cells, seconds, task_seconds, room)
    ran = [cell.id for wave in found for share in wave.shares for cell in share.cells]
    assert sorted(ran) == sorted(cell.id for cell in cells)
    assert sum(len(wave.shares) for wave in found) <= max(room, len(found))
    place = {cell: number for number, cell in enumerate(ran)}
    assert all(place[need] < place[cell.id] for cell in cells for need in cell.needs.values())
