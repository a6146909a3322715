import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from severe_bench.cli.data import data
from severe_bench.config.loading import load_config
from severe_bench.core.errors import UserError
from severe_bench.data.video import probe
from severe_bench.plan.parts import dataset_part
from tests.data.zoo import Animal


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "videos"
    (folder / "a").mkdir(parents=True)
    Animal("a/b_frames.avi", "mpeg4", {"g": "12", "bf": "2"}).write(folder)
    Animal("plain.mp4", options={"g": "12", "bf": "0"}, count=24).write(folder)
    (folder / "notes.txt").write_text("no video")
    return folder


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(data, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout


def test_verify_a_folder(root: Path) -> None:
    code, text = run("verify", root)
    assert code == 0
    assert "2 files, 0 unreadable" in text
    assert "decord 0.6.0: 1 exact, 1 wrong, by up to" in text
    assert "severe: 2 exact, 0 wrong, 0 not read" in text
    assert text.endswith("\nok\n")
    assert CliRunner().invoke(data, ["verify", str(root)]).stderr == "", "no bar in a pipe"


def test_verify_names_what_cannot_be_read(root: Path) -> None:
    (root / "broken.mp4").write_bytes(b"no video at all")
    code, text = run("verify", root)
    assert code == 2
    assert "3 files, 1 unreadable" in text
    assert f"unreadable: {root / 'broken.mp4'}: cannot be decoded" in text
    code, text = run("verify", root, "--json")
    assert code == 2
    assert json.loads(text)["unreadable"][0]["path"] == str(root / "broken.mp4")


def test_verify_a_sample(root: Path) -> None:
    code, text = run("verify", root, "--sample", 1, "--json")
    assert code == 0
    found = json.loads(text)
    assert found["files"] == 1
    assert found["decoders"]["severe"]["exact"] == 1


def listed(root: Path) -> Path:
    folder = root.parent / "lists"
    folder.mkdir()
    (folder / "annotations.csv").write_text("path,label,split\nplain.mp4,a,train\n")
    return folder


def test_a_dataset_by_adapter_and_by_name(root: Path) -> None:
    notes = listed(root)
    code, text = run("verify", "manifest", "--root", root, "--annotations", notes, "--json")
    assert (code, json.loads(text)["files"]) == (0, 1)
    config = written(root, notes)
    code, text = run("verify", "mine", "-c", config, "--json")
    assert (code, json.loads(text)["files"]) == (0, 1)
    with pytest.raises(UserError, match="'other' is no dataset with a root"):
        run("verify", "other", "-c", config)


def written(root: Path, notes: Path, more: str = "") -> Path:
    """A benchmarks.yaml with the dataset `mine`."""
    config = root.parent / "benchmarks.yaml"
    config.write_text(
        "version: 1\ndatasets:\n"
        f"  mine: {{adapter: manifest, root: {root}, annotations: {notes}{more}}}\n"
        "recipes: {probe: {}}\n"
        "models: {m: {backbone: r2plus1d_narrow, provenance: {kind: none}}}\n"
        "experiments: {e: {factor: standard, dataset: mine, task: recognition,"
        " protocol: finetune, recipe: probe}}\n"
        "suites: {s: {blocks: [{models: m, experiments: e}]}}\n"
    )
    return config


def test_options_that_nothing_takes_are_refused(root: Path) -> None:
    config = written(root, listed(root))
    with pytest.raises(UserError, match=r"annotations of which videos.*give --root"):
        run("verify", "mine", "-c", config, "--annotations", root)
    with pytest.raises(UserError, match="--option: a folder of videos takes none"):
        run("verify", root, "--option", "fold=1")
    with pytest.raises(UserError, match="option 'fold': extra inputs are not permitted"):
        run("verify", "mine", "-c", config, "--option", "fold=1")


@pytest.mark.parametrize("folder", ["", ", prepared_folder: small"])
def test_a_dataset_of_the_yaml_is_prepared_where_cells_look(root: Path, folder: str) -> None:
    """In the settings of the file, too."""
    config = written(root, listed(root), f", prepared: {{short_side: 64, crf: 30}}{folder}")
    assert run("prepare", "mine", "-c", config, "--workers", 1)[0] == 0
    loaded = load_config(config)
    assert dataset_part(loaded, "mine").problem == ""
    assert (root.parent / ("small" if folder else "videos-prepared-64-crf30")).is_dir()


def test_what_is_typed_goes_before_the_yaml(root: Path, tmp_path: Path) -> None:
    """And into a folder of its own: the cells' videos have other settings."""
    config = written(root, listed(root), ", prepared: {short_side: 64}, prepared_folder: small")
    code, text = run("prepare", "mine", "-c", config, "--short-side", 32, "--json", "--workers", 1)
    assert (code, json.loads(text)["folder"]) == (0, f"{tmp_path}/videos-prepared-32-crf20")
    code, text = run("prepare", "mine", "-c", config, "--raw", "--json", "--workers", 1)
    assert (code, json.loads(text)["folder"]) == (0, f"{tmp_path}/videos-prepared-64-raw")


def test_a_folder_without_videos(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="holds no videos"):
        run("verify", tmp_path / "empty")


def test_prepare(root: Path, tmp_path: Path) -> None:
    code, text = run("prepare", root, "--short-side", 32, "--workers", 1)
    assert code == 0
    folder = tmp_path / "videos-prepared-32-crf20"
    now = "(2 of them now, to estimate the rest)"
    assert f"2 videos, 2 prepared {now}; the rest: about 0.00 GiB more" in text
    assert f"2 of 2 videos are prepared in {folder}" in text
    assert probe(folder / "a" / "b_frames.mp4").height == 32


def test_prepare_says_what_it_refused(root: Path, tmp_path: Path) -> None:
    (root / "broken.mp4").write_bytes(b"no video at all")
    out = tmp_path / "out"
    code, text = run("prepare", root, "--out", out, "--workers", 1, "--json")
    assert code == 2
    found = json.loads(text)
    assert (found["videos"], found["prepared"], found["left"]) == (3, 2, 0)
    assert found["refused"][0]["path"] == "broken.mp4"
    code, text = run("prepare", root, "--out", out, "--workers", 1)
    assert "refused: broken.mp4: cannot be decoded" in text


def test_an_estimate_prepares_a_few(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("severe_bench.data.prepare.TRIED", 1)
    code, text = run("prepare", root, "--out", tmp_path / "out", "--workers", 1, "--estimate")
    assert code == 0
    assert "1 of 2 videos are prepared" in text


def test_a_disk_that_is_too_small(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("severe_bench.data.prepare.TRIED", 1)
    monkeypatch.setattr("severe_bench.cli.data_videos.GIB", 1)
    usage = type("Usage", (), {"free": 100})
    monkeypatch.setattr("severe_bench.data.prepare.shutil.disk_usage", lambda folder: usage)
    with pytest.raises(UserError, match=r"more, 100\.0 GiB free; free some space"):
        run("prepare", root, "--workers", 1)


@pytest.mark.parametrize(
    ("option", "value"), [("--short-side", 33), ("--short-side", 8), ("--crf", 99)]
)
def test_settings_that_cannot_be(root: Path, option: str, value: int) -> None:
    with pytest.raises(UserError, match=f"{option}: input should be"):
        run("prepare", root, option, value)
