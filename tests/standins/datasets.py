"""Every dataset of the SEVERE study in miniature: official annotation files and tiny films.

`build(root)` writes folders as `SEVERE_DATA` expects them. Each writer is independent of the
adapters: names and forms are those of the official releases.
"""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.io import savemat

from tests.data.datasets.files import write
from tests.standins.films import place

TRAIN, TEST = 4, 2
"""Videos of each class."""
UCF = ("BenchPress", "Biking", "SkateBoarding")
TUBE = np.dtype([("ef", "O"), ("sf", "O"), ("class", "O"), ("boxes", "O")])
VIDEO = np.dtype([("num_imgs", "O"), ("name", "O"), ("tubes", "O")])


def ucf_names(action: str) -> tuple[list[str], list[str]]:
    """Training and test clips of a class; as the first groups are test."""
    train = [f"v_{action}_g{8 + n:02d}_c01" for n in range(TRAIN)]
    return train, [f"v_{action}_g{n + 1:02d}_c01" for n in range(TEST)]


def ucf101(root: Path, store: Path) -> None:
    folder, train, test = root / "ucf101", "", ""
    for kind, action in enumerate(UCF):
        here = ucf_names(action)
        train += "".join(f"{action}/{name}.avi {kind + 1}\n" for name in here[0])
        test += "".join(f"{action}/{name}.avi\n" for name in here[1])
        extra = [f"v_{action}_g{21 + n}_c01" for n in range(TEST)]  # UCFRep's test groups
        train += "".join(f"{action}/{name}.avi {kind + 1}\n" for name in extra)
        for name in (*here[0], *here[1], *extra):
            place(store, folder / "UCF-101" / action / f"{name}.avi", kind)
    classes = "".join(f"{n + 1} {action}\n" for n, action in enumerate(UCF))
    write(
        folder / "ucfTrainTestlist",
        {"classInd.txt": classes, "trainlist01.txt": train, "testlist01.txt": test},
    )


def ucf101_24(root: Path, store: Path) -> None:
    """`finalAnnots.mat` as MATLAB writes it, and UCF101's lists; 24 class ids from 1."""
    labels = {"Biking": 3, "SkateBoarding": 16}
    names = [(action, name) for action in labels for part in ucf_names(action) for name in part]
    annot = np.empty((1, len(names)), dtype=VIDEO)
    for number, (action, name) in enumerate(names):
        left = np.arange(20) * 4
        boxes = np.stack([left, np.full(20, 20), np.full(20, 90), np.full(20, 80)], axis=1)
        tubes = np.empty((1, 1), dtype=TUBE)
        tubes[0, 0] = (24.0, 5.0, float(labels[action]), boxes.astype(np.uint16))
        annot[0, number] = (40.0, f"{action}/{name}", tubes)
    folder = root / "ucf101_24"
    folder.mkdir(parents=True)
    savemat(folder / "finalAnnots.mat", {"annot": annot})
    lists = {}
    for split, part in (("train", 0), ("test", 1)):
        lines = [f"{a}/{name}.avi" for a in labels for name in ucf_names(a)[part]]
        lists[f"{split}list01.txt"] = "\n".join(lines)
    write(folder, lists)


def ucfrep(root: Path, store: Path) -> None:
    """One MATLAB struct for each video: boundaries of the repetitions, 1-based."""
    for split, groups in (("train", range(8, 8 + TRAIN)), ("val", range(21, 21 + TEST))):
        for action in UCF[:2]:
            for number, group in enumerate(groups):
                bounds = np.arange(1, 38, 9 + 3 * (number % 2), dtype=np.uint8).reshape(-1, 1)
                path = root / "ucfrep" / "annotations" / split / f"v_{action}_g{group:02d}_c01.mat"
                path.parent.mkdir(parents=True, exist_ok=True)
                label = {
                    "duration": 40.0,
                    "start_frame": 1.0,
                    "end_frame": 40.0,
                    "temporal_bound_num": float(len(bounds)),
                    "temporal_bound": bounds,
                }
                savemat(path, {"label": label})


def hmdb51(root: Path, store: Path) -> None:
    folder, files = root / "hmdb51", {}
    for kind, action in enumerate(("brush_hair", "wave")):
        lines = []
        for number in range(TRAIN + TEST + 1):
            name = f"film{number}_{action}_u_nm_np1_ba_goo_{number}.avi"
            use = 1 if number < TRAIN else 2 if number < TRAIN + TEST else 0
            lines.append(f"{name} {use} ")
            place(store, folder / action / name, kind)
        for fold in (1, 2, 3):
            files[f"testTrainMulti_7030_splits/{action}_test_split{fold}.txt"] = "\n".join(lines)
    write(folder, files)


def kinetics400(root: Path, store: Path) -> None:
    folder, tables = root / "kinetics400", {}
    for split, count, name in (("train", TRAIN, "train"), ("validate", TEST, "val")):
        lines = ["label,youtube_id,time_start,time_end,split,is_cc"]
        for kind, action in enumerate(("abseiling", "playing guitar")):
            for number in range(count):
                clip = f"{split}-{kind}_{number}"
                lines.append(f'"{action}",{clip},{number},{number + 10},{split},0')
                where = f"{name}/{action}/{clip}_{number:06d}_{number + 10:06d}.mp4"
                place(store, folder / where, kind)
        tables[f"kinetics_400_{name}.csv"] = "\n".join(lines)
    write(folder, tables)


def ssv2(root: Path, store: Path) -> None:
    folder, number = root / "ssv2", 100
    templates = ("Holding [something]", "Pushing [something] left", "Moving [something] up")
    splits: dict[str, list[dict[str, object]]] = {"train": [], "validation": []}
    for kind, template in enumerate(templates):
        for split, count in (("train", TRAIN), ("validation", TEST)):
            for _ in range(count):
                number += 1
                entry = {"id": str(number), "label": "x", "template": template,
                         "placeholders": ["a cup"]}  # fmt: skip
                splits[split].append(entry)
                video = folder / "20bn-something-something-v2" / f"{number}.webm"
                place(store, video, kind, frames=24, rate=12)
    names = {t.replace("[", "").replace("]", ""): str(n) for n, t in enumerate(templates)}
    write(
        folder,
        {
            "labels/labels.json": json.dumps(names),
            "labels/train.json": json.dumps(splits["train"]),
            "labels/validation.json": json.dumps(splits["validation"]),
            "labels/test.json": '[{"id": "1"}]',
        },
    )


def ntu60(root: Path, store: Path) -> None:
    """The official files are the names: persons 1 and 2 train, 3 and 6 test."""
    for action in (1, 2, 3):
        persons = [(1, r) for r in range(1, 4)] + [(2, 1), (3, 1), (6, 1)]
        for person, repetition in persons:
            name = f"S001C001P{person:03d}R{repetition:03d}A{action:03d}_rgb.avi"
            place(store, root / "ntu60" / "nturgb+d_rgb" / name, action)


def finegym(root: Path, store: Path) -> None:
    """Lists of Gym-99 and Gym-288; ids of Vault, FX-S1, the rest of Floor, and UB-S1."""
    folder, files = root / "finegym", {}
    labels = (0, 5, 6, 16, 17, 74, 88)
    for split, count in (("train", TRAIN), ("val", TEST)):
        lines = []
        for kind, label in enumerate(labels):
            for number in range(count):
                start = kind * 100 + number * 10
                clip = f"{split}Video{kind}_E_000010_000900_A_{start:04d}_{start + 5:04d}"
                lines.append(f"{clip} {label}")
                place(store, folder / "clips" / f"{clip}.mp4", kind)
        files[f"gym99_{split}_element_v1.0.txt"] = "\n".join(lines)
        files[f"gym288_{split}_element_v1.0.txt"] = "\n".join(lines)
    write(folder, files)


EK_HEADER = (
    "narration_id,participant_id,video_id,narration_timestamp,start_timestamp,stop_timestamp,"
    "start_frame,stop_frame,narration,verb,verb_class,noun,noun_class,all_nouns,all_noun_classes"
)


def epic_kitchens_100(root: Path, store: Path) -> None:
    """Ranges of long videos, each a verb and a noun."""
    folder = root / "epic_kitchens_100"
    tables = {}
    for split, person, count in (("train", "P01", 8), ("validation", "P02", 4)):
        lines = [EK_HEADER]
        for number in range(count):
            video = f"{person}_0{1 + number % 2}"
            start, stop = f"00:00:0{number % 4}.00", f"00:00:0{number % 4 + 2}.50"
            verb, noun = number % 2, number % 3
            lines.append(
                f'{video}_{number},{person},{video},00:00:00.560,{start},{stop},8,202,"open, then",'
                f'open,{verb},door,{noun},"[\'door\']","[{noun}]"'
            )
        tables[f"EPIC_100_{split}.csv"] = "\n".join(lines)
        for number in (1, 2):
            video = folder / person / "videos" / f"{person}_0{number}.MP4"
            place(store, video, number, frames=140)
    head = "id,key,instances,category\n"
    tables["EPIC_100_verb_classes.csv"] = head + "".join(f"{i},v{i},\"['a']\",c\n" for i in (0, 1))
    nouns = "".join(f"{i},n{i},\"['a']\",c\n" for i in (0, 1, 2))
    tables["EPIC_100_noun_classes.csv"] = head + nouns
    write(folder, tables)


def diving48(root: Path, store: Path) -> None:
    folder = root / "diving48"
    vocabulary = [["Back", "15som", "05Twis", "FREE"], ["Forward", "25som", "NoTwis", "PIKE"]]
    files = {"Diving48_vocab.json": json.dumps(vocabulary)}
    for split, count in (("train", TRAIN), ("test", TEST)):
        dives = []
        for kind in range(2):
            for number in range(count):
                name = f"{split}{kind}_{number:05d}"
                dives.append({"vid_name": name, "label": kind, "start_frame": 0, "end_frame": 40})
                place(store, folder / "rgb" / f"{name}.mp4", kind)
        files[f"Diving48_V2_{split}.json"] = json.dumps(dives)
    write(folder, files)


CHARADES_HEADER = (
    "id,subject,scene,quality,relevance,verified,script,objects,descriptions,actions,length"
)


def charades(root: Path, store: Path) -> None:
    """Several actions of each video with their times; one video has none."""
    folder = root / "charades"
    classes = "c000 Holding some clothes\nc001 Putting clothes somewhere\nc002 Taking a cup\n"
    files = {"Charades_v1_classes.txt": classes}
    actions = ("c000 0.00 9.00;c001 4.00 12.00", "c001 1.00 6.00", "c002 0.00 13.00", "")
    for split, count in (("train", 8), ("test", 4)):
        lines = [CHARADES_HEADER]
        for number in range(count):
            name = f"{split[:2].upper()}{number:03d}"
            what = actions[number % len(actions)]
            lines.append(f'{name},AB{number},Kitchen,6,7,Yes,"one, two",cup,z,{what},14.0')
            place(store, folder / "Charades_v1_480" / f"{name}.mp4", number % 4, frames=280)
        files[f"Charades_v1_{split}.csv"] = "\n".join(lines)
    write(folder, files)


def ava(root: Path, store: Path) -> None:
    """Key frames from second 902 on, of films with one frame per second."""
    folder = root / "ava"
    names = ("bend", "crouch", "stand", *(f"action {n}" for n in range(4, 81)))
    labels = "".join(
        f'label {{\n  name: "{name}"\n  label_id: {n + 1}\n  label_type: PERSON_MOVEMENT\n}}\n'
        for n, name in enumerate(names)
    )
    files = {"ava_action_list_v2.2.pbtxt": labels}
    for split, count in (("train", 4), ("val", 2)):
        film, boxes, found = f"{split}Film", [], []
        for number in range(count):
            second = f"{902 + number:04d}"
            for person, action in ((1, 1 + number % 3), (2, 3)):
                left = 0.1 + 0.4 * (person - 1)
                box = f"{left:.3f},0.200,{left + 0.35:.3f},0.800"
                boxes.append(f"{film},{second},{box},{action},{person}")
                found.append(f"{film},{second},{box},,0.9{person}")
        files[f"ava_{split}_v2.2.csv"] = "\n".join(boxes)
        files[f"ava_{split}_excluded_timestamps_v2.2.csv"] = f"{film},0999\n"
        files[f"ava_detection_{split}_boxes_and_labels.csv"] = "\n".join(found)
        place(store, folder / f"{film}.mp4", count % 3, frames=912, rate=1)
    write(folder, files)


WRITERS: tuple[Callable[[Path, Path], None], ...] = (
    ucf101, ucf101_24, ucfrep, hmdb51, kinetics400, ssv2, ntu60, finegym, epic_kitchens_100,
    diving48, charades, ava,
)  # fmt: skip


def build(root: Path) -> Path:
    """All of them below `root`, which comes back."""
    for writer in WRITERS:
        writer(root, root.parent / "films")
    return root
