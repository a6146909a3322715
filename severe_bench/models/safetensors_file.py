"""The safetensors format, read by its specification: a length, a JSON header, raw numbers.

Source: https://huggingface.co/docs/safetensors, section "Format".
"""

from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import torch
from pydantic import TypeAdapter, ValidationError

from severe_bench.core.errors import UserError
from severe_bench.core.frozen import Frozen

SUFFIX = ".safetensors"
LENGTH_BYTES = 8
MAX_HEADER = 100_000_000
"""As in the reference implementation: a header is names and shapes, never more than this."""

DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}


class _Entry(Frozen):
    dtype: str
    shape: tuple[int, ...]
    data_offsets: tuple[int, int]


_ENTRIES = TypeAdapter(dict[str, _Entry])
_HEADER = TypeAdapter(dict[str, Any])
_NOTES = TypeAdapter(dict[str, str])


@dataclass(frozen=True)
class SafetensorsFile:
    """What such a file holds: tensors by name, and its `__metadata__`."""

    tensors: dict[str, torch.Tensor]
    notes: dict[str, str]


def read_safetensors(path: Path) -> SafetensorsFile:
    """Read a file; nothing in it can be run.

    Raises:
        UserError: it is cut off, or not in this format.
    """
    content = path.read_bytes()
    try:
        return _parsed(content)
    except (ValueError, ValidationError, RuntimeError, TypeError) as error:
        what = f"not a sound safetensors file ({str(error).splitlines()[0]})"
        raise UserError(what, str(path), "copy or download it again") from error


def _parsed(content: bytes) -> SafetensorsFile:
    length = int.from_bytes(content[:LENGTH_BYTES], "little")
    start = LENGTH_BYTES + length
    if not 0 < length <= MAX_HEADER or start > len(content):
        raise ValueError("its header is cut off")
    header = _HEADER.validate_json(content[LENGTH_BYTES:start])
    notes = _NOTES.validate_python(header.pop("__metadata__", {}))
    buffer = memoryview(content)[start:]
    entries = _ENTRIES.validate_python(header)
    _require_one_after_another(sorted(e.data_offsets for e in entries.values()), len(buffer))
    return SafetensorsFile({name: _tensor(buffer, e) for name, e in entries.items()}, notes)


def _require_one_after_another(places: list[tuple[int, int]], end: int) -> None:
    """Every byte belongs to one tensor, as the format has it; else the header is of another file.

    Raises:
        ValueError: tensors overlap, or bytes are left over.
    """
    firsts, lasts = [first for first, _ in places], [last for _, last in places]
    if [*firsts, end] != [0, *lasts]:
        raise ValueError("its tensors overlap, or leave bytes out")


def _tensor(buffer: memoryview, entry: _Entry) -> torch.Tensor:
    if entry.dtype not in DTYPES or min(entry.shape, default=0) < 0:
        raise ValueError(f"type {entry.dtype}, shape {entry.shape}")
    dtype = DTYPES[entry.dtype]
    first, last = entry.data_offsets
    size = prod(entry.shape) * dtype.itemsize
    if not 0 <= first <= last <= len(buffer) or last - first != size:
        raise ValueError(f"{size} bytes of a tensor are said to lie at {first} to {last}")
    numbers = bytearray(buffer[first:last])  # a copy, which torch may write to
    if not numbers:
        return torch.empty(entry.shape, dtype=dtype)
    return torch.frombuffer(numbers, dtype=dtype).reshape(entry.shape)
