"""Files that only name the classes may be missing: the ids are in the lists."""

from pathlib import Path

import pytest

from tests.data.datasets import (
    test_ava,
    test_charades,
    test_diving48,
    test_epic_kitchens_100,
)
from tests.data.datasets.files import load, rows

OFFICIAL = {
    "ava": (test_ava.official, ["ava/ava_action_list_v2.2.pbtxt"], 80),
    "charades": (test_charades.official, ["Charades/Charades_v1_classes.txt"], 157),
    "epic_kitchens_100": (
        test_epic_kitchens_100.official,
        ["EPIC_100_verb_classes.csv", "EPIC_100_noun_classes.csv"],
        97,
    ),
    "diving48": (
        lambda folder: test_diving48.official(
            folder, [test_diving48.dive("a_00001", 2)], [test_diving48.dive("b_00000", 0)]
        ),
        ["Diving48_vocab.json"],
        48,
    ),
}


@pytest.mark.parametrize("name", OFFICIAL)
def test_the_same_ids_without_the_names(tmp_path: Path, name: str) -> None:
    write_official, names, n_classes = OFFICIAL[name]
    named = load(name, write_official(tmp_path))
    for file in names:
        (tmp_path / file).unlink()
    bare = load(name, tmp_path)
    assert len(bare.classes) == len(set(bare.classes)) == n_classes
    assert rows(bare) == rows(named)
    assert [record.extras for record in bare.records] == [r.extras for r in named.records]
