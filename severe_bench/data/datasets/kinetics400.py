"""Kinetics-400: 400 actions; validation is the test set. Form of the lists: `kinetics.py`."""

from severe_bench.core.frozen import Frozen
from severe_bench.core.record import SPLITS
from severe_bench.data.datasets.finding import Shelf
from severe_bench.data.datasets.kinetics import class_names, kinetics_files, read_clips, table_of
from severe_bench.data.datasets.official import Sources, Table, always, official_adapter
from severe_bench.data.expected import Counts, Expected


class Kinetics400Options(Frozen):
    """There is one split."""


def find(_: Kinetics400Options, shelf: Shelf) -> Sources:
    """The training and validation lists."""
    return kinetics_files(shelf)


def read(_: Kinetics400Options, sources: Sources) -> Table:
    """The labelled clips; the group is the source video."""
    clips = [clip for split in SPLITS for clip in read_clips(sources.files[split], split)]
    return table_of(clips, class_names(clips))


def expected(_: Kinetics400Options) -> Expected:
    """Classes only: videos vanish from the source, so lists differ in length between copies."""
    return Expected(
        "Kay et al. 2017 (400 classes); the number of clips differs between copies",
        {"train": Counts(classes=400), "test": Counts(classes=400)},
    )


KINETICS400 = official_adapter("kinetics400", Kinetics400Options, find, read, expected, always(400))
