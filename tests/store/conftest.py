"""One results folder for each test."""

from pathlib import Path

import pytest

from severe_bench.store.layout import Layout


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "results", "demo")
