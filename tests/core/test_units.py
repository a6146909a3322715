"""Durations, speeds and sizes for people."""

import pytest

from severe_bench.core.units import bytes_text, clips_text, seconds_text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59, "59 s"), (59.7, "1 min 0 s"),
     (61, "1 min 1 s"), (119.7, "2 min 0 s"), (3599.9, "1 h 0 min"), (7260, "2 h 1 min"),
     (90000, "1 d 1 h")],
)  # fmt: skip
def test_seconds(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text


@pytest.mark.parametrize(
    ("per_second", "text"),
    [(8, "8.0 clips/s"), (0.99, "59.4 clips/min"), (1 / 30, "2.0 clips/min"),
     (1 / 61, "59.0 clips/h"), (1 / 86400, "0.042 clips/h"), (0, "0 clips/h")],
)  # fmt: skip
def test_slow_work_is_not_called_none(per_second: float, text: str) -> None:
    assert clips_text(per_second) == text


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (5 * 2**30, "5.0 GiB")]
)
def test_bytes(size: int, text: str) -> None:
    assert bytes_text(size) == text
