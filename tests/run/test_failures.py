"""Classes of failure by the exceptions themselves."""

from pathlib import Path

import pytest

from severe_bench.core.errors import NotFinite, UserError
from severe_bench.data.decoders.decoder import VideoError
from severe_bench.run.failures import HINTS, diagnose, storage_error
from severe_bench.store.result import FailureClass
from severe_bench.train.errors import NanLoss


def raised(error: Exception, cause: Exception | None = None) -> Exception:
    try:
        raise error from cause
    except Exception as caught:
        return caught


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), "out_of_memory"),
        (
            RuntimeError("DefaultCPUAllocator: can't allocate memory"),
            "out_of_memory",
        ),
        (OSError(12, "Cannot allocate memory"), "out_of_memory"),
        (NanLoss(float("nan"), 1, 2), "nan_loss"),
        (NotFinite("the network's outputs hold NaN or infinity"), "nan_loss"),
        (VideoError("is truncated", __file__), "decode"),
        (VideoError("no such video", "/nowhere/x.mp4"), "missing_data"),
        (FileNotFoundError(2, "No such file", "/nowhere/x.csv"), "missing_data"),
        (UserError("there is no training sample"), "user"),
        (RuntimeError("shapes differ"), "other"),
        (KeyError("x"), "other"),
    ],
)
def test_each_is_classified_with_a_hint(error: Exception, expected: FailureClass) -> None:
    found = diagnose(raised(error))
    assert found.failure_class == expected
    assert found.hint == HINTS[expected]
    assert "\n" not in found.message
    assert "Traceback" in found.traceback


def test_torchs_own_error_is_known() -> None:
    import torch

    assert diagnose(torch.OutOfMemoryError("CUDA")).failure_class == "out_of_memory"


def test_the_cause_counts() -> None:
    error = raised(RuntimeError("in a loader"), MemoryError())
    assert diagnose(error).failure_class == "out_of_memory"


@pytest.mark.parametrize("code", [28, 30, 122])
def test_a_full_or_read_only_disk_is_no_fault_of_the_cell(tmp_path: Path, code: int) -> None:
    found = storage_error(raised(OSError(code, "x", str(tmp_path / "f"))), tmp_path)
    assert found is not None
    assert found.mend


def test_a_refused_write_in_the_cells_folder_is_none_of_its_fault(tmp_path: Path) -> None:
    cause = PermissionError(13, "Permission denied")
    inside = raised(UserError("cannot write", str(tmp_path / "a")), cause)
    outside = raised(UserError("cannot write", "/elsewhere/a"), cause)
    assert storage_error(inside, tmp_path) is inside
    assert storage_error(outside, tmp_path) is None


def test_torch_on_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    error = raised(RuntimeError("PytorchStreamWriter failed writing file"))
    assert storage_error(error, tmp_path) is None
    monkeypatch.setattr("severe_bench.run.failures._is_full", lambda folder: True)
    found = storage_error(error, tmp_path)
    assert found is not None
    assert "No space left" in str(found)
