"""Small official files for the adapters' tests."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from severe_bench.core.errors import UserError
from severe_bench.core.record import Dataset
from severe_bench.data.adapter import ADAPTERS, Location
from severe_bench.data.check import parsed_options


def write(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write files by relative path; the folder itself comes back."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def touch(folder: Path, *names: str) -> Path:
    """Empty files: no adapter opens a video."""
    return write(folder, dict.fromkeys(names, b""))


def load(name: str, folder: Path, root: Path | None = None, **options: object) -> Dataset:
    adapter = ADAPTERS.get(name)
    return adapter.load(parsed_options(adapter, options), Location(root, folder))


def fault(name: str, folder: Path, root: Path | None = None, **options: object) -> str:
    """The one line that a user sees where loading fails."""
    with pytest.raises(UserError) as caught:
        load(name, folder, root, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def problems(name: str, folder: Path | None, **options: object) -> list[str]:
    adapter = ADAPTERS.get(name)
    return adapter.problems(parsed_options(adapter, options), Location(folder, folder))


def digest(name: str, folder: Path, root: Path | None = None, **options: object) -> str:
    adapter = ADAPTERS.get(name)
    return adapter.digest(parsed_options(adapter, options), Location(root, folder))


def rows(dataset: Dataset) -> list[tuple[str, int | None, str]]:
    return [(record.sample, record.label, record.split) for record in dataset.records]
