import hashlib
import json
import os
from pathlib import Path

import pytest

from severe_bench.core.errors import UserError
from severe_bench.plan import digests as module
from severe_bench.plan.digests import FileDigests


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "w.pt"
    path.write_bytes(b"abc")
    return path


SHA = hashlib.sha256(b"abc").hexdigest()


def test_a_file_is_read_once(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = tmp_path / "results" / "shared" / "digests.json"
    first = FileDigests(memory)
    assert first(weights) == SHA
    first.save()
    monkeypatch.setattr(module, "file_digest", lambda path: pytest.fail("read again"))
    assert FileDigests(memory)(weights) == SHA


def test_a_changed_file_is_read_again(weights: Path, tmp_path: Path) -> None:
    digests = FileDigests(tmp_path / "digests.json")
    assert digests(weights) == SHA
    weights.write_bytes(b"abd")
    os.utime(weights, ns=(1, 1))
    assert digests(weights) == hashlib.sha256(b"abd").hexdigest()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"a": 1}', "\x00"])
def test_a_damaged_memory_is_forgotten(weights: Path, tmp_path: Path, content: str) -> None:
    memory = tmp_path / "digests.json"
    memory.write_text(content)
    digests = FileDigests(memory)
    assert digests(weights) == SHA
    digests.save()
    assert list(json.loads(memory.read_text()).values()) == [SHA]


def test_a_memory_that_cannot_be_written_harms_nothing(weights: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    digests = FileDigests(tmp_path / "file" / "digests.json")
    assert digests(weights) == SHA
    digests.save()


def test_no_memory(weights: Path) -> None:
    digests = FileDigests(None)
    assert digests(weights) == SHA
    digests.save()


def test_nothing_learnt_writes_nothing(tmp_path: Path) -> None:
    FileDigests(tmp_path / "digests.json").save()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"w\.pt: cannot read: No such file"):
        FileDigests(None)(tmp_path / "w.pt")
