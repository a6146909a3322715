"""Finding the source of other packages; `tests/models/test_factory.py` has the rest."""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path

import pytest

from severe_bench.core.errors import UserError
from severe_bench.core.source import source_file, source_of


def test_a_package_that_only_a_finder_of_its_own_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`pip install -e .` of a package that lies beside its pyproject.toml installs such a one."""
    folder = tmp_path / "elsewhere"
    (folder / "deep").mkdir(parents=True)
    for name in ("__init__.py", "models.py", "deep/__init__.py", "deep/blocks.py"):
        (folder / name).write_text("raise RuntimeError('imported')\n")

    class Finder:
        @staticmethod
        def find_spec(
            name: str, path: Sequence[str] | None = None, target: object = None
        ) -> ModuleSpec | None:
            first = str(folder / "__init__.py")
            places = [str(folder)]
            if name != "editable":
                return None
            return spec_from_file_location(name, first, submodule_search_locations=places)

    with pytest.raises(UserError, match="there is no module editable here"):
        source_file("editable.models")
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder])
    assert source_file("editable.models") == folder / "models.py"
    assert source_file("editable.deep.blocks") == folder / "deep" / "blocks.py"
    before = source_of("editable.models")
    assert before.library is None
    (folder / "deep" / "blocks.py").write_text("WIDTH = 4\n")
    assert source_of("editable.models") != before
    assert "editable" not in sys.modules
