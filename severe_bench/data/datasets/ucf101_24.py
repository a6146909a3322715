"""UCF101-24: boxes of actors in the videos of 24 classes of UCF101, first fold.

Files: `finalAnnots.mat` with `testlist01.txt` (and, where it is there, `trainlist01.txt`) of
UCF101, or else `UCF101v2-GT.pkl`, which holds its own split. Their forms: `tubes.py`.
"""

from collections.abc import Mapping
from pathlib import Path

from severe_bench.core.errors import UserError
from severe_bench.core.extras import TUBES
from severe_bench.core.frozen import Frozen
from severe_bench.core.record import SPLITS, Record, Split
from severe_bench.data.datasets.finding import Shelf
from severe_bench.data.datasets.official import Sources, Table, always, official_adapter
from severe_bench.data.datasets.reading import MEND, Once, read_lines, under_root
from severe_bench.data.datasets.tubes import Annotated, mat_videos, pickle_videos
from severe_bench.data.datasets.videos import stem
from severe_bench.data.expected import Counts, Expected

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
    boxes = shelf.maybe("finalAnnots.mat")
    if boxes is None:
        return Sources({"tubes": shelf.one("UCF101v2-GT.pkl", "finalAnnots.mat")})
    files = {"boxes": boxes, "test": shelf.one("testlist01.txt")}
    train = shelf.maybe("trainlist01.txt")
    return Sources(files if train is None else {**files, "train": train})


def read(_: Ucf10124Options, sources: Sources) -> Table:
    """The annotated videos of the lists, in the annotations' order; the group is UCF101's."""
    if "tubes" in sources.files:
        videos = pickle_videos(sources.files["tubes"], len(CLASSES))
        listed: Mapping[Split, frozenset[str]] = {}
    else:
        videos = mat_videos(sources.files["boxes"], len(CLASSES))
        listed = {s: _listed(sources.files[s]) for s in SPLITS if s in sources.files}
    once = Once("video")
    records = []
    for video in videos:
        once.add(video.name.casefold(), video.where)
        split = _split(video, listed)
        if split is not None:
            records.append(_record(video, split))
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


def _split(video: Annotated, listed: Mapping[Split, frozenset[str]]) -> Split | None:
    if video.splits is not None:
        if len(video.splits) != 1:
            raise UserError("it is in the training and in the test list", video.where, MEND)
        return video.splits[0]
    name = video.name.casefold()
    if name in listed["test"]:
        return "test"
    return "train" if "train" not in listed or name in listed["train"] else None


def _record(video: Annotated, split: Split) -> Record:
    labels = {tube.label for tube in video.tubes}
    if len(labels) != 1:
        what = f"{video.name!r} has tubes of {len(labels)} classes, not 1"
        raise UserError(what, video.where, MEND)
    path = under_root(f"{video.name}.avi", video.where)
    group = video.name.rpartition("/")[2].rpartition("_c")[0] or None
    extras = TUBES.set(video.tubes)
    return Record(video.name, path, labels.pop(), split, group=group, extras=extras)


UCF101_24 = official_adapter(
    "ucf101_24", Ucf10124Options, find, read, expected, always(len(CLASSES), TUBES)
)
