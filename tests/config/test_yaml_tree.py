import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from severe_bench.config.yaml_tree import read_tree
from severe_bench.core.errors import UserError


def read(folder: Path, text: str, **environ: str) -> object:
    path = folder / "b.yaml"
    path.write_text(text)
    return read_tree(path, environ).data


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1e-4", 1e-4),
        ("1E5", 1e5),
        ("1.", 1.0),
        (".5", 0.5),
        ("-2.5e+3", -2500.0),
        ("3", 3),
        ("-3", -3),
        ("010", 10),
        ("0x10", 16),
        ("0o10", 8),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("null", None),
        ("no", "no"),
        ("on", "on"),
        ("off", "off"),
        ("Yes", "Yes"),
        ("NaN", "NaN"),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("2024-01-01", "2024-01-01"),
        ("'3'", "3"),
        ('"1e-4"', "1e-4"),
        ("${N}", 7),
        ("${M:-3}", 3),
        ("${M:-1e-4}", 1e-4),
        ("${M:-no}", "no"),
        ("${M:-true}", True),
        ("'${N}'", "7"),
        ("[no, on, 1e-4]", ["no", "on", 1e-4]),
    ],
)
def test_scalars_follow_yaml_1_2_and_are_typed_after_interpolation(
    tmp_path: Path, text: str, expected: object
) -> None:
    found = read(tmp_path, f"key: {text}\n", N="7")
    assert found == {"key": expected}
    assert isinstance(found, dict)
    assert type(found["key"]) is type(expected)


def test_keys_are_text(tmp_path: Path) -> None:
    assert read(tmp_path, "no: 1\n1: 2\ntrue: 3\n~: 4\n") == {"no": 1, "1": 2, "true": 3, "~": 4}


def test_aliases_repeat_their_anchor(tmp_path: Path) -> None:
    assert read(tmp_path, "a: &x {n: 1}\nb: *x\n") == {"a": {"n": 1}, "b": {"n": 1}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2\n", "{f}:2: a: given twice (first in line 1)"),
        ("a: {b: 1, b: 2}\n", "{f}:1: b: given twice (first in line 1)"),
        ("a: .nan\n", "{f}:1: .nan is not a finite number"),
        ("a: -.inf\n", "{f}:1: -.inf is not a finite number"),
        ("a: 1e999\n", "{f}:1: 1e999 is not a finite number"),
        (
            "x: 1\na: ${HOME_OF_DATA}\n",
            "{f}:2: the environment variable HOME_OF_DATA is not set; "
            "export HOME_OF_DATA=... or write ${HOME_OF_DATA:-default}",
        ),
        ("a: ${\n", "{f}:1: cannot read '${'; write ${NAME}, ${NAME:-default} or $$"),
        (
            "a: &x {n: 1}\nb: {<<: *x}\n",
            "{f}:2: a key should be plain text; use extends to share settings",
        ),
        ("? [a]\n: 1\n", "{f}:1: a key should be plain text; use extends to share settings"),
        (
            "a: !!python/name:os.system x\n",
            "{f}:1: cannot read 'x' as 'tag:yaml.org,2002:python/name:os.system'",
        ),
        ("a: !!int x\n", "{f}:1: cannot read 'x' as 'tag:yaml.org,2002:int'"),
        ("a: [1\n", "{f}:2: not valid YAML: did not find expected ',' or ']'"),
        (
            "a:\n\t- 1\n",
            "{f}:2: not valid YAML: found character that cannot start any token; "
            "indent with spaces, not tabs; quote text that begins with @, % or `",
        ),
        ("a: 1\n---\nb: 2\n", "{f}:2: not valid YAML: but found another document"),
        ("", "{f}: should hold a mapping (version, datasets, ...)"),
        ("- 1\n", "{f}: should hold a mapping (version, datasets, ...)"),
        ("a: &x [*x]\n", "{f}:1: nested too deeply, or too large (an alias of itself?)"),
    ],
)
def test_mistakes_are_one_line_with_the_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        read(tmp_path, text)
    assert str(caught.value) == message.replace("{f}", str(tmp_path / "b.yaml"))


def test_an_alias_bomb_is_refused(tmp_path: Path) -> None:
    lines = ["a0: &a0 [1, 2, 3, 4, 5, 6, 7, 8, 9]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)]
    with pytest.raises(UserError, match="too large"):
        read(tmp_path, "\n".join(lines))


def test_unreadable_files(tmp_path: Path) -> None:
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"a: \xff\n")
    with pytest.raises(UserError, match=r"binary.yaml: is not UTF-8 text \(byte 3\)"):
        read_tree(binary, {})
    with pytest.raises(UserError, match="cannot read: No such file or directory; pass -c FILE"):
        read_tree(tmp_path / "none.yaml", {})
    with pytest.raises(UserError, match="cannot read: Is a directory"):
        read_tree(tmp_path, {})


def test_a_control_character_is_no_yaml(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"b\.yaml.*not valid YAML"):
        read(tmp_path, "a: \x01\n")


def test_lines_of_keys_of_items_and_of_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "b.yaml"
    path.write_text("a:\n  b:\n    - c: 1\n\n    - d:\n        2\n")
    tree = read_tree(path, {})
    assert tree.line(("a",)) == 1
    assert tree.line(("a", "b")) == 2
    assert tree.line(("a", "b", 0, "c")) == 3
    assert tree.line(("a", "b", 1, "d")) == 5
    assert tree.line(("a", "b", 1, "missing")) == 5
    assert tree.where(("a", "nothing")) == f"{path}:1"
    assert tree.holds(("a", "b", 0, "c"))
    assert not tree.holds(("a", "b", 2))
    assert not tree.holds(("a", "x", "c"))


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(alphabet=st.characters(codec="ascii", exclude_characters="$")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.from_regex(r"[a-z]{1,6}", fullmatch=True), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.from_regex(r"[a-z]{1,6}", fullmatch=True), PLAIN, max_size=4))
def test_json_is_read_as_json(data: dict[str, object]) -> None:
    # JSON is YAML 1.2, so json is an independent reference
    with tempfile.TemporaryDirectory() as folder:
        assert read(Path(folder), json.dumps(data)) == data
