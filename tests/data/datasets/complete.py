"""Complete official annotation files of every dataset, of the official size where one is known."""

import json
import pickle
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from pathlib import Path

import numpy as np
from scipy.io import savemat

from severe_bench.data.datasets.ntu60 import TRAIN_PERSONS
from severe_bench.data.datasets.ucf101_24 import CLASSES
from tests.data.datasets import test_ava, test_charades, test_epic_kitchens_100
from tests.data.datasets.files import write
from tests.data.datasets.test_ucf101_24 import annotations
from tests.data.datasets.test_ucfrep import mat


@dataclass(frozen=True)
class Official:
    """How a dataset's files are written, and spoilt.

    Args:
        write: all of them into a folder.
        train: the file with training records, relative to the folder.
        shorter: the content of that file with one training record less.
        damaged: the content of that file with something that it cannot say.
    """

    write: Callable[[Path], object]
    train: str
    shorter: Callable[[bytes], bytes]
    damaged: Callable[[bytes], bytes]


def last_line_lost(content: bytes) -> bytes:
    return content.rstrip(b"\n").rpartition(b"\n")[0] + b"\n"


def first_line_broken(content: bytes, line: bytes = b"!!\n") -> bytes:
    return line + content


def second_line_broken(content: bytes, line: bytes = b"!!\n") -> bytes:
    head, _, rest = content.partition(b"\n")
    return head + b"\n" + line + rest


def last_entry_lost(content: bytes) -> bytes:
    return json.dumps(json.loads(content)[:-1]).encode()


def end_lost(content: bytes) -> bytes:
    return content[:-20]


def labels(count: int, classes: Iterable[int]) -> Iterable[int]:
    return islice(cycle(classes), count)


def lines(texts: Iterable[str]) -> str:
    return "".join(f"{text}\n" for text in texts)


def text_lists(writer: Callable[[Path], object], train: str, broken: bytes) -> Official:
    return Official(writer, train, last_line_lost, partial(first_line_broken, line=broken))


def ucf101(folder: Path) -> None:
    names = [f"Act{label:03d}" for label in range(101)]

    def videos(count: int, group: int) -> str:
        numbered = enumerate(labels(count, range(101)))
        return lines(
            f"{names[k]}/v_{names[k]}_g{group:02d}_c{n // 101:02d}.avi" for n, k in numbered
        )

    index = lines(f"{n} {name}" for n, name in enumerate(names, start=1))
    train, test = videos(9537, 8), videos(3783, 1)
    write(folder, {"classInd.txt": index, "trainlist01.txt": train, "testlist01.txt": test})


def hmdb51(folder: Path) -> None:
    marks = [1] * 70 + [2] * 30 + [0]
    for label in range(51):
        text = lines(
            f"film{n}_act{label:02d}_f_cm_np1_ba_goo_{n}.avi {m}" for n, m in enumerate(marks)
        )
        write(folder / "splits", {f"act{label:02d}_test_split1.txt": text})


def gym(folder: Path, of: str, counts: Mapping[tuple[int, int], tuple[int, int]]) -> None:
    """Lists with so many training and validation clips in each range of classes."""
    for split, place in (("train", 0), ("val", 1)):
        chosen = [k for (a, b), n in counts.items() for k in labels(n[place], range(a, b))]
        text = lines(
            f"{split}video_E_002184_002237_A_{n:05d}_{n + 5:05d} {k}" for n, k in enumerate(chosen)
        )
        write(folder, {f"{of}_{split}_v1.0.txt": text})


PARTS = {
    "gym_vault": {(0, 6): (1074, 446)},
    "gym_fx_s1": {(6, 17): (1882, 777)},
    "gym_floor": {(6, 41): (5385, 2226)},
    "gym_ub_s1": {(74, 89): (3511, 1471)},
    "gym99": {(0, 99): (20484, 8521)},
}
"""Clips of FineGym's training and validation lists by range of classes."""


def gym288(folder: Path) -> None:
    """Class 138 has no training clip."""
    gym(folder, "gym288", {(0, 138): (10000, 4000), (138, 139): (0, 1), (139, 288): (12671, 5645)})


def kinetics(folder: Path, classes: int, train: int, test: int) -> None:
    for name, count in (("train", train), ("val", test)):
        chosen = enumerate(labels(count, range(classes)))
        text = lines(f"action {k:03d},{name}{n:07d},{n % 9},{n % 9 + 10},x" for n, k in chosen)
        head = "label,youtube_id,time_start,time_end,split\n"
        write(folder, {f"kinetics_400_{name}.csv": head + text})


def mini_kinetics(folder: Path) -> None:
    kinetics(folder, 200, 80000, 5000)
    for name, count in (("train", 80000), ("val", 5000)):
        write(folder, {f"{name}_ytid_list.txt": lines(f"{name}{n:07d}" for n in range(count))})


def ssv2(folder: Path) -> None:
    templates = [f"Doing [something] {k}" for k in range(174)]
    ids = {t.replace("[", "").replace("]", ""): str(k) for k, t in enumerate(templates)}

    def entries(count: int, first: int) -> list[dict[str, str]]:
        chosen = enumerate(labels(count, range(174)))
        return [{"id": str(first + n), "template": templates[k]} for n, k in chosen]

    content = {"labels": ids, "train": entries(168913, 1), "validation": entries(24777, 200000)}
    write(folder, {f"{name}.json": json.dumps(value) for name, value in content.items()})


def ntu60(folder: Path) -> None:
    persons: dict[str, list[int]] = {"train": sorted(TRAIN_PERSONS)}
    persons["test"] = [p for p in range(1, 41) if p not in TRAIN_PERSONS]
    for split, count in (("train", 40320), ("test", 16560)):
        chosen = enumerate(labels(count, range(60)))
        codes = (
            (n // 60 // 20 // 3 % 17 + 1, n // 60 // 20 % 3 + 1, persons[split][n // 60 % 20], k, n)
            for n, k in chosen
        )
        text = lines(
            f"a/S{s:03d}C{c:03d}P{p:03d}R{n // 61200 + 1:03d}A{k + 1:03d}_rgb.avi"
            for s, c, p, k, n in codes
        )
        write(folder, {f"{split}list01.txt": text})


def epic(folder: Path) -> None:
    row = test_epic_kitchens_100.row
    names = {"verb": 97, "noun": 300}
    for kind, count in names.items():
        text = "id,key\n" + lines(f"{n},{kind}{n}" for n in range(count))
        write(folder, {f"EPIC_100_{kind}_classes.csv": text})
    for name, count, video in (("train", 67217, "P01_01"), ("validation", 9668, "P02_101")):
        rows = "".join(row(f"{video}_{n}", n % 97, n % 300) for n in range(count))
        write(folder, {f"EPIC_100_{name}.csv": test_epic_kitchens_100.HEADER + rows})


def charades(folder: Path) -> None:
    classes = lines(f"c{k:03d} Doing {k}" for k in range(157))
    write(folder, {"Charades_v1_classes.txt": classes})
    for name, count in (("train", 7985), ("test", 1863)):
        chosen = enumerate(labels(count, range(157)))
        rows = lines(f"{name}{n},S,Home,6,7,Yes,x,y,z,c{k:03d} 1.0 2.5,9.0" for n, k in chosen)
        write(folder, {f"Charades_v1_{name}.csv": test_charades.HEADER + rows})


def ava(folder: Path) -> None:
    test_ava.official(folder)


def ucf101_24(folder: Path) -> None:
    box = np.array([[32, 24, 64, 48]], dtype=np.uint16)
    train = {f"{name}/v_{name}_g08_c01": [(2, 1, k, box)] for k, name in enumerate(CLASSES, 1)}
    test = {f"{name}/v_{name}_g01_c01": [(2, 1, k, box)] for k, name in enumerate(CLASSES, 1)}
    annotations(folder, {**train, **test})
    write(folder, {"trainlist01.txt": lines(train), "testlist01.txt": lines(test)})


def ucfrep(folder: Path) -> None:
    """One file with content, copied under every name."""
    mat(folder / "one.mat", [1, 38, 76, 112])
    content = (folder / "one.mat").read_bytes()
    (folder / "one.mat").unlink()
    for split, count, groups in (("train", 421, range(1, 21)), ("val", 105, range(21, 26))):
        names = [f"v_Act{n:02d}_g{g:02d}_c01" for n in range(23) for g in groups][:count]
        write(folder / "annotations", {f"{split}/{name}.mat": content for name in names})


def diving48(folder: Path) -> None:
    classes = [k for k in range(48) if k != 30]
    vocabulary = [["Back", str(k), "x", ""] for k in range(48)]
    write(folder, {"Diving48_vocab.json": json.dumps(vocabulary)})
    for name, count in (("train", 15027), ("test", 1970)):
        chosen = enumerate(labels(count, classes))
        dives = [{"vid_name": f"{name}_{n:05d}", "label": k} for n, k in chosen]
        write(folder, {f"Diving48_V2_{name}.json": json.dumps(dives)})


def finediving(folder: Path) -> None:
    dives = {("Cup", n): [f"{100 + n % 52}B", 80.0, 3.0] for n in range(3000)}
    split = {"train": list(dives)[:2250], "test": list(dives)[2250:]}
    content = {f"{name}_split.pkl": pickle.dumps(pairs) for name, pairs in split.items()}
    write(folder, {**content, "fine-grained_annotation_aqa.pkl": pickle.dumps(dives)})


def manifest(folder: Path) -> None:
    rows = lines(f"{s}{n}.mp4,act{n % 3},{s}" for s in ("train", "test") for n in range(9))
    write(folder, {"annotations.csv": "path,label,split\n" + rows})


def no_struct(content: bytes) -> bytes:
    from io import BytesIO

    other = BytesIO()
    savemat(other, {"other": 1})
    return other.getvalue()


CSV_DAMAGED = second_line_broken
GYM = {
    name: text_lists(
        partial(gym, of="gym99", counts=counts), "gym99_train_v1.0.txt", b"no_clip 5\n"
    )
    for name, counts in PARTS.items()
}
OFFICIAL: dict[str, Official] = {
    "ucf101": text_lists(ucf101, "trainlist01.txt", b"NoSuchClass/v_x.avi\n"),
    "hmdb51": Official(
        hmdb51,
        "splits/act00_test_split1.txt",
        lambda content: content.split(b"\n", 1)[1],
        partial(first_line_broken, line=b"a.avi 7\n"),
    ),
    "kinetics400": Official(
        partial(kinetics, classes=400, train=800, test=400),
        "kinetics_400_train.csv",
        last_line_lost,
        partial(CSV_DAMAGED, line=b"a,b,late,10\n"),
    ),
    "mini_kinetics": text_lists(mini_kinetics, "train_ytid_list.txt", b"unheard_of\n"),
    "ssv2": Official(ssv2, "train.json", last_entry_lost, end_lost),
    "ntu60": text_lists(ntu60, "trainlist01.txt", b"S001.avi\n"),
    **GYM,
    "gym288": text_lists(gym288, "gym288_train_v1.0.txt", b"no_clip 5\n"),
    "epic_kitchens_100": Official(
        epic, "EPIC_100_train.csv", last_line_lost, partial(CSV_DAMAGED, line=b"P01_01_0,P01\n")
    ),
    "charades": Official(
        charades, "Charades_v1_train.csv", last_line_lost, partial(CSV_DAMAGED, line=b"AAAAA,x\n")
    ),
    "ava": Official(
        ava, "ava/ava_train_v2.2.csv", last_line_lost, partial(first_line_broken, line=b"a,b\n")
    ),
    "ucf101_24": Official(ucf101_24, "finalAnnots.mat", no_struct, end_lost),
    "ucfrep": Official(ucfrep, "annotations/train/v_Act00_g01_c01.mat", lambda _: b"", no_struct),
    "diving48": Official(diving48, "Diving48_V2_train.json", last_entry_lost, end_lost),
    "finediving": Official(finediving, "train_split.pkl", end_lost, end_lost),
    "manifest": Official(
        manifest,
        "annotations.csv",
        last_line_lost,
        partial(CSV_DAMAGED, line=b"a.mp4,act0,trian\n"),
    ),
}
COUNTED = {
    "ucf101", "hmdb51", "mini_kinetics", "ssv2", "ntu60", *GYM, "gym288", "epic_kitchens_100",
    "charades", "diving48",
}  # fmt: skip
"""Whose number of training records is known, so that one less is seen."""
