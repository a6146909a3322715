"""For all tests."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("severe", deadline=None)  # no test asserts a time
settings.load_profile("severe")


@pytest.fixture
def forgotten(tmp_path: Path) -> Iterator[None]:
    """Modules that a test imports from its own folder are gone after it."""
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        module = sys.modules[name]
        places = [getattr(module, "__file__", None), *getattr(module, "__path__", ())]
        if any(Path(place).is_relative_to(tmp_path) for place in places if place):
            del sys.modules[name]
