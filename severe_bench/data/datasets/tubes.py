"""The two files in which the boxes of UCF101-24 are distributed, as tubes.

`finalAnnots.mat`, the corrected annotations of Singh et al. 2017: a struct array `annot` with
`name`, `num_imgs` and `tubes`: 1-based `sf` and `ef`, 1-based `class`, `boxes` as x, y, width,
height in pixels of 320 by 240. `UCF101v2-GT.pkl`, the same corrections in the form of
Kalogeiton et al. 2017: dicts `gttubes` (video -> 0-based class -> arrays of 1-based frame, x1, y1,
x2, y2), `resolution` (video -> height, width), and lists `labels`, `train_videos`, `test_videos`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from severe_bench.core.errors import UserError
from severe_bench.core.extras import Tube
from severe_bench.core.record import SPLITS, Split
from severe_bench.data.datasets.pickled_arrays import plain_array
from severe_bench.data.datasets.plain_pickle import read_plain_pickle
from severe_bench.data.datasets.reading import MEND, class_id

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WIDTH, HEIGHT = 320.0, 240.0


@dataclass(frozen=True)
class Annotated:
    """One video with its tubes.

    Args:
        name: `Class/video`.
        tubes: of every actor.
        splits: the official splits that list it, where the file itself says so; else None.
        where: place of the entry, for messages.
    """

    name: str
    tubes: tuple[Tube, ...]
    splits: tuple[Split, ...] | None
    where: str


def mat_videos(path: Path, n_classes: int) -> Iterator[Annotated]:
    """The videos of `finalAnnots.mat`, in its order.

    Raises:
        UserError: naming the entry.
    """
    for number, entry in enumerate(_annot(path), start=1):
        where = f"{path}: entry {number}"
        name = entry.get("name") if isinstance(entry, dict) else None
        if not isinstance(name, str) or "/" not in name:
            raise UserError(f"name {name!r} is not 'Class/video'", where, MEND)
        yield Annotated(name, tuple(_mat_tubes(entry, n_classes, where)), None, where)


def pickle_videos(path: Path, n_classes: int) -> Iterator[Annotated]:
    """The videos of `UCF101v2-GT.pkl`, in the order of its lists of videos.

    Raises:
        UserError: naming the video.
    """
    content = read_plain_pickle(path)
    parts = ("gttubes", "resolution", "train_videos", "test_videos")
    if not isinstance(content, dict) or any(part not in content for part in parts):
        raise UserError(f"is not a dict of {', '.join(parts)}", str(path), MEND)
    splits = _pickle_splits(content, path)
    for name, of in splits.items():
        where = f"{path}: video {name!r}"
        try:
            height, width = (float(size) for size in content["resolution"][name])
            tubes = tuple(
                _pickle_tube(label, plain_array(rows), (width, height), n_classes, where)
                for label, arrays in content["gttubes"][name].items()
                for rows in arrays
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UserError(f"has no resolution or no tubes ({error})", where, MEND) from error
        yield Annotated(name, tubes, tuple(of), where)


def _annot(path: Path) -> list[Mapping[str, Any]]:
    import numpy as np
    from scipy.io import loadmat

    try:
        annot = loadmat(path, simplify_cells=True)["annot"]
    except Exception as error:  # loadmat raises whatever its C code meets in a damaged file
        what = f"holds no struct array 'annot' ({type(error).__name__})"
        raise UserError(what, str(path), MEND) from error
    return list(np.atleast_1d(annot))


def _mat_tubes(entry: Mapping[str, Any], n_classes: int, where: str) -> Iterator[Tube]:
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
        corners = np.hstack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]])
        frames = np.arange(first, first + len(boxes))
        yield _tube(class_id(label, n_classes, where, first=1), frames, corners, (WIDTH, HEIGHT))


def _pickle_tube(
    label: object,
    rows: "NDArray[np.generic]",
    size: tuple[float, float],
    n_classes: int,
    where: str,
) -> Tube:
    if rows.ndim != 2 or rows.shape[1] != 5:
        raise ValueError(f"a tube of shape {rows.shape}")
    numbers = rows.astype(float)
    return _tube(class_id(label, n_classes, where), numbers[:, 0], numbers[:, 1:], size)


def _tube(
    label: int,
    frames: "NDArray[Any]",
    corners: "NDArray[np.float64]",
    size: tuple[float, float],
) -> Tube:
    """A tube from 1-based frames and pixels; frames with an empty box show no actor."""
    import numpy as np

    present = (corners[:, 2] > corners[:, 0]) & (corners[:, 3] > corners[:, 1])
    fractions = corners[present] / np.tile(size, 2)
    return Tube(
        label,
        tuple(int(frame) - 1 for frame in frames[present]),
        tuple((x1, y1, x2, y2) for x1, y1, x2, y2 in fractions.tolist()),
    )


def _pickle_splits(content: Mapping[str, Any], path: Path) -> dict[str, list[Split]]:
    """The splits of each video: those of the first fold, the only one there is."""
    splits: dict[str, list[Split]] = {}
    for split in SPLITS:
        folds = content[f"{split}_videos"]
        if not isinstance(folds, list) or not folds or not isinstance(folds[0], list):
            raise UserError(f"{split}_videos is not a list of folds", str(path), MEND)
        for name in folds[0]:
            if not isinstance(name, str) or "/" not in name:
                raise UserError(f"name {name!r} is not 'Class/video'", str(path), MEND)
            splits.setdefault(name, []).append(split)
    return splits
