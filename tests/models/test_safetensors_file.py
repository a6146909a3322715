import json
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from severe_bench.core.errors import UserError
from severe_bench.models.backbone import BACKBONES
from severe_bench.models.check import check_file
from severe_bench.models.reading import read_checkpoint
from severe_bench.models.safetensors_file import DTYPES, read_safetensors
from severe_bench.models.weights import Metadata, load_checkpoint


def file(header: object, data: bytes) -> bytes:
    """By the specification: length of the header (8 bytes, little end first), header, data."""
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def entry(dtype: str, shape: list[int], first: int, last: int) -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [first, last]}


def written(path: Path, tensors: dict[str, torch.Tensor], notes: dict[str, str]) -> None:
    names = {dtype: name for name, dtype in DTYPES.items()}
    header: dict[str, object] = {"__metadata__": notes}
    data = b""
    for name, tensor in tensors.items():
        flat = tensor.contiguous().reshape(-1).view(torch.uint8)
        raw = bytes(flat.tolist())
        header[name] = entry(
            names[tensor.dtype], list(tensor.shape), len(data), len(data) + len(raw)
        )
        data += raw
    path.write_bytes(file(header, data))


def test_a_file_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    header = {"a": entry("F32", [2], 0, 8), "b": entry("U8", [1, 3], 8, 11)}
    path.write_bytes(file(header, b"\x00\x00\x80\x3f\x00\x00\x00\xc0\x01\x02\x03"))
    found = read_safetensors(path)
    assert found.tensors["a"].tolist() == [1.0, -2.0]
    assert found.tensors["b"].tolist() == [[1, 2, 3]]
    assert found.notes == {}


@pytest.mark.parametrize("dtype", DTYPES.values(), ids=str)
def test_every_type_comes_back_to_the_bit(dtype: torch.dtype, tmp_path: Path) -> None:
    tensor = torch.tensor([[0, 1, 1], [1, 0, 0]]).to(dtype)
    written(tmp_path / "w.safetensors", {"a": tensor, "none": torch.zeros(0, 3)}, {"k": "v"})
    found = read_safetensors(tmp_path / "w.safetensors")
    assert found.tensors["a"].dtype == dtype
    assert torch.equal(found.tensors["a"], tensor)
    assert found.tensors["none"].shape == (0, 3)
    assert found.notes == {"k": "v"}


def test_the_library_and_we_agree(tmp_path: Path) -> None:
    library = pytest.importorskip("safetensors.torch")
    tensors = {"a": torch.randn(3, 4), "b": torch.arange(5), "c": torch.randn(2).half()}
    library.save_file(tensors, tmp_path / "w.safetensors", metadata={"k": "v"})
    found = read_safetensors(tmp_path / "w.safetensors")
    assert found.notes == {"k": "v"}
    assert all(torch.equal(found.tensors[name], tensor) for name, tensor in tensors.items())


BROKEN = {
    "empty": b"",
    "cut off": b"\x01\x02",
    "no header": (0).to_bytes(8, "little"),
    "endless header": (2**63).to_bytes(8, "little") + b"{}",
    "no json": (4).to_bytes(8, "little") + b"{{{{",
    "no object": file([1], b""),
    "no entry": file({"a": 1}, b""),
    "odd type": file({"a": entry("F8", [1], 0, 1)}, b"\x00"),
    "negative": file({"a": entry("U8", [-1, -1], 0, 1)}, b"\x00"),
    "outside": file({"a": entry("F32", [2], 0, 8)}, b"\x00" * 7),
    "before": file({"a": entry("U8", [4], -4, 0)}, b"\x00" * 7),
    "too large": file({"a": entry("F32", [10**12], 0, 4)}, b"\x00" * 4),
    "overlap": file({"a": entry("U8", [4], 0, 4), "b": entry("U8", [4], 2, 6)}, b"\x00" * 6),
    "hole": file({"a": entry("U8", [2], 0, 2), "b": entry("U8", [2], 4, 6)}, b"\x00" * 6),
    "left over": file({"a": entry("U8", [4], 0, 4)}, b"\x00" * 5),
    "no size": file({"a": entry("F32", [0, 2**63], 0, 0)}, b""),
    "notes": file({"__metadata__": {"a": [1]}}, b""),
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_broken_files_are_refused_in_one_line(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"w\.safetensors: not a sound") as refused:
        read_checkpoint(path)
    assert "\n" not in str(refused.value)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.safetensors"
    path.write_bytes(content)
    try:
        read_safetensors(path)
    except UserError:
        return
    assert content[8:9] == b"{"


def test_checkpoints_load_from_it(tmp_path: Path) -> None:
    network = BACKBONES.get("r2plus1d_narrow").build()
    about = Metadata(
        method="x", backbone="r2plus1d_narrow", recipe={}, dataset="", seed=0, torch=""
    )
    path = tmp_path / "w.safetensors"
    written(path, network.state_dict(), {"metadata": about.model_dump_json()})
    assert load_checkpoint(path, "severe").metadata == about
    assert check_file(path).as_data()["matched"] == 102
    assert check_file(path, "torchvision", "r2plus1d_narrow").match.ok
