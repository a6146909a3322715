import pytest
import torch

from severe_bench.core.record import Dataset
from severe_bench.models.backbone import BACKBONES
from tests.adapt.counting.fakes import make_beats


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny backbone; tasks and metrics are the real ones, unlike in the room above."""
    torch.set_num_threads(1)
    monkeypatch.setitem(BACKBONES._entries, "tiny", "tests.adapt.fakes:TINY")


@pytest.fixture(scope="session")
def beats(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return make_beats(tmp_path_factory.mktemp("beats"))
