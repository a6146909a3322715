"""`severe data check` on correct, incomplete and damaged annotation folders of every dataset."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from severe_bench.cli.data import data
from severe_bench.data.adapter import ADAPTERS
from tests.data.datasets.complete import COUNTED, OFFICIAL

LARGE = {"ssv2", "mini_kinetics", "epic_kitchens_100"}
"""Read whole once only: these take a second or two each time."""

NAMES = sorted(OFFICIAL)


def checked(name: str, folder: Path) -> tuple[int, dict[str, Any]]:
    arguments = ["check", name, "--annotations", str(folder), "--json"]
    result = CliRunner().invoke(data, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    found: dict[str, Any] = json.loads(result.stdout)
    assert found["dataset"] == name
    assert (result.exit_code == 0) is found["ok"]
    return result.exit_code, found


def test_every_dataset_that_scripts_may_name() -> None:
    assert set(NAMES) == set(ADAPTERS.names()) - {"procedural"}
    assert len(NAMES) == 20


@pytest.mark.parametrize("name", NAMES)
def test_correct_short_damaged_and_without_its_file(tmp_path: Path, name: str) -> None:
    """The files are searched at any depth, and one edit makes the difference."""
    official, folder = OFFICIAL[name], tmp_path / ("deep/er" if name != "manifest" else "")
    official.write(folder)
    code, found = checked(name, tmp_path)
    assert (code, found["problem"]) == (0, None)
    assert set(found["splits"]) == {"train", "test"}
    expected = found["expected"] or {}
    for split, of in found["splits"].items():
        assert of["records"] > 0
        assert of["missing"] == []
        wanted = expected.get(split, {})
        assert wanted.get("records") in (None, of["records"])
        assert wanted.get("classes") in (None, of["classes"])

    path = folder / official.train
    content = path.read_bytes()
    if name in COUNTED - LARGE:
        path.write_bytes(official.shorter(content))
        code, short = checked(name, tmp_path)
        assert (code, short["problem"]) == (2, None)
        assert short["splits"]["train"]["records"] == expected["train"]["records"] - 1

    path.write_bytes(official.damaged(content))
    code, damaged = checked(name, tmp_path)
    assert (code, damaged["splits"]) == (2, {})
    assert path.name in damaged["problem"]
    assert "\n" not in damaged["problem"]

    path.unlink()
    code, without = checked(name, tmp_path)
    assert code == 2
    assert (
        without["problem"] or without["splits"]["train"]["records"] < expected["train"]["records"]
    )
