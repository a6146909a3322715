"""A dataset adapter: from official annotation files to a table of records."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from severe_bench.core.frozen import Frozen
from severe_bench.core.record import Dataset
from severe_bench.core.registry import Registry
from severe_bench.core.session import Session
from severe_bench.data.expected import Expected

Options = TypeVar("Options", bound=Frozen)


@dataclass(frozen=True)
class Location:
    """Where a dataset lies on this machine.

    Args:
        root: folder of the videos, or None when it is not given.
        annotations: folder of the official files; the root itself where not given.
    """

    root: Path | None
    annotations: Path | None


@dataclass(frozen=True)
class Known:
    """What is known of a dataset before it is loaded, so that `plan` can hold cells against it.

    Where nobody can say something it is None, and is found out in the cell.

    Args:
        train: number of training records.
        classes: length of the class list.
        targets: what at least some records have: names of `core.extras`, and `LABEL`. Records of
            known length have `duration`, even where no extra says so.
        remarks: what may be meant and mostly is a slip, each in words.
    """

    train: int | None = None
    classes: int | None = None
    targets: frozenset[str] | None = None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Adapter(Generic[Options]):
    """Functions over one dataset's official files; none of them opens a video.

    Args:
        name: registry name.
        options: schema of the `options` block in the yaml.
        digest: over everything in options and annotation files that can change a number.
        problems: what is missing, in words, cheaply; empty when it can be loaded.
        load: the table; raises `UserError` naming file and line for damaged files.
        generate: makes the data in a folder, for worlds that can be made; None for real data.
            A dataset with `generate` gets a `dataset` cell; `load` then gets that cell's folder.
        modality: what the videos show.
        expected: counts of the complete official files under these options; None where no
            source states them.
        known: what is quickly known, with or without the files; raises as `load` does.
    """

    name: str
    options: type[Options]
    digest: Callable[[Options, Location], str]
    problems: Callable[[Options, Location], list[str]]
    load: Callable[[Options, Location], Dataset]
    generate: Callable[[Options, Session], None] | None = None
    modality: str = "rgb"
    expected: Callable[[Options], Expected | None] = lambda _: None
    known: Callable[[Options, Location], Known] = lambda _, __: Known()


ADAPTERS: Registry[Adapter[Frozen]] = Registry(
    "dataset adapter",
    {
        "procedural": "severe_bench.data.datasets.procedural:PROCEDURAL",
        "manifest": "severe_bench.data.datasets.manifest:MANIFEST",
        "ucf101": "severe_bench.data.datasets.ucf101:UCF101",
        "hmdb51": "severe_bench.data.datasets.hmdb51:HMDB51",
        "kinetics400": "severe_bench.data.datasets.kinetics400:KINETICS400",
        "mini_kinetics": "severe_bench.data.datasets.mini_kinetics:MINI_KINETICS",
        "ssv2": "severe_bench.data.datasets.ssv2:SSV2",
        "ntu60": "severe_bench.data.datasets.ntu60:NTU60",
        "gym99": "severe_bench.data.datasets.gym99:GYM99",
        "gym288": "severe_bench.data.datasets.gym288:GYM288",
        "gym_vault": "severe_bench.data.datasets.gym_vault:GYM_VAULT",
        "gym_floor": "severe_bench.data.datasets.gym_floor:GYM_FLOOR",
        "gym_fx_s1": "severe_bench.data.datasets.gym_fx_s1:GYM_FX_S1",
        "gym_ub_s1": "severe_bench.data.datasets.gym_ub_s1:GYM_UB_S1",
        "epic_kitchens_100": "severe_bench.data.datasets.epic_kitchens_100:EPIC_KITCHENS_100",
        "charades": "severe_bench.data.datasets.charades:CHARADES",
        "ava": "severe_bench.data.datasets.ava:AVA",
        "ucf101_24": "severe_bench.data.datasets.ucf101_24:UCF101_24",
        "ucfrep": "severe_bench.data.datasets.ucfrep:UCFREP",
        "diving48": "severe_bench.data.datasets.diving48:DIVING48",
        "finediving": "severe_bench.data.datasets.finediving:FINEDIVING",
    },
    group="severe_bench.datasets",
    of=Adapter,
)
