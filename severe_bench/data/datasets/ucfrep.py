"""UCFRep: repetition counts for 526 videos of UCF101.

Files: `train/<video>.mat` and `val/<video>.mat`, a struct `label` with the boundaries of the
repetitions as 1-based frames in `temporal_bound`; `repetition_label/<Class>.txt`, two lines per
video: its name and the boundaries, or 0 where it was not annotated. Either form is read; where
both are there, they must agree. Groups 1 to 20 train and groups 21 to 25, the official `val`,
test. This is not a split of UCF101.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from severe_bench.core.errors import UserError
from severe_bench.core.extras import COUNT, STARTS, STOP
from severe_bench.core.frozen import Frozen
from severe_bench.core.record import SPLITS, Record, Split
from severe_bench.data.datasets.finding import Shelf
from severe_bench.data.datasets.official import Sources, Table, always, official_adapter
from severe_bench.data.datasets.reading import MEND, Once, read_lines, whole_number
from severe_bench.data.datasets.videos import stem
from severe_bench.data.expected import Counts, Expected

VIDEO = re.compile(r"(?P<group>v_(?P<action>.+)_g(?P<number>\d+))_c\d+")
FOLDERS: Mapping[str, Split] = {"train": "train", "val": "test", "test": "test"}
LAST_TRAIN_GROUP = 20


class UcfRepOptions(Frozen):
    """There is one split."""


def find(_: UcfRepOptions, shelf: Shelf) -> Sources:
    """All .mat files below `train` and `val`, and all .txt files of `repetition_label`."""
    mats = {
        f"{path.parent.name}/{path.stem}": path
        for path in sorted(shelf.all("v_*.mat"), key=lambda path: path.name)
        if path.parent.name.casefold() in FOLDERS
    }
    texts = {
        f"text/{path.stem}": path
        for path in sorted(shelf.all("*.txt"), key=lambda path: path.name)
        if path.parent.name.casefold() == "repetition_label"
    }
    if not mats and not texts:
        mend = "unpack the annotation archive of UCFRep there"
        what = "no train/*.mat, val/*.mat or repetition_label/*.txt in or below it"
        raise UserError(what, str(shelf.folder), mend)
    return Sources({**mats, **texts})


def read(_: UcfRepOptions, sources: Sources) -> Table:
    """The counted videos, by name; the group is UCF101's, the label the kind of action."""
    texts = _from_texts({k: p for k, p in sources.files.items() if k.startswith("text/")})
    mats = _from_mats({k: p for k, p in sources.files.items() if not k.startswith("text/")})
    for video, (bounds, where) in mats.items():
        if video in texts and texts[video][0] != bounds:
            what = f"boundaries of {video} differ from those in {texts[video][1]}"
            raise UserError(what, where, MEND)
    chosen = mats or texts
    actions = sorted({_matched(video, where)["action"] for video, (_, where) in chosen.items()})
    records = [
        _record(video, bounds, where, actions) for video, (bounds, where) in sorted(chosen.items())
    ]
    order = {split: place for place, split in enumerate(SPLITS)}
    return Table(tuple(actions), tuple(sorted(records, key=lambda r: order[r.split])))


def expected(_: UcfRepOptions) -> Expected:
    """Videos of the official archive; their counts sum to 2,776 + 730 = 3,506."""
    return Expected("Zhang et al. 2020", {"train": Counts(421), "test": Counts(105)})


Bounds = dict[str, tuple[tuple[int, ...], str]]


def _from_mats(files: Mapping[str, Path]) -> Bounds:
    once = Once("video")
    found: Bounds = {}
    for role, path in files.items():
        once.add(path.stem, str(path))
        split = FOLDERS[role.split("/")[0].casefold()]
        if _split(path.stem, str(path)) != split:
            what = f"its group belongs to {_split(path.stem, str(path))}, not to this folder"
            raise UserError(what, str(path), MEND)
        found[path.stem] = (_checked(_mat_bounds(path), str(path)), str(path))
    return found


def _mat_bounds(path: Path) -> Sequence[int]:
    """`label.temporal_bound` as plain integers; the file stores uint8, which overflows."""
    import numpy as np
    from scipy.io import loadmat

    try:
        content = loadmat(path, simplify_cells=True)
        bounds = np.ravel(content["label"]["temporal_bound"])
    except Exception as error:  # loadmat raises whatever its C code meets in a damaged file
        what = f"holds no struct 'label' with 'temporal_bound' ({type(error).__name__})"
        raise UserError(what, str(path), MEND) from error
    if bounds.dtype.kind not in "iuf" or not np.array_equal(bounds, bounds.astype(np.int64)):
        raise UserError("temporal_bound does not hold frame numbers", str(path), MEND)
    return [int(bound) for bound in bounds]


def _from_texts(files: Mapping[str, Path]) -> Bounds:
    once = Once("video")
    found: Bounds = {}
    for path in files.values():
        lines = read_lines(path)
        if len(lines) % 2:
            raise UserError("a video has no line of boundaries", lines[-1].where, MEND)
        for name, row in zip(lines[::2], lines[1::2], strict=True):
            video = stem(name.text)
            once.add(video, name.where)
            values = [
                whole_number(field, "frame", row.where)
                for field in row.text.replace(",", " ").split()
            ]
            if values != [0]:
                found[video] = (_checked(values, row.where), row.where)
    return found


def _checked(bounds: Sequence[int], where: str) -> tuple[int, ...]:
    rising = all(before < after for before, after in pairwise(bounds))
    if len(bounds) < 2 or bounds[0] < 1 or not rising:
        what = f"boundaries {list(bounds)} are not at least two rising frame numbers"
        raise UserError(what, where, MEND)
    return tuple(bounds)


def _matched(video: str, where: str) -> re.Match[str]:
    match = VIDEO.fullmatch(video)
    if match is None:
        raise UserError(f"{video!r} is not 'v_Class_g01_c01'", where, MEND)
    return match


def _split(video: str, where: str) -> Split:
    return "train" if int(_matched(video, where)["number"]) <= LAST_TRAIN_GROUP else "test"


def _record(video: str, bounds: Sequence[int], where: str, actions: Sequence[str]) -> Record:
    match = _matched(video, where)
    return Record(
        sample=video,
        path=f"{match['action']}/{video}.avi",
        label=actions.index(match["action"]),
        split=_split(video, where),
        group=match["group"],
        extras={
            **COUNT.set(len(bounds) - 1),
            **STARTS.set(tuple(bound - 1 for bound in bounds[:-1])),
            **STOP.set(bounds[-1] - 1),
        },
    )


UCFREP = official_adapter(
    "ucfrep", UcfRepOptions, find, read, expected, always(None, COUNT, STARTS, STOP)
)
