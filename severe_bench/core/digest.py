"""Content hashes: the identity of cells, datasets, weights and files."""

import hashlib
import json
from pathlib import Path

from pydantic import BaseModel

ID_LENGTH = 16


def canonical_json(value: object) -> str:
    """JSON with sorted keys and no spaces; pydantic models are dumped first.

    Example:
        >>> canonical_json({"b": 1, "a": (2, 3)})
        '{"a":[2,3],"b":1}'
    """
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest_of(value: object) -> str:
    """SHA-256 (64 hex digits) of the canonical JSON of `value`."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def short_id(value: object) -> str:
    """The first 16 hex digits of `digest_of`: the id of a cell."""
    return digest_of(value)[:ID_LENGTH]


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, read in blocks."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
