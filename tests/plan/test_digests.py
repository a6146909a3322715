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


def test_another_file_of_the_same_size_and_time_is_read_again(
    weights: Path, tmp_path: Path
) -> None:
    """As `cp -p`, `rsync -t` or a restored backup leave it."""
    memory = tmp_path / "digests.json"
    os.utime(weights, ns=(1, 1))
    first = FileDigests(memory)
    assert first(weights) == SHA
    first.save()
    weights.write_bytes(b"abd")
    os.utime(weights, ns=(1, 1))
    assert FileDigests(memory)(weights) == hashlib.sha256(b"abd").hexdigest()
    other = tmp_path / "other.pt"
    other.write_bytes(b"abe")
    os.utime(other, ns=(1, 1))
    other.replace(weights)
    assert FileDigests(memory)(weights) == hashlib.sha256(b"abe").hexdigest()


def test_a_file_keeps_one_entry(weights: Path, tmp_path: Path) -> None:
    memory = tmp_path / "digests.json"
    for content in (b"abc", b"abcd"):
        weights.write_bytes(content)
        digests = FileDigests(memory)
        digests(weights)
        digests.save()
    assert list(json.loads(memory.read_text())) == [str(weights)]


def test_what_is_forgotten_is_read_again(weights: Path, tmp_path: Path) -> None:
    memory = tmp_path / "digests.json"
    digests = FileDigests(memory)
    digests(weights)
    digests.save()
    again = FileDigests(memory)
    again.forget(weights)
    again.forget(tmp_path / "never-seen.pt")
    again.save()
    assert json.loads(memory.read_text()) == {}


@pytest.mark.parametrize("content", ["", "{", "[]", '{"a": 1}', '{"/a:3:1": "00"}', "\x00"])
def test_a_damaged_memory_is_forgotten(weights: Path, tmp_path: Path, content: str) -> None:
    memory = tmp_path / "digests.json"
    memory.write_text(content)
    digests = FileDigests(memory)
    assert digests(weights) == SHA
    digests.save()
    assert [known["sha256"] for known in json.loads(memory.read_text()).values()] == [SHA]


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
