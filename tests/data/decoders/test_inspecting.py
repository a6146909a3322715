import pytest

from severe_bench.data.decoders.inspecting import _groups_are_closed, _Packet

KEY, MERE_KEY = "K", "k"


def packets(spelt: str) -> list[_Packet]:
    """`K0 2 1` in decoding order: K a clean key frame, k another key frame, - no time stamp."""
    made = []
    for word in spelt.split():
        time = word.lstrip("Kk")
        is_key = word[0] in (KEY, MERE_KEY)
        made.append(_Packet(None if time == "-" else int(time), is_key, word[0] == KEY))
    return made


@pytest.mark.parametrize(
    ("spelt", "closed"),
    [
        ("K0 1 2 K3 4", True),
        ("K0 3 1 2 K4 6 5", True),
        ("K0 3 1 2 k4 6 5", False),
        ("K0 1 K4 2 3 5", False),
        ("K0 1 K4 5 3", False),
        ("0 K1 2", False),
        ("K0 1 1", False),
        ("K0 - 2", False),
    ],
)
def test_closed_groups_of_pictures(spelt: str, closed: bool) -> None:
    assert _groups_are_closed(packets(spelt)) is closed
