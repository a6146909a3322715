"""UCF101-24: boxes of actors in the videos of 24 classes of UCF101.

Files: `finalAnnots.mat`, the corrected annotations of Singh et al. 2017 (a struct array `annot`
with `name`, `num_imgs` and `tubes`: 1-based `sf` and `ef`, `class`, `boxes` as x, y, width, height
in pixels of 320 by 240), and `trainlist01.txt`, `testlist01.txt` of UCF101, or the test list alone.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from severe_bench.core.errors import UserError
from severe_bench.core.frozen import Frozen
from severe_bench.core.record import SPLITS, Record, Split
from severe_bench.data.datasets.extras import TUBES, Tube
from severe_bench.data.datasets.finding import Shelf
from severe_bench.data.datasets.official import Sources, Table, official_adapter
from severe_bench.data.datasets.reading import MEND, Once, class_id, read_lines, under_root
from severe_bench.data.datasets.videos import stem
from severe_bench.data.expected import Counts, Expected

WIDTH, HEIGHT = 320.0, 240.0
CLASSES = (
    "Basketball",
    "BasketballDunk",
    "Biking",
    "CliffDiving",
    "CricketBowling",
    "Diving",
    "Fencing",
    "FloorGymnastics",
    "GolfSwing",
    "HorseRiding",
    "IceDancing",
    "LongJump",
    "PoleVault",
    "RopeClimbing",
    "SalsaSpin",
    "SkateBoarding",
    "Skiing",
    "Skijet",
    "SoccerJuggling",
    "Surfing",
    "TennisSwing",
    "TrampolineJumping",
    "VolleyballSpiking",
    "WalkingWithDog",
)


class Ucf10124Options(Frozen):
    """Boxes exist for the first fold of UCF101 only."""


def find(_: Ucf10124Options, shelf: Shelf) -> Sources:
    """The annotations and the lists; without a training list, what is not test is training."""
    files = {"boxes": shelf.one("finalAnnots.mat"), "test": shelf.one("testlist01.txt")}
    train = shelf.maybe("trainlist01.txt")
    return Sources(files if train is None else {**files, "train": train})


def read(_: Ucf10124Options, sources: Sources) -> Table:
    """The annotated videos of the lists, in the annotations' order; the group is UCF101's."""
    listed = {split: _listed(sources.files[split]) for split in SPLITS if split in sources.files}
    path = sources.files["boxes"]
    once = Once("video")
    records = []
    for number, entry in enumerate(_entries(path), start=1):
        where = f"{path}: entry {number}"
        name = _name(entry, where)
        once.add(name.casefold(), where)
        split = _split(name.casefold(), listed)
        if split is not None:
            records.append(_record(name, split, _tubes(entry, where), where))
    order = {split: place for place, split in enumerate(SPLITS)}
    return Table(CLASSES, tuple(sorted(records, key=lambda record: order[record.split])))


def expected(_: Ucf10124Options) -> Expected:
    """Classes only: the corrected annotations have lost a few videos between versions."""
    return Expected(
        "Singh et al. 2017, corrected annotations (about 3,195 videos, 24 classes)",
        {"train": Counts(classes=24), "test": Counts(classes=24)},
    )


def _listed(path: Path) -> frozenset[str]:
    """Casefolded `Class/video` without suffix, from lines with or without a class id."""
    return frozenset(stem(line.text.split()[0]).casefold() for line in read_lines(path))


def _split(name: str, listed: Mapping[Split, frozenset[str]]) -> Split | None:
    if name in listed["test"]:
        return "test"
    return "train" if "train" not in listed or name in listed["train"] else None


def _entries(path: Path) -> list[Mapping[str, Any]]:
    """The struct array `annot`."""
    import numpy as np
    from scipy.io import loadmat

    try:
        annot = loadmat(path, simplify_cells=True)["annot"]
    except Exception as error:  # loadmat raises whatever its C code meets in a damaged file
        what = f"holds no struct array 'annot' ({type(error).__name__})"
        raise UserError(what, str(path), MEND) from error
    return list(np.atleast_1d(annot))


def _name(entry: Mapping[str, Any], where: str) -> str:
    name = entry.get("name") if isinstance(entry, dict) else None
    if not isinstance(name, str) or "/" not in name:
        raise UserError(f"name {name!r} is not 'Class/video'", where, MEND)
    return under_root(name, where)


def _tubes(entry: Mapping[str, Any], where: str) -> Iterator[Tube]:
    import numpy as np

    for tube in np.atleast_1d(entry.get("tubes", ())):
        try:
            first, last, label = int(tube["sf"]), int(tube["ef"]), int(tube["class"])
            boxes = np.asarray(tube["boxes"], dtype=np.float64).reshape(-1, 4)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            what = f"a tube lacks sf, ef, class or boxes ({error})"
            raise UserError(what, where, MEND) from error
        if first < 1 or len(boxes) not in (last - first, last - first + 1):
            what = f"a tube has {len(boxes)} boxes for frames {first} to {last}"
            raise UserError(what, where, MEND)
        present = (boxes[:, 2] > 0) & (boxes[:, 3] > 0)
        corners = boxes[present] + np.pad(boxes[present][:, :2], ((0, 0), (2, 0)))
        corners /= (WIDTH, HEIGHT, WIDTH, HEIGHT)
        yield Tube(
            class_id(label, len(CLASSES), where, first=1),
            tuple((np.flatnonzero(present) + first - 1).tolist()),
            tuple((x1, y1, x2, y2) for x1, y1, x2, y2 in corners.tolist()),
        )


def _record(name: str, split: Split, tubes: Iterator[Tube], where: str) -> Record:
    found = tuple(tubes)
    labels = {tube.label for tube in found}
    if len(labels) != 1:
        raise UserError(f"{name!r} has tubes of {len(labels)} classes, not 1", where, MEND)
    group = name.rpartition("/")[2].rpartition("_c")[0]
    return Record(
        name, f"{name}.avi", labels.pop(), split, group=group or None, extras=TUBES.set(found)
    )


UCF101_24 = official_adapter("ucf101_24", Ucf10124Options, find, read, expected)
