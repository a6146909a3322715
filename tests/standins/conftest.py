from pathlib import Path

import pytest
import torch

from tests.standins.datasets import build
from tests.standins.running import write_checkpoints


@pytest.fixture(scope="session")
def environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """`SEVERE_DATA` and `SEVERE_CHECKPOINTS` of the stand-ins, made once."""
    torch.set_num_threads(1)
    root: Path = tmp_path_factory.mktemp("standins")
    write_checkpoints(root / "checkpoints")
    data = build(root / "data")
    return {"SEVERE_DATA": str(data), "SEVERE_CHECKPOINTS": str(root / "checkpoints")}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The complete sweep takes minutes: it runs where it is asked for."""
    if "full" in config.getoption("-m"):
        return
    skip = pytest.mark.skip(reason="complete sweep: pytest -m full tests/standins")
    for item in items:
        if item.get_closest_marker("full"):
            item.add_marker(skip)
