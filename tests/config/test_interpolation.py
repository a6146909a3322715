import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from severe_bench.config.interpolation import interpolate
from severe_bench.core.errors import UserError

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
TEXTS = st.text(alphabet=st.characters(exclude_characters="\0"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${A}", "1"),
        ("x${A}y${B}z", "x1ytwoz"),
        ("${C:-3}", "3"),
        ("${C:-}", ""),
        ("${A:-9}", "1"),
        ("${EMPTY:-9}", "9"),
        ("${EMPTY}", ""),
        ("$$", "$"),
        ("$${A}", "${A}"),
        ("$$$${A}", "$${A}"),
        ("$$${A}", "$1"),
        ("a $ b $A", "a $ b $A"),
    ],
)
def test_values_defaults_and_escapes(text: str, expected: str) -> None:
    assert interpolate(text, {"A": "1", "B": "two", "EMPTY": ""}) == expected


def test_an_unset_variable_names_itself_and_two_ways_out() -> None:
    with pytest.raises(UserError) as caught:
        interpolate("${DATA}/x", {})
    assert str(caught.value) == (
        "the environment variable DATA is not set; export DATA=... or write ${DATA:-default}"
    )


@pytest.mark.parametrize("text", ["${", "${}", "${A", "${1}", "${A-b}", "${A:b}"])
def test_a_broken_reference_is_refused(text: str) -> None:
    with pytest.raises(UserError, match=re.escape("write ${NAME}")):
        interpolate(text, {"A": "1"})


@given(TEXTS)
def test_doubling_dollars_keeps_any_text(text: str) -> None:
    assert interpolate(text.replace("$", "$$"), {}) == text


@given(NAMES, TEXTS, TEXTS)
def test_values_go_in_as_they_are_and_are_not_read_again(
    name: str, value: str, around: str
) -> None:
    plain = around.replace("$", "")
    assert interpolate(f"{plain}${{{name}}}{plain}", {name: value}) == f"{plain}{value}{plain}"


@given(NAMES, TEXTS.filter(lambda text: "}" not in text))
def test_any_default_without_a_brace(name: str, default: str) -> None:
    assert interpolate(f"${{{name}:-{default}}}", {}) == default
