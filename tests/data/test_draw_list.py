import hashlib
import math
from pathlib import Path

import numpy as np
import pytest

from severe_bench.core.errors import UserError
from severe_bench.data.adapter import Location
from severe_bench.data.draw_list import drawn_lines
from tests.data.datasets.files import load, write
from tests.data.datasets.test_charades import official as charades

SIZES = {0: 30, 2: 4, 3: 12, 40: 25, 98: 9}


def gym99(folder: Path) -> Path:
    """A Gym-99 list whose classes are mixed, unequal and partly without a clip."""
    labels = [label for label, size in SIZES.items() for _ in range(size)]
    np.random.default_rng(0).shuffle(labels)
    lines = [f"vid{n % 7:08d}_E_1_9_A_{n}_{n + 3}.avi {label}" for n, label in enumerate(labels)]
    return write(
        folder, {"gym99_train.txt": "\n".join(lines), "gym99_val.txt": "v_E_1_2_A_1_2.avi 0\n"}
    )


def reference(lines: list[str], count: int, n_classes: int, seed: int) -> list[str]:
    """The published rule, from its description: no code of the package is used."""
    wanted = math.ceil(count / n_classes)
    draws = np.random.RandomState(seed)
    chosen: list[str] = []
    for label in range(n_classes):
        own = [line for line in lines if line.split(" ")[1] == str(label)]
        if own:
            places = draws.choice(len(own), size=min(wanted, len(own)), replace=False)
            chosen += [own[place] for place in places]
    return chosen


@pytest.mark.parametrize("count", [50, 60, 80])
@pytest.mark.parametrize("seed", [99999, 12345, 19])
def test_reference_rule(tmp_path: Path, count: int, seed: int) -> None:
    folder = gym99(tmp_path)
    listed = (folder / "gym99_train.txt").read_text().split("\n")
    lines = drawn_lines(
        "gym99", {}, Location(None, folder), rule="per_class_ceil", count=count, seed=seed
    )
    assert lines == [f"{line}\n" for line in reference(listed, count, 99, seed)]


def test_reference_rule_with_several_per_class(tmp_path: Path) -> None:
    """Vault has 6 classes, so 13 asks for ceil(13 / 6) = 3 of each of the three with clips."""
    folder = gym99(tmp_path)
    listed = [f"{record.sample} {record.label}" for record in load("gym_vault", folder).of("train")]
    arguments = {"rule": "per_class_ceil", "count": 13, "seed": 7}
    lines = drawn_lines("gym_vault", {}, Location(None, folder), **arguments)  # type: ignore[arg-type]
    assert lines == [f"{line}\n" for line in reference(listed, 13, 6, 7)]
    assert len(lines) == 9


def test_missing_videos_do_not_change_the_draw(tmp_path: Path) -> None:
    folder, root = gym99(tmp_path / "l"), write(tmp_path / "v", {"a.mp4": b""})
    digests = {
        hashlib.sha256(
            "".join(
                drawn_lines("gym99", {}, location, rule="per_class_ceil", count=60, seed=1)
            ).encode()
        ).hexdigest()
        for location in (Location(None, folder), Location(root, folder))
    }
    assert len(digests) == 1


def test_what_cannot_be_drawn(tmp_path: Path) -> None:
    location = Location(None, gym99(tmp_path / "gym"))
    with pytest.raises(UserError, match="asks for 1000 videos but the training set has 80"):
        drawn_lines("gym99", {}, location, rule="exact", count=1000, seed=1)
    with pytest.raises(UserError, match="--rule"):
        drawn_lines("gym99", {}, location, rule="most", count=10, seed=1)
    with pytest.raises(UserError, match="a budget is positive"):
        drawn_lines("gym99", {}, location, rule="exact", count=0, seed=1)
    multi = Location(None, charades(tmp_path / "charades"))
    with pytest.raises(UserError, match="no single class"):
        drawn_lines("charades", {}, multi, rule="exact", count=1, seed=1)
