"""What may be a checkpoint, by its first bytes."""

import io
import tarfile
from pathlib import Path

import pytest
import torch

from severe_bench.core.errors import UserError
from severe_bench.models.file_kind import require_checkpoint_file
from tests.models.test_safetensors_file import written


def test_what_torch_writes_and_wrote_passes(tmp_path: Path) -> None:
    new, old, oldest = tmp_path / "new.pt", tmp_path / "old.pth", tmp_path / "oldest.pth.tar"
    torch.save({"w": torch.zeros(2)}, new)
    torch.save({"w": torch.zeros(2)}, old, _use_new_zipfile_serialization=False)
    with tarfile.open(oldest, "w") as archive:
        archive.addfile(tarfile.TarInfo("storages"), io.BytesIO())
    safe = tmp_path / "w.safetensors"
    written(safe, {"w": torch.zeros(2)}, {})
    for path in (new, old, oldest, safe):
        require_checkpoint_file(path)


def test_an_empty_file_and_a_text_do_not(tmp_path: Path) -> None:
    empty, text, page = tmp_path / "e.pt", tmp_path / "t.pt", tmp_path / "p.safetensors"
    empty.write_bytes(b"")
    text.write_text("weights")
    page.write_text("<!DOCTYPE html>")
    with pytest.raises(UserError, match=r"e\.pt: an empty file; copy or download it again"):
        require_checkpoint_file(empty)
    for path in (text, page):
        with pytest.raises(UserError, match="no checkpoint: not an archive"):
            require_checkpoint_file(path)
    with pytest.raises(UserError, match="cannot read: No such file"):
        require_checkpoint_file(tmp_path / "gone.pt")
