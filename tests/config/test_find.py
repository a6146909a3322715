from pathlib import Path

import pytest

from severe_bench.config.find import PACKAGED, find_config
from severe_bench.core.errors import UserError


def test_the_given_file_then_the_folders_own_then_the_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_config(None) == PACKAGED
    assert PACKAGED.is_file()
    (tmp_path / "benchmarks.yaml").write_text("version: 1\n")
    assert find_config(None) == Path("benchmarks.yaml")
    (tmp_path / "mine.yaml").write_text("version: 1\n")
    assert find_config(Path("mine.yaml")) == Path("mine.yaml")


def test_a_given_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        find_config(tmp_path / "mine.yaml")
    assert str(caught.value) == f"{tmp_path}/mine.yaml: no such file; pass -c FILE, or leave it out"
