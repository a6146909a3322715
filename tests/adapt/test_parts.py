import random
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from severe_bench.adapt.parts import PARTS_FOLDER, Pass, Rows, rows_of
from severe_bench.core.errors import Interrupted
from tests.train.fakes import Wires

TOTAL, BLOCK = 11, 2
PLAN = Pass("test", TOTAL, "key")


class Computer:
    """Rows that depend on the record and on where its block begins, as batched kernels may."""

    def __init__(self, die_at: int | None = None) -> None:
        self.asked: list[int] = []
        self.die_at = die_at

    def __call__(self, first: int) -> Iterator[Rows]:
        for start in range(first, TOTAL, BLOCK):
            if start == self.die_at:
                raise KeyboardInterrupt
            self.asked.append(start)
            records = np.arange(start, min(start + BLOCK, TOTAL))
            values = np.stack([records, np.full_like(records, start)], 1).astype(np.float32)
            yield {"values": values, "count": records}


def expected() -> Rows:
    blocks = list(Computer()(0))
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}


def assert_rows(rows: Rows) -> None:
    for name, array in expected().items():
        np.testing.assert_array_equal(rows[name], array)
        assert rows[name].dtype == array.dtype
    assert set(rows) == set(expected())


def always(call: int) -> bool:
    return True


def test_in_one_go(tmp_path: Path) -> None:
    wires = Wires(tmp_path)
    assert_rows(rows_of(PLAN, Computer(), wires.session))
    assert [report.done for report in wires.reports] == [2, 4, 6, 8, 10, 11]
    assert {(report.stage, report.total) for report in wires.reports} == {("test", TOTAL)}


def test_done_is_done(tmp_path: Path) -> None:
    rows_of(PLAN, Computer(), Wires(tmp_path).session)
    again = Computer()
    assert_rows(rows_of(PLAN, again, Wires(tmp_path, stop=always).session))
    assert again.asked == []


def test_stopped_at_every_poll(tmp_path: Path) -> None:
    for done in (2, 4, 6, 8, 10):
        wires, computer = Wires(tmp_path, stop=lambda call: call == 1), Computer()
        with pytest.raises(Interrupted, match=f"after {done} of {TOTAL}"):
            rows_of(PLAN, computer, wires.session)
        assert computer.asked == [done - 2]
    assert_rows(rows_of(PLAN, Computer(), Wires(tmp_path).session))


@pytest.mark.parametrize("seed", range(10))
def test_killed_anywhere(tmp_path: Path, seed: int) -> None:
    """What was not written is computed again, in the same blocks."""
    draws = random.Random(seed)
    for _ in range(5):
        dying = Computer(die_at=draws.randrange(0, TOTAL + 3, BLOCK))
        wires = Wires(tmp_path, due=lambda call: draws.random() < 0.5)
        try:
            rows_of(PLAN, dying, wires.session)
        except KeyboardInterrupt:
            continue
    assert_rows(rows_of(PLAN, Computer(), Wires(tmp_path).session))


def in_three_parts(folder: Path) -> list[Path]:
    rows_of(PLAN, Computer(), Wires(folder, due=lambda call: call in (2, 4)).session)
    paths = sorted((folder / PARTS_FOLDER).iterdir())
    assert [path.name for path in paths] == [
        "test-00000000.npz",
        "test-00000004.npz",
        "test-00000008.npz",
    ]
    return paths


@pytest.mark.parametrize("seed", range(30))
def test_no_damaged_byte_is_trusted(tmp_path: Path, seed: int) -> None:
    draws = random.Random(seed)
    path = draws.choice(in_three_parts(tmp_path))
    content = bytearray(path.read_bytes())
    content[draws.randrange(len(content))] ^= draws.randint(1, 255)
    path.write_bytes(content)
    assert_rows(rows_of(PLAN, Computer(), Wires(tmp_path).session))


def cut(paths: list[Path]) -> None:
    paths[1].write_bytes(paths[1].read_bytes()[:50])


def lose(paths: list[Path]) -> None:
    paths[1].unlink()


def empty(paths: list[Path]) -> None:
    paths[1].write_bytes(b"")


def lose_the_middle(paths: list[Path]) -> None:
    """What the directory of the archive says then lies before the file."""
    content = paths[1].read_bytes()
    paths[1].write_bytes(content[:20] + content[50:])


def one_array_less(paths: list[Path]) -> None:
    with np.load(paths[1]) as arrays:
        rows = dict(arrays)
    del rows["count"]
    np.savez(paths[1], allow_pickle=False, **rows)


@pytest.mark.parametrize("harm", [cut, lose, empty, lose_the_middle, one_array_less])
def test_from_the_first_bad_part_on_all_is_computed_again(
    tmp_path: Path, harm: Callable[[list[Path]], None]
) -> None:
    harm(in_three_parts(tmp_path))
    computer = Computer()
    assert_rows(rows_of(PLAN, computer, Wires(tmp_path).session))
    assert computer.asked == [4, 6, 8, 10]
    assert len(list((tmp_path / PARTS_FOLDER).iterdir())) == 2


def test_parts_of_another_network_are_not_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    in_three_parts(tmp_path)
    computer = Computer()
    assert_rows(rows_of(Pass("test", TOTAL, "other"), computer, Wires(tmp_path).session))
    assert computer.asked[0] == 0
    assert "another network" in caplog.text
    assert len(list((tmp_path / PARTS_FOLDER).iterdir())) == 1


def test_stages_do_not_disturb_each_other(tmp_path: Path) -> None:
    in_three_parts(tmp_path)
    rows_of(Pass("features", TOTAL, "key"), Computer(), Wires(tmp_path).session)
    untouched = Computer()
    rows_of(PLAN, untouched, Wires(tmp_path).session)
    assert untouched.asked == []
