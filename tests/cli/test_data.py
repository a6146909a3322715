import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from severe_bench.cli.data import data
from severe_bench.core.errors import UserError
from tests.cli.conftest import TINY
from tests.data.datasets.files import touch, write
from tests.data.test_check import ucf101
from tests.data.test_draw_list import gym99


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(data, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout


def test_commands_stand_in_the_order_of_use_and_so_in_the_readme() -> None:
    names = [str(command.name) for command in data.registered_commands]
    assert names == ["check", "verify", "prepare", "budget"]
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    (line,) = (line for line in readme.splitlines() if line.startswith("severe data ..."))
    assert sorted(names, key=line.index) == names


def test_complete_annotations(tmp_path: Path) -> None:
    code, text = run("check", "ucf101", "--annotations", ucf101(tmp_path, 9537, 3783))
    assert code == 0
    assert "ucf101 train: 9537 records of 9537, 101 classes of 101" in text
    assert text.endswith("ok\n")


def test_incomplete_annotations_and_missing_videos(tmp_path: Path) -> None:
    folder = ucf101(tmp_path / "l", 20, 12, 10)
    root = touch(tmp_path / "v", "Act000/v_Act000_g08_c00.mp4")
    code, text = run("check", "ucf101", "--annotations", folder, "--root", root)
    assert code == 2
    assert "20 records of 9537, 10 classes of 101" in text
    assert "missing: Act001/v_Act001_g08_c00.avi" in text
    assert "missing: 9 more, all with --json" in text
    assert text.endswith("not ok\n")
    code, text = run("check", "ucf101", "--annotations", folder, "--root", root, "--json")
    assert code == 2
    found = json.loads(text)
    assert len(found["splits"]["train"]["missing"]) == 19
    assert found["ok"] is False


def test_a_class_that_only_the_test_split_has_is_named(tmp_path: Path) -> None:
    rows = "path,label,split\na.mp4,run,train\nb.mp4,run,test\nc.mp4,jump,test\n"
    root = touch(write(tmp_path, {"annotations.csv": rows}), "a.mp4", "b.mp4", "c.mp4")
    code, text = run("check", "manifest", "--root", root)
    assert code == 0
    assert "note: 1 class(es) are tested but have no training video: jump" in text


def test_damaged_annotations(tmp_path: Path) -> None:
    folder = write(ucf101(tmp_path, 5, 5), {"classInd.txt": "one Act000"})
    code, text = run("check", "ucf101", "--annotations", folder)
    assert code == 2
    assert "classInd.txt:1: class id 'one' is not a whole number" in text
    code, text = run("check", "ucf101", "--annotations", folder, "--json")
    assert code == 2
    assert json.loads(text)["ok"] is False
    assert "classInd.txt:1" in json.loads(text)["problem"]


def test_options(tmp_path: Path) -> None:
    code, text = run("check", "ucf101", "--annotations", tmp_path, "--option", "fold=3")
    assert code == 2
    folder = ucf101(tmp_path, 9624, 3696)
    for name in ("train", "test"):
        (folder / f"{name}list01.txt").rename(folder / f"{name}list03.txt")
    code, text = run("check", "ucf101", "--annotations", folder, "--option", "fold=3")
    assert (code, text.endswith("\nok\n")) == (0, True)
    with pytest.raises(UserError, match="'fold' is not key=value"):
        run("check", "ucf101", "--annotations", folder, "--option", "fold")
    with pytest.raises(UserError, match="'fold' is given twice; name each option once"):
        run("check", "ucf101", "--annotations", folder, "--option", "fold=1", "--option", "fold=3")
    with pytest.raises(UserError, match="is no value; quote it"):
        run("check", "ucf101", "--annotations", folder, "--option", "fold=[")


def test_options_over_those_of_the_yaml(tmp_path: Path) -> None:
    folder = ucf101(tmp_path, 9624, 3696)
    for name in ("train", "test"):
        (folder / f"{name}list01.txt").rename(folder / f"{name}list03.txt")
    config = tmp_path / "benchmarks.yaml"
    mine = f"  mine: {{adapter: ucf101, root: {tmp_path}, annotations: {folder}}}\n"
    config.write_text(TINY.replace("datasets:\n", f"datasets:\n{mine}", 1))
    counts = [
        json.loads(run("check", "mine", "-c", config, "--json", *option)[1])["splits"].get("train")
        for option in ((), ("--option", "fold=3"))
    ]
    assert counts[0] is None
    assert counts[1]["records"] == 9624


def test_budget_prints_bytes_that_can_be_hashed(tmp_path: Path) -> None:
    folder = gym99(tmp_path)
    code, text = run(
        "budget", "gym99", "--annotations", folder, "--rule", "per_class_ceil", "--n", 60
    )
    assert code == 0
    lines = text.splitlines()
    listed = (folder / "gym99_train.txt").read_text().split("\n")
    assert set(lines) <= set(listed)
    assert len(lines) == 5
    assert text.endswith("\n")
    command = "from severe_bench.cli.data import data; data()"
    arguments = ["budget", "gym99", "--annotations", str(folder), "--rule", "per_class_ceil"]
    raw = subprocess.run(
        [sys.executable, "-c", command, *arguments, "--n", "60"], check=True, capture_output=True
    ).stdout
    assert hashlib.sha256(raw).digest() == hashlib.sha256(text.encode()).digest()
    _, other = run(*arguments, "--n", 60, "--seed", 12345)
    assert other != text


def test_looking_up_adapters_imports_nothing_heavy() -> None:
    code = (
        "import sys; from severe_bench.cli import data; from severe_bench.data import check;"
        "from severe_bench.data.adapter import ADAPTERS as A; [A.get(n) for n in A.names()];"
        "sys.exit(bool({'torch', 'pandas', 'matplotlib', 'scipy', 'decord'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_dataset_of_the_yaml_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    rows = "path,label,split\na.mp4,run,train\nb.mp4,run,test\n"
    touch(write(tmp_path / "videos", {"annotations.csv": rows}), "a.mp4")
    text = (
        "version: 1\ndatasets: {mine: {adapter: manifest, root: videos}}\nrecipes: {r: {}}\n"
        "models: {m: {backbone: r2plus1d_narrow}}\nexperiments:\n"
        "  e: {factor: domain, dataset: mine, task: recognition, protocol: finetune, recipe: r}\n"
        "suites: {s: {blocks: [{models: m, experiments: e}]}}\n"
    )
    config = write(tmp_path, {"b.yaml": text}) / "b.yaml"
    code, told = run("check", "mine", "--config", config, "--json")
    assert code == 2
    assert json.loads(told)["splits"]["test"]["missing"] == ["b.mp4"]
    touch(tmp_path / "videos", "b.mp4")
    assert run("check", "mine", "--config", config)[0] == 0
    code, told = run("check", "mine", "--config", config, "--decode")
    assert code == 2
    assert "unreadable: a.mp4: is empty" in told
    with pytest.raises(UserError, match="'other' is no dataset with a root; name one"):
        run("check", "other", "--config", config)


def test_budget_and_check_take_a_dataset_of_the_yaml(tmp_path: Path) -> None:
    rows = "path,label,split\na.mp4,run,train\nb.mp4,run,train\nc.mp4,run,test\n"
    root = touch(write(tmp_path / "v", {"annotations.csv": rows}), "a.mp4", "b.mp4", "c.mp4")
    config = tmp_path / "benchmarks.yaml"
    mine = f"  mine: {{adapter: manifest, root: {root}}}\n"
    config.write_text(TINY.replace("datasets:\n", f"datasets:\n{mine}", 1))
    code, text = run("budget", "mine", "--n", 1, "--config", config)
    assert code == 0
    (line,) = text.splitlines()
    assert line in {"a.mp4 0", "b.mp4 0"}
    for command in ("budget", "check"):
        with pytest.raises(UserError, match="'fold': extra inputs are not permitted"):
            run(command, "mine", "--config", config, "--option", "fold=2")
        with pytest.raises(UserError, match="name one, or a dataset adapter with --annotations"):
            run(command, "other", "--config", config)
