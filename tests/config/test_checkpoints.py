from pathlib import Path

import pytest

from severe_bench.config.checkpoints import each_checkpoint
from severe_bench.config.errors import UserErrors
from severe_bench.config.loading import load_config

ENTRY = {"backbone": "net", "provenance": {"kind": "ssl"}}


def files(folder: Path, *names: str) -> None:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"x")


def expanded(tmp_path: Path, checkpoint: object) -> dict[str, object]:
    found, problems = each_checkpoint({"mine": {**ENTRY, "checkpoint": checkpoint}}, tmp_path)
    assert problems == []
    return {name: entry.get("checkpoint") for name, entry in found.items()}


@pytest.mark.parametrize("absolute", [False, True])
def test_a_glob_makes_an_entry_of_each_file_in_order(tmp_path: Path, absolute: bool) -> None:
    files(tmp_path / "runs", "epoch20.pt", "epoch10.pt", "log.txt")
    glob = f"{tmp_path}/runs/*.pt" if absolute else "runs/*.pt"
    assert expanded(tmp_path, glob) == {
        "mine-epoch10": str(tmp_path / "runs/epoch10.pt"),
        "mine-epoch20": str(tmp_path / "runs/epoch20.pt"),
    }
    assert list(expanded(tmp_path, glob)) == ["mine-epoch10", "mine-epoch20"]


def test_a_folder_makes_an_entry_of_each_checkpoint_in_it(tmp_path: Path) -> None:
    files(tmp_path / "runs", "a.pth", "b.pth.tar", "c.safetensors", "log.txt", "d.yaml")
    assert list(expanded(tmp_path, "runs")) == ["mine-a", "mine-b", "mine-c"]


def test_one_file_stays_one_entry_whatever_its_name(tmp_path: Path) -> None:
    files(tmp_path, "a[1].pt")
    for checkpoint in ("a[1].pt", "gone.pt", "package:supervised", 3, None):
        assert expanded(tmp_path, checkpoint) == {"mine": checkpoint}


def test_nothing_to_match_and_equal_names_are_problems(tmp_path: Path) -> None:
    files(tmp_path / "runs", "a.pt", "a.pth")
    for checkpoint, words in (("none/*.pt", "no checkpoint file matches"), ("runs", "called a")):
        _, problems = each_checkpoint({"mine": {**ENTRY, "checkpoint": checkpoint}}, tmp_path)
        assert [problem.loc for problem in problems] == [("models", "mine", "checkpoint")]
        assert words in problems[0].what


@pytest.mark.parametrize("other", [{**ENTRY}, {**ENTRY, "checkpoint": "more/*.pt"}])
@pytest.mark.parametrize("first", [True, False])
def test_a_name_made_twice_is_a_problem(
    tmp_path: Path, other: dict[str, object], first: bool
) -> None:
    files(tmp_path / "runs", "a-b.pt")
    files(tmp_path / "more", "b.pt")
    name = "mine-a" if "checkpoint" in other else "mine-a-b"
    entries = {"mine": {**ENTRY, "checkpoint": "runs/*.pt"}, name: other}
    if first:
        entries = dict(reversed(entries.items()))
    found, problems = each_checkpoint(entries, tmp_path)
    assert [problem.what for problem in problems] == ["there is a model 'mine-a-b' already"]
    assert list(found) == ["mine-a-b"]


STUDY = """
version: 1
models:
  mine:
    backbone: r2plus1d_narrow
    checkpoint: runs/*.pt
    provenance: {kind: ssl}
datasets:
  near: {adapter: procedural, options: {world: near}}
recipes:
  base: {}
experiments:
  a: {factor: standard, dataset: near, task: recognition, protocol: linear, recipe: base}
suites:
  demo: {blocks: [{models: ["mine-*"], experiments: [a], seeds: [0]}]}
"""


def test_in_a_whole_file(tmp_path: Path) -> None:
    files(tmp_path / "runs", "one.pt", "two.pt")
    (tmp_path / "b.yaml").write_text(STUDY)
    config = load_config(tmp_path / "b.yaml", {})
    assert list(config.models) == ["mine-one", "mine-two"]
    assert config.resolve(config.models["mine-two"].checkpoint or "").read_bytes() == b"x"


def test_bad_names_and_no_match_are_reported_with_their_line(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(STUDY)
    with pytest.raises(UserErrors, match=r"b\.yaml:6: models\.mine\.checkpoint: no checkpoint"):
        load_config(tmp_path / "b.yaml", {})
    files(tmp_path / "runs", "odd name.pt")
    with pytest.raises(UserErrors, match="mine-odd name: bad name"):
        load_config(tmp_path / "b.yaml", {})


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("{}", "give backbone or factory, one of them"),
        ("{backbone: r2plus1d_narrow, factory: 'a:b'}", "give backbone or factory, one of them"),
        ("{factory: nowhere}", "models.mine.factory: unknown backbone|is no factory"),
        ("{factory: 'nowhere:build'}", r"models\.mine\.factory: there is no module nowhere here"),
    ],
)
def test_a_broken_factory_is_reported_with_its_line(entry: str, words: str, tmp_path: Path) -> None:
    begin, end = STUDY.index("  mine:"), STUDY.index("datasets:")
    (tmp_path / "b.yaml").write_text(f"{STUDY[:begin]}  mine: {entry}\n{STUDY[end:]}")
    with pytest.raises(UserErrors, match=rf"b\.yaml:4: .*({words})"):
        load_config(tmp_path / "b.yaml", {})
