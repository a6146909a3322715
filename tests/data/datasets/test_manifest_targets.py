"""Targets of every task in a manifest of one's own."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from severe_bench.core.extras import (
    BOXES,
    COUNT,
    DURATION,
    KEY_TIME,
    LABELS,
    NOUN,
    PROPOSALS,
    SPANS,
    STARTS,
    STOP,
    TUBES,
    VERB,
    Box,
    Proposal,
    Span,
    Tube,
)
from severe_bench.core.record import Dataset
from tests.data.datasets.files import digest, fault, load, problems, write


def dataset(folder: Path, table: str, **files: str) -> Dataset:
    named = {
        f"{name}.{'jsonl' if name == 'boxes' else 'txt'}": text for name, text in files.items()
    }
    return load("manifest", write(folder, {"annotations.csv": table, **named}), folder)


def broken(folder: Path, table: str, **files: str) -> str:
    named = {
        f"{name}.{'jsonl' if name == 'boxes' else 'txt'}": text for name, text in files.items()
    }
    text = fault("manifest", write(folder, {"annotations.csv": table, **named}), folder)
    return text.removeprefix(f"{folder}/")


# -------------------------------------------------------------------------- labels and spans


def test_several_labels(tmp_path: Path) -> None:
    made = dataset(tmp_path, "path,label,split,labels\na.mp4,,train,run; jump;run\nb.mp4,,test,\n")
    assert made.classes == ("jump", "run")
    assert [LABELS.of(record) for record in made.records] == [(0, 1), ()]
    assert made.records[0].label is None


def test_labels_by_id_beside_a_class_list(tmp_path: Path) -> None:
    table = "path,label,split,labels\na.mp4,2,train,2;run\n"
    made = dataset(tmp_path, table, classes="run\njump\nfly\n")
    assert LABELS.of(made.records[0]) == (0, 2)
    assert made.records[0].label == 2


def test_spans_and_the_labels_that_follow_from_them(tmp_path: Path) -> None:
    table = (
        "path,label,split,duration,spans\n"
        "a.mp4,,train,10,run@1.0-2.5;jump@2-9.25;run@9.5-10\n"
        "b.mp4,,test,4.5,\n"
        "c.mp4,,test,,far @home@0-.5\n".replace("0-.5", "0-0.5")
    )
    made = dataset(tmp_path, table)
    assert made.classes == ("far @home", "jump", "run")
    first, second, third = made.records
    assert SPANS.of(first) == (Span(2, 1.0, 2.5), Span(1, 2.0, 9.25), Span(2, 9.5, 10.0))
    assert LABELS.of(first) == (1, 2)
    assert (SPANS.of(second), LABELS.of(second), DURATION.of(second)) == ((), (), 4.5)
    assert SPANS.of(third) == (Span(0, 0.0, 0.5),)
    assert "duration" not in third.extras


def test_labels_beside_spans_are_taken_as_they_are(tmp_path: Path) -> None:
    table = "path,label,split,labels,spans\na.mp4,,train,run;jump,run@1-2\n"
    assert LABELS.of(dataset(tmp_path, table).records[0]) == (0, 1)


SPANNED = "path,label,split,duration,spans\n"


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ("10,run", "annotations.csv:2: span 'run' is not name@start-end in seconds; write it like"),
        ("10,run@1-2;@1-2", "annotations.csv:2: span '@1-2' is not name@start-end"),
        ("10,run@-1-2", "annotations.csv:2: span 'run@-1-2' is not name@start-end"),
        ("10,run@1-nan", "annotations.csv:2: span 'run@1-nan' is not name@start-end"),
        ("10,run@2-2", "annotations.csv:2: span 'run@2-2' does not end after its start"),
        ("10,run@2-10.5", "annotations.csv:2: span 'run@2-10.5' ends after the video's duration"),
        ("long,run@2-3", "annotations.csv:2: duration 'long' is not a time"),
    ],
)
def test_faults_of_spans(tmp_path: Path, cells: str, message: str) -> None:
    assert broken(tmp_path, f"{SPANNED}a,,train,{cells}\n").startswith(message)


def test_an_unknown_class_in_a_span_or_in_labels_is_named(tmp_path: Path) -> None:
    found = broken(tmp_path, f"{SPANNED}a,,train,9,rnu@1-2\n", classes="run\njump\n")
    assert found.startswith("annotations.csv:2: unknown label 'rnu'; did you mean run?")
    table = "path,label,split,labels\na,,train,run;5\n"
    assert "unknown label '5'" in broken(tmp_path, table, classes="run\njump\n")


# ------------------------------------------------------------------------------ verbs and nouns


def test_verbs_and_nouns_have_vocabularies_of_their_own(tmp_path: Path) -> None:
    table = (
        "path,label,split,verb,noun\na,take cup,train,take,cup\nb,,test,put,\nc,,test,take,lid\n"
    )
    made = dataset(tmp_path, table)
    assert made.vocabularies == {"verb": ("put", "take"), "noun": ("cup", "lid")}
    assert [VERB.of(record) for record in made.records] == [1, 0, 1]
    assert NOUN.of(made.records[2]) == 1
    assert "noun" not in made.records[1].extras
    assert made.classes == ("take cup",)


def test_lists_fix_their_order(tmp_path: Path) -> None:
    table = "path,label,split,verb\na,,train,take\nb,,train,2\n"
    made = dataset(tmp_path, table, verbs="take\nput\nopen\n", nouns="cup\n")
    assert made.vocabularies == {"verb": ("take", "put", "open")}
    assert [VERB.of(record) for record in made.records] == [0, 2]
    found = broken(tmp_path, table + "c,,train,tkae\n", verbs="take\nput\nopen\n")
    assert found.startswith("annotations.csv:4: unknown verb 'tkae'; did you mean take?")
    assert broken(tmp_path, table, verbs="a\nb\na\n").startswith("verbs.txt:3: verb 'a' occurs")


def test_a_dataset_without_them_has_no_vocabularies(tmp_path: Path) -> None:
    assert dataset(tmp_path, "path,label,split\na,b,train\n").vocabularies == {}


# ---------------------------------------------------------------------------------- repetitions

COUNTED = "path,label,split,count,starts,stop\n"


def test_repetitions(tmp_path: Path) -> None:
    made = dataset(
        tmp_path, f"{COUNTED}a,,train,3,0;12;25,37\nb,,train,,7,9\nc,,test,4,,\nd,,test,,,\n"
    )
    first, second, third, fourth = made.records
    assert (COUNT.of(first), STARTS.of(first), STOP.of(first)) == (3, (0, 12, 25), 37)
    assert (COUNT.of(second), STARTS.of(second), STOP.of(second)) == (1, (7,), 9)
    assert third.extras == {"count": 4}
    assert fourth.extras == {}


def test_a_count_without_starts_is_a_column_like_any_other(tmp_path: Path) -> None:
    made = dataset(tmp_path, "path,label,split,count\na,,train,0.5\nb,,train,3\n")
    assert [record.extras for record in made.records] == [{"count": 0.5}, {"count": 3}]


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ("2,0;12;25,37", "count 2 does not agree with 3 starts"),
        ("0,,", "count is 0, not at least 1"),
        ("1.5,,", "count '1.5' is not a whole number; count frames from 0"),
        (",0;12,", "starts and stop need each other"),
        (",,12", "starts and stop need each other"),
        (",0;12;12,37", "frame 12 does not come after 12"),
        (",0;12;25,25", "frame 25 does not come after 25"),
        (",0;-4,7", "starts '-4' is not a whole number"),
        (",0;4,7.5", "stop '7.5' is not a whole number"),
    ],
)
def test_faults_of_repetitions(tmp_path: Path, cells: str, message: str) -> None:
    found = broken(tmp_path, f"{COUNTED}a,,train,,3,9\nb,,train,{cells}\n")
    assert found.startswith(f"annotations.csv:3: {message}")


# ---------------------------------------------------------------------------------------- boxes

KEYED = "sample,path,label,split,group,key_time\nv@1,v.mp4,,train,v,1.5\nv@2,w.mp4,,test,v,\n"


def test_boxes_and_proposals_at_a_key_time(tmp_path: Path) -> None:
    line = {
        "sample": "v@1",
        "boxes": [
            {"box": [0.1, 0.2, 0.5, 1], "labels": ["walk", "hold", "walk"], "person": 7},
            {"box": [0, 0, 0.5, 0.5], "labels": []},
        ],
        "proposals": [{"box": [0.1, 0.2, 0.6, 0.9], "score": 0.93}],
    }
    made = dataset(tmp_path, KEYED, boxes=f"{json.dumps(line)}\n\n")
    first, second = made.records
    assert made.classes == ("hold", "walk")
    assert KEY_TIME.of(first) == 1.5
    assert BOXES.of(first) == (Box(0.1, 0.2, 0.5, 1.0, (0, 1), "7"), Box(0, 0, 0.5, 0.5, ()))
    assert PROPOSALS.of(first) == (Proposal(0.1, 0.2, 0.6, 0.9, 0.93),)
    assert second.extras == {}


def test_tubes(tmp_path: Path) -> None:
    corners = [[0.1, 0.2, 0.3, 0.4], [0.2, 0.2, 0.4, 0.4]]
    line = {"sample": "a.mp4", "tubes": [{"label": "run", "frames": [3, 5], "boxes": corners}]}
    made = dataset(tmp_path, "path,label,split\na.mp4,run,train\n", boxes=json.dumps(line))
    boxes = ((0.1, 0.2, 0.3, 0.4), (0.2, 0.2, 0.4, 0.4))
    assert TUBES.of(made.records[0]) == (Tube(0, (3, 5), boxes),)


def tube(**changes: object) -> Mapping[str, object]:
    good = {"label": "run", "frames": [0, 1], "boxes": [[0, 0, 1, 1], [0, 0, 1, 1]]}
    return {"sample": "v@1", "tubes": [good | changes]}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "is not JSON"),
        ([], "is not a JSON object"),
        ({}, "sample: Field required"),
        ({"sample": "w"}, "sample 'w' is not in the manifest; use its `sample`, or its path"),
        ({"sample": "v@1", "box": []}, "box: Extra inputs are not permitted"),
        (
            {"sample": "v@1", "boxes": [{"box": [0.5, 0, 0.5, 1], "labels": []}]},
            "boxes.0.box: [0.5, 0.0, 0.5, 1.0] is not x1 < x2, y1 < y2 in fractions of the frame",
        ),
        ({"sample": "v@1", "boxes": [{"box": [0, 0, 112, 96], "labels": []}]}, "boxes.0.box: [0"),
        ({"sample": "v@1", "boxes": [{"box": [0, 0, 1], "labels": []}]}, "boxes.0.box.3: Field"),
        ({"sample": "v@1", "boxes": [{"box": [0, 0, 1, 1]}]}, "boxes.0.labels: Field required"),
        ({"sample": "v@1", "proposals": [{"box": [0, 0, 1, 1], "score": 93}]}, "proposals.0.score"),
        (tube(frames=[0]), "tubes.0: 2 boxes for 1 frames"),
        (tube(frames=[1, 0]), "tubes.0: its frames do not rise"),
        (tube(frames=[-1, 0]), "tubes.0.frames.0: Input should be greater than or equal to 0"),
        (tube(label="rnu"), "unknown label 'rnu'; did you mean run?"),
    ],
)
def test_faults_of_boxes(tmp_path: Path, line: object, message: str) -> None:
    good = json.dumps({"sample": "v@2", "boxes": []})
    text = line if isinstance(line, str) else json.dumps(line)
    found = broken(tmp_path, KEYED, boxes=f"{good}\n{text}\n", classes="run\njump\n")
    assert found.startswith(f"boxes.jsonl:2: {message}")


def test_a_sample_has_one_line_of_boxes(tmp_path: Path) -> None:
    line = json.dumps({"sample": "v@1", "boxes": []})
    found = broken(tmp_path, KEYED, boxes=f"{line}\n{line}\n")
    assert found.startswith("boxes.jsonl:2: sample 'v@1' is also in line 1")


def test_boxes_that_are_not_text(tmp_path: Path) -> None:
    write(tmp_path, {"annotations.csv": KEYED, "boxes.jsonl": b"\xff\xfe"})
    assert "boxes.jsonl: is not UTF-8 text" in fault("manifest", tmp_path, tmp_path)


@pytest.mark.parametrize("column", ["boxes", "proposals", "tubes"])
def test_boxes_do_not_stand_in_the_table(tmp_path: Path, column: str) -> None:
    found = broken(tmp_path, f"path,label,split,{column}\na,b,train,1\n")
    assert found.startswith(f"annotations.csv:1: column {column!r}: boxes do not stand in the")
    assert "boxes.jsonl" in found


def test_key_times_are_times(tmp_path: Path) -> None:
    found = broken(tmp_path, "path,label,split,key_time\na,,train,soon\n")
    assert found.startswith("annotations.csv:2: key_time 'soon' is not a time")


# ---------------------------------------------------------------------------------------- files


@pytest.mark.parametrize("option", ["classes", "verbs", "nouns", "boxes"])
def test_a_file_that_is_named_must_exist(tmp_path: Path, option: str) -> None:
    write(tmp_path, {"annotations.csv": "path,label,split\na,b,train\n"})
    assert problems("manifest", tmp_path) == []
    (found,) = problems("manifest", tmp_path, **{option: "mine.txt"})
    assert found == f"{tmp_path}/mine.txt: no such file; mend the option `{option}` of the dataset"


def test_files_may_have_other_names(tmp_path: Path) -> None:
    line = json.dumps({"sample": "a", "boxes": []})
    table = "path,label,split,verb,noun\na,b,train,x,y\n"
    files = {"t.csv": table, "c": "b\n", "v": "w\nx\n", "n": "y\nz\n", "b": line}
    write(tmp_path, files)
    options = {"file": "t.csv", "classes": "c", "verbs": "v", "nouns": "n", "boxes": "b"}
    made = load("manifest", tmp_path, tmp_path, **options)
    assert made.vocabularies == {"verb": ("w", "x"), "noun": ("y", "z")}
    assert BOXES.of(made.records[0]) == ()


def test_the_digest_holds_every_file(tmp_path: Path) -> None:
    write(tmp_path, {"annotations.csv": "path,label,split\na,b,train\n"})
    seen = {digest("manifest", tmp_path, tmp_path)}
    line = json.dumps({"sample": "a", "boxes": []})
    for name, text in {"verbs.txt": "x\n", "nouns.txt": "x\n", "boxes.jsonl": line}.items():
        write(tmp_path, {name: text})
        seen.add(digest("manifest", tmp_path, tmp_path))
    assert len(seen) == 4


# ------------------------------------------------------------------- ranges of longer videos


def test_spans_outside_the_range_are_not_of_the_sample(tmp_path: Path) -> None:
    table = (
        "path,label,split,start,end,duration,spans\n"
        "a.mp4,,train,1,2.5,9,run@0-0.5;jump@2-8;sit@0.5-1;fly@1-2\n"
        "a.mp4,,train,5,,9,run@0-0.5;jump@2-8\n"
        "b.mp4,,test,,,9,run@0-0.5;jump@2-8\n"
    )
    made = dataset(tmp_path, table)
    fly, jump, run = (made.classes.index(name) for name in ("fly", "jump", "run"))
    cut = [SPANS.of(record) for record in made.records]
    assert cut[0] == (Span(jump, 2.0, 2.5), Span(fly, 1.0, 2.0))
    assert cut[1] == (Span(jump, 5.0, 8.0),)
    assert cut[2] == (Span(run, 0.0, 0.5), Span(jump, 2.0, 8.0))
    assert [LABELS.of(record) for record in made.records] == [
        tuple(sorted((fly, jump))),
        (jump,),
        tuple(sorted((jump, run))),
    ]


@pytest.mark.parametrize("split", ["train", "test"])
def test_tubes_of_a_part_of_a_video_are_refused(tmp_path: Path, split: str) -> None:
    boxes = '{"sample": "a", "tubes": [{"label": "x", "frames": [3], "boxes": [[0, 0, 1, 1]]}]}\n'
    table = f"path,label,split,sample,start,end\nv.mp4,x,{split},a,,4\n"
    said = broken(tmp_path, table, boxes=boxes)
    assert said.startswith("annotations.csv:2: sample 'a' has tubes, and a range of the video")
