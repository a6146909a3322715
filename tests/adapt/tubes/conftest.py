import pytest
import torch

from severe_bench.core.record import Dataset
from severe_bench.models.backbone import BACKBONES
from tests.adapt.squares import make_squares


@pytest.fixture(scope="session")
def squares(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return make_squares(tmp_path_factory.mktemp("squares"))


@pytest.fixture(autouse=True)
def _with_maps(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.set_num_threads(1)
    monkeypatch.setitem(BACKBONES._entries, "tiny_maps", "tests.adapt.squares:TINY_MAPS")
