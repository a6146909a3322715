import io
import os
import pickle
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from severe_bench.core.errors import UserError
from severe_bench.models.layout import Layout
from severe_bench.models.reading import read_checkpoint, unwrapped

FLAT = Layout("flat")


class Bomb:
    """Runs a command when it is unpickled."""

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("echo ran > ran.txt",)


class Door:
    """Reaches for a function through `getattr`, as gadget chains do."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, str]]:
        return getattr, (torch.Tensor, "__reduce_ex__")


def zipped(path: Path, content: object) -> None:
    torch.save(content, path)


def legacy(path: Path, content: object) -> None:
    torch.save(content, path, _use_new_zipfile_serialization=False)


def bare(path: Path, content: object) -> None:
    path.write_bytes(pickle.dumps(content))


def tarred(path: Path, content: object) -> None:
    """The form of the first versions of torch."""
    with tarfile.open(path, "w") as archive:
        for name in ("sys_info", "pickle", "storages", "tensors"):
            data = pickle.dumps(content, protocol=2)
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


@pytest.mark.parametrize("save", [zipped, legacy, bare, tarred], ids=lambda save: save.__name__)
@pytest.mark.parametrize(
    "content",
    [Bomb(), Door(), {"state_dict": Bomb()}, {"a": torch.zeros(1), "meta": [{"deep": Bomb()}]}],
    ids=["bomb", "door", "wrapped", "deep"],
)
def test_what_needs_pickle_is_refused_in_one_line_and_never_run(
    save: Callable[[Path, object], None],
    content: object,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    recwarn: pytest.WarningsRecorder,
) -> None:
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "w.pth", content)
    with pytest.raises(UserError) as refused:
        read_checkpoint(tmp_path / "w.pth")
    assert not (tmp_path / "ran.txt").exists()
    assert "w.pth: the checkpoint" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not recwarn.list


def test_the_bomb_is_a_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    zipped(tmp_path / "w.pth", Bomb())
    torch.load(tmp_path / "w.pth", weights_only=False)
    assert (tmp_path / "ran.txt").exists()


def test_the_way_to_convert_is_named(tmp_path: Path) -> None:
    zipped(tmp_path / "w.pth", {"state_dict": Bomb()})
    said = r"needs pickle.*container.*torch\.save\(torch\.load.*or \.state_dict\(\)"
    with pytest.raises(UserError, match=said):
        read_checkpoint(tmp_path / "w.pth")


def script(path: Path) -> None:
    torch.jit.save(torch.jit.script(torch.nn.Linear(1, 1)), path)


def packed(path: Path) -> None:
    torch.save({"a": torch.zeros(1000)}, path)
    with zipfile.ZipFile(path) as archive:
        items = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in items.items():
            archive.writestr(name, data)


def truncated(path: Path) -> None:
    torch.save({"a": torch.zeros(1000)}, path)
    path.write_bytes(path.read_bytes()[:2000])


def stray_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "no checkpoint")


def flipped(path: Path) -> None:
    """One bit of one number, which torch alone would load."""
    numbers = torch.full((1000,), 1.0)
    torch.save({"a": numbers}, path)
    content = bytearray(path.read_bytes())
    at = content.index(numbers.numpy().tobytes())
    content[at + 3] ^= 0x40
    path.write_bytes(content)
    assert torch.load(path, weights_only=True)["a"][0] != 1.0


def without_directory(path: Path) -> None:
    torch.save({"a": torch.zeros(1000)}, path)
    path.write_bytes(path.read_bytes().replace(b"PK\x01\x02", b"PK\x01\x09"))


def doubled(path: Path) -> None:
    torch.save({"a": torch.zeros(3)}, path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(next(n for n in archive.namelist() if "/data/" in n), b"other numbers")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("make", "words"),
    [
        (flipped, "fails its checksum"),
        (without_directory, "damaged archive"),
        (doubled, "two files of one name"),
        (lambda path: path.write_bytes(b""), "cannot be read"),
        (lambda path: path.write_text("no checkpoint at all"), "pickle|cannot be read"),
        (lambda path: path.write_bytes(b"PK\x03\x04 cut off"), "pickle|cannot be read"),
        (lambda path: path.write_bytes(bytes(range(256)) * 20), "pickle|cannot be read"),
        (Path.mkdir, "a folder"),
        (truncated, "cannot be read"),
        (stray_zip, "cannot be read"),
        (packed, "compressed archive"),
        (lambda path: torch.save([torch.zeros(1)], path), "no state dict"),
        (lambda path: None, "no such checkpoint"),
    ],
)
def test_what_is_no_checkpoint_is_refused(
    make: Callable[[Path], object], words: str, tmp_path: Path
) -> None:
    path = tmp_path / "w.pth"
    make(path)
    with pytest.raises(UserError, match=rf"w\.pth: .*({words})") as refused:
        read_checkpoint(path)
    assert "\n" not in str(refused.value)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_program_is_not_a_checkpoint(tmp_path: Path) -> None:
    script(tmp_path / "w.pth")
    with pytest.raises(UserError, match=r"w\.pth"):
        read_checkpoint(tmp_path / "w.pth")


@pytest.mark.parametrize(
    "tensor",
    [
        torch.zeros(1).expand(10**12),  # 4 bytes that would become 4 terabytes
        torch.zeros(4, 4).to_sparse(),
        torch.empty(3, device="meta"),
    ],
    ids=["expanded", "sparse", "meta"],
)
def test_odd_tensors_are_refused(tensor: Tensor, tmp_path: Path) -> None:
    torch.save({"a": tensor}, tmp_path / "w.pth")
    with pytest.raises(UserError, match="a is not a plain tensor"):
        unwrapped(read_checkpoint(tmp_path / "w.pth"), FLAT, "w.pth")


def test_parts_of_one_storage_are_plain(tmp_path: Path) -> None:
    whole = torch.arange(6.0)
    torch.save({"a": whole[:3], "b": whole[3:]}, tmp_path / "w.pth")
    read = unwrapped(read_checkpoint(tmp_path / "w.pth"), FLAT, "w.pth")
    assert torch.equal(read["b"], whole[3:])


@pytest.mark.parametrize("content", [{}, {"epoch": 1}, {"state_dict": {}}, {"model": {"a": 1}}])
def test_no_tensors(content: dict[str, object]) -> None:
    with pytest.raises(UserError, match="no tensors"):
        unwrapped(content, FLAT, "w.pth")


def test_a_file_that_holds_itself_ends() -> None:
    content: dict[str, object] = {}
    content["state_dict"] = content
    with pytest.raises(UserError, match="no tensors"):
        unwrapped(content, FLAT, "w.pth")
