import csv
import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from severe_bench.core.errors import Interrupted, UserError
from severe_bench.data.procedural.generate import generate, is_complete
from severe_bench.data.procedural.spec import WorldSpec
from severe_bench.data.procedural.truth import Truth
from tests.data.procedural.stages import frames_in_memory

SPEC = WorldSpec(world="far_motion", train=12, test=6, seed=3)

CHILD = """
import sys
from pathlib import Path
from severe_bench.data.procedural.generate import generate
from severe_bench.data.procedural.spec import WorldSpec
def progress(done, total):
    print(done, flush=True)
spec = WorldSpec.model_validate_json(sys.argv[1])
generate(spec, Path(sys.argv[2]), progress=progress)
"""


def contents(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("made") / "set"
    generate(SPEC, root)
    return root


def rows(root: Path) -> list[dict[str, str]]:
    with (root / "annotations.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_files_are_as_announced(made: Path) -> None:
    videos = [f"train_{index:05d}.mp4" for index in range(12)]
    videos += [f"test_{index:05d}.mp4" for index in range(6)]
    assert sorted(path.name for path in (made / "videos").iterdir()) == sorted(videos)
    assert (made / "classes.txt").read_text().split() == [
        *("right", "left", "up", "down", "move_then_spin", "spin_then_move")
    ]
    assert is_complete(SPEC, made)
    summary = json.loads((made / "dataset.json").read_text())
    assert summary["digest"] == SPEC.digest()
    assert WorldSpec(**summary["spec"]) == SPEC
    assert summary["videos"] == {"train": 12, "test": 6}


def test_annotations_point_to_videos_and_are_balanced(made: Path) -> None:
    table = rows(made)
    assert list(table[0])[:6] == ["path", "label", "split", "start", "end", "group"]
    assert all((made / row["path"]).is_file() for row in table)
    assert {row["start"] + row["end"] for row in table} == {""}
    train = [row["label"] for row in table if row["split"] == "train"]
    assert {train.count(label) for label in train} == {2}
    assert len(table) == 18


def test_truth_has_a_line_for_every_annotation(made: Path) -> None:
    truths = [
        Truth.model_validate_json(line) for line in (made / "truth.jsonl").read_text().splitlines()
    ]
    table = rows(made)
    assert [truth.path for truth in truths] == [row["path"] for row in table]
    for truth, row in zip(truths, table, strict=True):
        assert truth.label == row["label"] == row["motion"]
        assert truth.actors[0].speed == float(row["speed"])
        assert truth.actors[0].turns == float(row["turns"])


def test_videos_are_the_rendered_ones(made: Path) -> None:
    decord = pytest.importorskip("decord")
    for index, frames in enumerate(frames_in_memory(SPEC, "test", range(6))):
        reader = decord.VideoReader(str(made / f"videos/test_{index:05d}.mp4"), num_threads=1)
        decoded = reader.get_batch(range(len(reader))).asnumpy()
        assert np.abs(decoded.astype(float).mean(-1) - frames.mean(-1)).mean() < 6


def test_a_second_run_changes_nothing(made: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in made.rglob("*")}
    generate(SPEC, made)
    assert {path: path.stat().st_mtime_ns for path in made.rglob("*")} == before


@pytest.mark.parametrize("after", ["1", "7", "18"])
def test_killed_run_is_resumed_to_the_same_bytes(made: Path, tmp_path: Path, after: str) -> None:
    root = tmp_path / "set"
    command = [sys.executable, "-c", CHILD, SPEC.model_dump_json(), str(root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if line.strip() == after:
                child.send_signal(signal.SIGKILL)
                break
    assert len(list((root / "videos").glob("train_*.mp4"))) >= 1
    (root / "videos" / "train_00002.partial-0badcafe.mp4").write_bytes(b"half a video")
    kept = root / "videos" / "train_00000.mp4"
    before = kept.stat().st_mtime_ns
    generate(SPEC, root)
    assert contents(root) == contents(made)
    assert kept.stat().st_mtime_ns == before


def test_a_stop_is_honoured_and_resumed(made: Path, tmp_path: Path) -> None:
    asked, seen = iter([False] * 5 + [True]), []
    with pytest.raises(Interrupted, match="5 of 18"):
        generate(
            SPEC,
            tmp_path,
            progress=lambda done, total: seen.append((done, total)),
            should_stop=lambda: next(asked),
        )
    assert seen == [(done, 18) for done in range(1, 6)]
    assert not is_complete(SPEC, tmp_path)
    generate(SPEC, tmp_path)
    assert contents(tmp_path) == contents(made)


def test_a_larger_set_contains_the_smaller(made: Path, tmp_path: Path) -> None:
    generate(SPEC.model_copy(update={"train": 18}), tmp_path)
    smaller, larger = contents(made), contents(tmp_path)
    videos = [name for name in smaller if name.endswith(".mp4")]
    assert all(smaller[name] == larger[name] for name in videos)


def test_a_folder_of_another_spec_is_refused(made: Path) -> None:
    before = contents(made)
    with pytest.raises(UserError, match="another built-in world"):
        generate(SPEC.model_copy(update={"seed": 4}), made)
    assert contents(made) == before


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot write"):
        generate(SPEC, tmp_path / "file" / "set")
