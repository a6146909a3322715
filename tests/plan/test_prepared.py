from pathlib import Path

import pytest

from severe_bench.config.errors import UserErrors
from severe_bench.config.prepared import Prepared
from severe_bench.data.made import Made
from severe_bench.data.prepared import Manifest
from severe_bench.plan.build import plan_suite
from severe_bench.plan.cell import Cell
from tests.plan.fixtures import Study

REAL = "real: {adapter: folder, root: real"


def real_cell(study: Study, block: str) -> Cell:
    plan = plan_suite(study((REAL, REAL + block)), "demo")
    return next(c for c in plan.cells if c.title == "filed / real-linear / seed 1")


def test_prepared_videos_are_another_dataset(study: Study, tmp_path: Path) -> None:
    plain = real_cell(study, "")
    small = real_cell(study, ", prepared: {}")
    large = real_cell(study, ", prepared: {short_side: 256}")
    elsewhere = real_cell(study, ", prepared: {}, prepared_folder: made")
    assert len({plain.id, small.id, large.id}) == 3
    assert elsewhere.id == small.id
    assert (plain.places.prepared, plain.places.prepared_folder) == (None, None)
    assert small.places.dataset_root == plain.places.dataset_root
    assert small.places.prepared == Prepared()
    assert small.places.prepared_folder == str(tmp_path / "real-prepared-128-crf20")
    assert elsewhere.places.prepared_folder == str(tmp_path / "made")


def test_videos_that_are_not_prepared_are_a_problem(study: Study, tmp_path: Path) -> None:
    block = ", prepared: {}, prepared_folder: made"
    assert "run severe data prepare" in real_cell(study, block).problem
    (tmp_path / "made").mkdir()
    Manifest(tmp_path / "made", Prepared()).begin()
    assert real_cell(study, block).problem == ""


def test_videos_prepared_with_other_settings_are_a_problem(study: Study, tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    Manifest(tmp_path / "made", Prepared()).begin()
    block = ", prepared: {short_side: 64}, prepared_folder: made"
    assert "were prepared as" in real_cell(study, block).problem


def test_originals_that_changed_since_are_said(study: Study, tmp_path: Path) -> None:
    """And no more than that: whether a cell reads these, the plan does not know."""
    change = (REAL, REAL + ", prepared: {}, prepared_folder: made")
    (tmp_path / "made").mkdir()
    manifest = Manifest(tmp_path / "made", Prepared())
    study(change)
    video = tmp_path / "real" / "more.mp4"
    video.write_bytes(b"as it was")
    manifest.begin(tmp_path / "real")
    size, changed = video.stat().st_size, video.stat().st_mtime_ns
    manifest.add(Made("more.mp4", size, changed, "", "more.mp4", 1, "", 1, 1.0, False))
    assert not any("since" in line for line in plan_suite(study(change), "demo").warnings)
    video.write_bytes(b"as it is now")
    (said,) = [line for line in plan_suite(study(change), "demo").warnings if "since" in line]
    mend = "1 of 1 originals changed since, e.g. more.mp4; run severe data prepare again"
    assert said == f"dataset real: {tmp_path}/made: {mend}"
    video.unlink()
    assert not any("since" in line for line in plan_suite(study(change), "demo").warnings)


def test_prepared_videos_among_the_originals_are_a_problem(study: Study) -> None:
    for folder in ("real", "real/small"):
        block = f", prepared: {{}}, prepared_folder: {folder}"
        assert "originals' folder" in real_cell(study, block).problem


def test_a_made_world_is_not_prepared(study: Study) -> None:
    change = ("options: {world: near}", "options: {world: near}, prepared: {}")
    with pytest.raises(UserErrors, match="prepared videos need the root of the originals"):
        study(change)
