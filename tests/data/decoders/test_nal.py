import pytest

from severe_bench.data.decoders.nal import is_clean_start

AVCC = bytes([1, 100, 0, 10, 0xFF])
HVCC = bytes([1, *[0] * 20, 0xFF])


def units(*payloads: bytes, prefix: int = 4) -> bytes:
    return b"".join(len(p).to_bytes(prefix, "big") + p for p in payloads)


def test_h264_idr_after_parameter_sets_is_clean() -> None:
    assert is_clean_start("h264", AVCC, units(b"\x67abc", b"\x68d", b"\x06sei", b"\x65slice"))


def test_h264_recovery_point_is_not() -> None:
    assert not is_clean_start("h264", AVCC, units(b"\x06sei", b"\x41\x65\x65slice"))


def test_length_size_comes_from_the_setup() -> None:
    packet = units(b"\x06\x01\x01\x01", b"\x65slice", prefix=2)
    assert is_clean_start("h264", bytes([1, 100, 0, 10, 0xFD]), packet)
    assert not is_clean_start("h264", AVCC, packet)


@pytest.mark.parametrize(("kind", "clean"), [(19, True), (20, True), (21, False), (16, False)])
def test_hevc(kind: int, clean: bool) -> None:
    assert is_clean_start("hevc", HVCC, units(bytes([kind << 1, 1, 7, 7]))) is clean


@pytest.mark.parametrize("setup", [b"", b"\x01", b"\x00\x00\x00\x01\x67", b"\x00\x00\x01\x67\x42"])
def test_without_a_setup_box_nothing_is_trusted(setup: bytes) -> None:
    assert not is_clean_start("h264", setup, units(b"\x65slice"))


def test_other_codecs_have_clean_key_frames_only() -> None:
    assert is_clean_start("vp9", b"", b"\x82")
