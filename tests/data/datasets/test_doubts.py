"""Test videos that are seen in training are refused; what is mostly a slip is said."""

from pathlib import Path

import pytest

from severe_bench.data.adapter import ADAPTERS, Location
from severe_bench.data.check import check_dataset, parsed_options
from tests.data.datasets.files import fault, load, write


def remarks(folder: Path, table: str, **files: str) -> tuple[str, ...]:
    write(folder, {"annotations.csv": table, **{f"{n}.txt": t for n, t in files.items()}})
    adapter = ADAPTERS.get("manifest")
    known = adapter.known(parsed_options(adapter, {}), Location(folder, folder)).remarks
    check = check_dataset("manifest", {}, Location(None, folder))
    assert check.remarks == known
    assert check.to_json().get("remarks", []) == list(known)
    return known


SHARED = {
    "by a sample column": "path,label,split,sample\n{a},x,train,1\n{a},x,test,2\n",
    "in overlapping ranges": "path,label,split,start,end\n{a},x,train,0,3\n{a},x,test,2,5\n",
    "in an open range": "path,label,split,start,end\n{a},x,test,4,\n{a},x,train,5,6\n",
    "in a range within": "path,label,split,start,end\n{a},x,train,0,9\n{a},x,test,4,5\n",
    "at one key time": "path,label,split,sample,key_time\n{a},x,train,1,4\n{a},x,test,2,4\n",
}


@pytest.mark.parametrize("how", SHARED)
@pytest.mark.parametrize("other", ["a.mp4", "./a.mp4"])
def test_a_video_in_both_splits_is_refused(tmp_path: Path, how: str, other: str) -> None:
    first, second = SHARED[how].split("{a}", 1)[0], SHARED[how].split("{a}", 1)[1]
    table = first + "a.mp4" + second.replace("{a}", other)
    write(tmp_path, {"annotations.csv": table})
    said = fault("manifest", tmp_path, tmp_path)
    assert "video 'a.mp4' is shown in both splits, also in line" in said
    assert not check_dataset("manifest", {}, Location(None, tmp_path)).ok


def test_one_path_in_two_spellings_is_one_sample(tmp_path: Path) -> None:
    write(tmp_path, {"annotations.csv": "path,label,split\n0.mp4,x,train\n./0.mp4,x,test\n"})
    assert "sample '0.mp4' is also in line 2" in fault("manifest", tmp_path, tmp_path)
    write(tmp_path, {"annotations.csv": "path,label,split\n./b//0.mp4,x,train\n"})
    assert load("manifest", tmp_path, tmp_path).records[0].path == "b/0.mp4"


def test_ranges_within_a_split_may_overlap(tmp_path: Path) -> None:
    table = "path,label,split,start,end\na.mp4,x,train,0,5\na.mp4,x,train,1,2\na.mp4,x,test,5,6\n"
    assert remarks(tmp_path, table) == (
        "1 video(s) are in both splits, in ranges apart, e.g. a.mp4",
    )


def test_a_group_in_both_splits_is_said(tmp_path: Path) -> None:
    table = "path,label,split,group\na.mp4,x,train,p1\nb.mp4,x,test,p1\nc.mp4,x,test,p2\n"
    assert remarks(tmp_path, table) == ("1 group(s) are in both splits, e.g. p1",)


def test_ids_from_one_are_said(tmp_path: Path) -> None:
    table = "path,label,split\na.mp4,1,train\nb.mp4,2,test\n"
    (said,) = remarks(tmp_path / "bare", table)
    assert said.startswith("1 class id(s) have no sample, e.g. 0: without classes.txt")
    assert remarks(tmp_path / "named", table, classes="run\njump\nsit\n") == ()
    assert remarks(tmp_path / "zero", table.replace("1,", "0,").replace("2,", "1,")) == ()


def test_classes_that_differ_in_case_are_said(tmp_path: Path) -> None:
    (said,) = remarks(tmp_path, "path,label,split\na.mp4,Jump,train\nb.mp4,jump,test\n")
    assert said.endswith("counted apart, e.g. 'Jump' and 'jump'")


def test_a_blank_line_between_classes_is_refused(tmp_path: Path) -> None:
    table = "path,label,split\na.mp4,0,train\nb.mp4,2,train\n"
    for text in ("run\n\njump\nsit\n", "\nrun\njump\nsit\n"):
        write(tmp_path, {"annotations.csv": table, "classes.txt": text})
        line = 2 if text[0] == "r" else 1
        assert f"classes.txt:{line}: no class in this line" in fault("manifest", tmp_path, tmp_path)
    write(tmp_path, {"classes.txt": "run\r\njump\r\nsit\r\n\r\n \r\n"})
    assert load("manifest", tmp_path, tmp_path).classes == ("run", "jump", "sit")
