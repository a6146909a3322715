import pytest
from pydantic import TypeAdapter, ValidationError

from severe_bench.config.globs import Globs, matches, matching

GLOBS: TypeAdapter[tuple[str, ...]] = TypeAdapter(Globs)


@pytest.mark.parametrize(
    ("given", "expected"),
    [("a", ("a",)), (["a", "b*"], ("a", "b*")), (3, ("3",)), ([0, "1*"], ("0", "1*"))],
)
def test_one_or_several_names_or_numbers(given: object, expected: tuple[str, ...]) -> None:
    assert GLOBS.validate_python(given) == expected


@pytest.mark.parametrize("given", [[], None, True, [True], 3.5, {"a": 1}, [["a"]]])
def test_anything_else_is_refused(given: object) -> None:
    with pytest.raises(ValidationError, match="expected a name, a glob or a list of them"):
        GLOBS.validate_python(given)


def test_matching_is_case_sensitive_and_keeps_order() -> None:
    names = ["near-linear", "far-linear", "Near"]
    assert matching(names, ["far-*", "near-*"]) == ["near-linear", "far-linear"]
    assert matching(names, ["n?ar-linear"]) == ["near-linear"]
    assert not matches("Near", ["near"])
    assert not matches("near", [])
