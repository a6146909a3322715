from pathlib import Path

import pytest

from severe_bench.core.errors import UserError
from severe_bench.core.record import Record
from severe_bench.data.adapter import ADAPTERS, Location
from severe_bench.data.datasets.manifest import MANIFEST, ManifestOptions

OPTIONS = ManifestOptions()


def place(folder: Path, manifest: str, classes: str | None = None) -> Location:
    (folder / "annotations.csv").write_text(manifest)
    if classes is not None:
        (folder / "classes.txt").write_text(classes)
    return Location(folder, None)


def test_it_is_registered() -> None:
    assert ADAPTERS.get("manifest") is MANIFEST
    assert MANIFEST.generate is None


def test_a_whole_manifest(tmp_path: Path) -> None:
    manifest = (
        "path,label,split,start,end,group,count,kind,marks\n"
        'a/1.mp4,run,train,,,g1,3,calm,"[[0, 1.5]]"\n'
        "b.mp4,jump,test,0.5,2,,4.5,7,\n"
        "b.mp4,,test,2,3.25,,,wild,\n"
    )
    dataset = MANIFEST.load(OPTIONS, place(tmp_path, manifest))
    assert dataset.root == tmp_path
    assert dataset.classes == ("jump", "run")
    assert dataset.records == (
        Record(
            "a/1.mp4",
            "a/1.mp4",
            1,
            "train",
            group="g1",
            extras={"count": 3, "kind": "calm", "marks": [[0, 1.5]]},
        ),
        Record("b.mp4#0.5-2", "b.mp4", 0, "test", 0.5, 2.0, extras={"count": 4.5, "kind": "7"}),
        Record("b.mp4#2-3.25", "b.mp4", None, "test", 2.0, 3.25, extras={"kind": "wild"}),
    )


def test_classes_txt_fixes_the_order_and_ids_are_labels_too(tmp_path: Path) -> None:
    manifest = "path,label,split\na.mp4,run,train\nb.mp4,0,train\nc.mp4,2,test\n"
    dataset = MANIFEST.load(OPTIONS, place(tmp_path, manifest, "run\njump\nfly\n\n"))
    assert dataset.classes == ("run", "jump", "fly")
    assert [record.label for record in dataset.records] == [0, 0, 2]


def test_whole_numbers_are_ids(tmp_path: Path) -> None:
    manifest = "path,label,split\na.mp4,10,train\nb.mp4,2,train\n"
    dataset = MANIFEST.load(OPTIONS, place(tmp_path, manifest))
    assert [record.label for record in dataset.records] == [10, 2]
    assert dataset.classes == tuple(str(n) for n in range(11))


def test_a_name_that_looks_like_an_id_is_a_name(tmp_path: Path) -> None:
    dataset = MANIFEST.load(OPTIONS, place(tmp_path, "path,label,split\na,1,test\n", "1\n0\n"))
    assert dataset.records[0].label == 0


def test_spreadsheets_may_add_a_mark_and_blanks(tmp_path: Path) -> None:
    content = "\ufeffpath, label ,split\r\n a.mp4 ,run, train\r\n\r\n"
    dataset = MANIFEST.load(OPTIONS, place(tmp_path, content))
    assert dataset.records == (Record("a.mp4", "a.mp4", 0, "train"),)


def test_a_sample_column_names_samples(tmp_path: Path) -> None:
    manifest = "sample,path,label,split\nx,a.mp4,run,train\ny,a.mp4,run,train\n"
    dataset = MANIFEST.load(OPTIONS, place(tmp_path, manifest))
    assert [record.sample for record in dataset.records] == ["x", "y"]


HEAD = "path,label,split,start,end\n"


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        ("", "annotations.csv:1: no column 'path'; the first line names the columns"),
        ("path,label\na,b\n", "annotations.csv:1: no column 'split'"),
        ("path,label,split,x,x\n", "annotations.csv:1: column 'x' is unnamed or named twice"),
        ("path,label,split,\n", "annotations.csv:1: column '' is unnamed"),
        (HEAD, "annotations.csv: has no rows; list at least one video"),
        (HEAD + "a,b,train,,\na,b\n", "annotations.csv:3: 2 values for 5 columns"),
        (HEAD + "a,b,val,,\n", "annotations.csv:2: unknown split 'val'; use train or test"),
        (HEAD + "/a,b,test,,\n", "annotations.csv:2: path '/a' does not lie under the root"),
        (HEAD + "../a,b,test,,\n", "annotations.csv:2: path '../a' does not lie"),
        (HEAD + ",b,test,,\n", "annotations.csv:2: path '' does not lie"),
        (HEAD + "a,b,test,soon,\n", "annotations.csv:2: start 'soon' is not a time"),
        (HEAD + "a,b,test,,nan\n", "annotations.csv:2: end 'nan' is not a time"),
        (HEAD + "a,b,test,-1,\n", "annotations.csv:2: start '-1' is not a time"),
        (HEAD + "a,b,test,2,2\n", "annotations.csv:2: the range ends at 2.0 s"),
        (HEAD + 'a,b,test,"1,\n', "annotations.csv:2: is not CSV"),
        (
            HEAD + "a,b,test,,\nc,b,test,,\na,b,train,,\n",
            "annotations.csv:4: sample 'a' is also in line 2; remove one",
        ),
    ],
)
def test_faults_are_named_with_file_and_line(tmp_path: Path, manifest: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        MANIFEST.load(OPTIONS, place(tmp_path, manifest))
    assert str(caught.value).startswith(f"{tmp_path}/{message}")


def test_an_unknown_label_names_the_nearest(tmp_path: Path) -> None:
    location = place(tmp_path, "path,label,split\na,jmup,test\n", "run\njump\n")
    with pytest.raises(UserError, match=r"csv:2: unknown label 'jmup'; did you mean jump\?"):
        MANIFEST.load(OPTIONS, location)


@pytest.mark.parametrize("label", ["-1", "2", "1.0"])
def test_ids_outside_are_refused(tmp_path: Path, label: str) -> None:
    location = place(tmp_path, f"path,label,split\na,{label},test\n", "run\njump\n")
    with pytest.raises(UserError, match=r"csv:2: unknown label .*an id from 0 to 1"):
        MANIFEST.load(OPTIONS, location)


def test_classes_occur_once(tmp_path: Path) -> None:
    location = place(tmp_path, "path,label,split\na,run,test\n", "run\njump\nrun\n")
    with pytest.raises(UserError, match=r"classes\.txt:3: class 'run' occurs twice"):
        MANIFEST.load(OPTIONS, location)


def test_text_that_is_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "annotations.csv").write_bytes(b"path,label,split\n\xff\xfe,b,test\n")
    with pytest.raises(UserError, match="is not UTF-8 text; save it as UTF-8"):
        MANIFEST.load(OPTIONS, Location(tmp_path, None))


def test_problems(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    assert "set the dataset's `root`" in MANIFEST.problems(OPTIONS, Location(None, None))[0]
    assert MANIFEST.problems(OPTIONS, Location(gone, None)) == [
        f"{gone}: no such folder; mend the dataset's `root` in benchmarks.yaml"
    ]
    assert MANIFEST.problems(OPTIONS, Location(tmp_path, gone)) == [
        f"{gone}: no such folder; mend the dataset's `annotations` in benchmarks.yaml"
    ]
    found = MANIFEST.problems(OPTIONS, Location(tmp_path, None))
    assert found == [
        f"{tmp_path / 'annotations.csv'}: no such file; write one with the columns path,label,split"
    ]
    with pytest.raises(UserError, match="no such file"):
        MANIFEST.load(OPTIONS, Location(tmp_path, None))
    location = place(tmp_path, "path,label,split\na,b,test\n")
    assert MANIFEST.problems(OPTIONS, location) == []


def test_the_digest_changes_with_the_files_only(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    manifest = "path,label,split\na,b,test\n"
    first = MANIFEST.digest(OPTIONS, place(one, manifest))
    assert MANIFEST.digest(OPTIONS, place(two, manifest)) == first
    assert MANIFEST.digest(OPTIONS, place(two, manifest, "b\n")) != first
    assert MANIFEST.digest(OPTIONS, place(one, manifest + "c,b,test\n")) != first
    assert len(first) == 64


def test_annotations_may_lie_elsewhere(tmp_path: Path) -> None:
    videos, lists = tmp_path / "videos", tmp_path / "lists"
    videos.mkdir()
    lists.mkdir()
    (lists / "mine.csv").write_text("path,label,split\na,b,test\n")
    options = ManifestOptions(file="mine.csv", name="mine")
    dataset = MANIFEST.load(options, Location(videos, lists))
    assert (dataset.name, dataset.root) == ("mine", videos)
