import random
import resource
import zipfile
from pathlib import Path

import pytest
import torch
from torch import nn

from severe_bench.config.recipe import Optimiser
from severe_bench.core.errors import UserError
from severe_bench.train.checkpoint import (
    CHECKPOINT_FILE,
    DAMAGED_FILE,
    Tally,
    Trained,
    fingerprint,
    restore,
    save,
)
from severe_bench.train.optim import build_optimiser
from tests.train.fakes import assert_same, state_of


def trained(width: int = 5, name: str = "adam") -> Trained:
    net = nn.Sequential(nn.Linear(4, width), nn.BatchNorm1d(width))
    optimiser = build_optimiser(Optimiser.model_validate({"name": name}), net.parameters())
    net(torch.randn(6, 4)).square().sum().backward()
    optimiser.step()
    return Trained(net, optimiser, "cpu")


TALLY = Tally(steps=3, clips=18, seconds=0.5, loss=0.25)


def test_everything_comes_back(tmp_path: Path) -> None:
    first, path = trained(), tmp_path / CHECKPOINT_FILE
    save(path, first, TALLY, "key")
    expected = torch.rand(4)
    torch.rand(9)
    second = trained()
    assert restore(path, second, "key") == TALLY
    assert torch.equal(torch.rand(4), expected)
    assert_same(state_of(second.module), state_of(first.module))
    left, right = first.optimiser.state_dict()["state"], second.optimiser.state_dict()["state"]
    for index, slots in left.items():
        assert_same(slots, right[index])


def test_without_a_file_training_starts(tmp_path: Path) -> None:
    tally = restore(tmp_path / CHECKPOINT_FILE, trained(), "key")
    assert (tally.steps, tally.clips, tally.seconds) == (0, 0, 0.0)


@pytest.mark.parametrize("seed", range(40))
def test_no_damaged_byte_is_trusted(tmp_path: Path, seed: int) -> None:
    """Any byte flipped: the file is set aside, or what is read is what was written."""
    draws = random.Random(seed)
    first, path = trained(), tmp_path / CHECKPOINT_FILE
    save(path, first, TALLY, "key")
    content = bytearray(path.read_bytes())
    content[draws.randrange(len(content))] ^= draws.randint(1, 255)
    path.write_bytes(content)
    second = trained()
    fresh = state_of(second.module)
    tally = restore(path, second, "key")
    aside = tmp_path / DAMAGED_FILE
    assert aside.exists() != path.exists()
    assert tally.steps == (0 if aside.exists() else 3)
    assert_same(state_of(second.module), fresh if aside.exists() else state_of(first.module))


def test_a_flipped_bit_of_a_weight_is_noticed(tmp_path: Path) -> None:
    """torch itself would load it: it does not look at the archive's checksums."""
    first, path = trained(), tmp_path / CHECKPOINT_FILE
    save(path, first, TALLY, "key")
    content = bytearray(path.read_bytes())
    weight = first.module.state_dict()["0.weight"].numpy().tobytes()
    content[content.index(weight) + 5] ^= 1
    path.write_bytes(content)
    assert torch.load(path, weights_only=True)["key"] == "key"
    assert restore(path, trained(), "key").steps == 0
    assert (tmp_path / DAMAGED_FILE).exists()


@pytest.mark.parametrize("keep", [0, 1, 100, 2000])
def test_a_cut_file_is_set_aside(
    tmp_path: Path, keep: int, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / CHECKPOINT_FILE
    save(path, trained(), TALLY, "key")
    path.write_bytes(path.read_bytes()[:keep])
    assert restore(path, trained(), "key").steps == 0
    assert (tmp_path / DAMAGED_FILE).exists()
    assert str(path) in caplog.text


def test_a_program_is_not_run(tmp_path: Path) -> None:
    """A checkpoint that needs pickle is refused, not executed."""

    class Bomb:
        def __reduce__(self):  # noqa: ANN204
            return Path.touch, (tmp_path / "exploded",)

    path = tmp_path / CHECKPOINT_FILE
    torch.save({"key": "key", "module": Bomb()}, path)
    assert restore(path, trained(), "key").steps == 0
    assert not (tmp_path / "exploded").exists()


def test_another_zip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / CHECKPOINT_FILE
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("holiday.txt", "sun")
    assert restore(path, trained(), "key").steps == 0


def test_another_key_is_refused(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / CHECKPOINT_FILE
    save(path, trained(), TALLY, "another")
    assert restore(path, trained(), "key").steps == 0
    assert "another recipe" in caplog.text


def test_a_failed_write_is_an_os_error_and_the_last_checkpoint_stays(tmp_path: Path) -> None:
    """Of the operating system, not torch's RuntimeError: `atomic_path` then says what to do."""
    path = tmp_path / CHECKPOINT_FILE
    save(path, trained(), TALLY, "key")
    before = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(OSError, match="too large"):
            save(path, trained(), TALLY, "key")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [left.name for left in tmp_path.iterdir()] == [CHECKPOINT_FILE]
    assert path.read_bytes() == before


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot write"):
        save(tmp_path / "file" / "cell" / CHECKPOINT_FILE, trained(), TALLY, "key")


def test_the_fingerprint_names_all_that_must_agree() -> None:
    reference = fingerprint(trained(), ["recipe", 0])
    assert fingerprint(trained(), ["recipe", 0]) == reference
    others = [
        fingerprint(trained(), ["recipe", 1]),
        fingerprint(trained(width=6), ["recipe", 0]),
        fingerprint(trained(name="sgd"), ["recipe", 0]),
    ]
    assert len({reference, *others}) == 4
