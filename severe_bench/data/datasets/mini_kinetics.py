"""Mini-Kinetics-200: the 200 largest classes of Kinetics-400, 400 training clips of each.

Files: `train_ytid_list.txt` and `val_ytid_list.txt` (one YouTube id per line), beside the lists of
Kinetics-400, which give the labels. Class ids are alphabetical among the 200.
"""

from collections.abc import Mapping

from severe_bench.core.errors import UserError
from severe_bench.core.frozen import Frozen
from severe_bench.core.record import SPLITS
from severe_bench.data.datasets.finding import Shelf
from severe_bench.data.datasets.kinetics import Clip, kinetics_files, read_clips, table_of
from severe_bench.data.datasets.official import Sources, Table, always, official_adapter
from severe_bench.data.datasets.reading import Line, Once, read_lines
from severe_bench.data.expected import Counts, Expected


class MiniKineticsOptions(Frozen):
    """There is one split."""


def find(_: MiniKineticsOptions, shelf: Shelf) -> Sources:
    """The two lists of ids and the two lists of Kinetics-400."""
    ids = {
        "train_ids": shelf.one("train_ytid_list.txt"),
        "test_ids": shelf.one("val_ytid_list.txt"),
    }
    return Sources({**ids, **kinetics_files(shelf).files})


def read(_: MiniKineticsOptions, sources: Sources) -> Table:
    """The clips of the lists of ids, in their order, with the labels of Kinetics-400."""
    chosen: list[Clip] = []
    for split in SPLITS:
        clips = {clip.video: clip for clip in read_clips(sources.files[split], split)}
        once = Once("video")
        for line in read_lines(sources.files[f"{split}_ids"]):
            once.add(line.text, line.where)
            chosen.append(_labelled(line, clips))
    classes = tuple(sorted({clip.action for clip in chosen}))
    return table_of(chosen, classes)


def expected(_: MiniKineticsOptions) -> Expected:
    """Counts of the published lists."""
    return Expected(
        "Xie et al., arXiv:1712.04851: 400 and 25 clips per class",
        {"train": Counts(80000, 200), "test": Counts(5000, 200)},
    )


def _labelled(line: Line, clips: Mapping[str, Clip]) -> Clip:
    if line.text not in clips:
        mend = "use lists of Kinetics-400 that are complete"
        raise UserError(f"the list of Kinetics-400 has no video {line.text!r}", line.where, mend)
    return clips[line.text]


MINI_KINETICS = official_adapter(
    "mini_kinetics", MiniKineticsOptions, find, read, expected, always(200)
)
