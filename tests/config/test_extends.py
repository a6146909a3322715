from hypothesis import given
from hypothesis import strategies as st

from severe_bench.config.extends import extend, merged

NESTED = st.dictionaries(
    st.sampled_from("abc"),
    st.recursive(
        st.integers() | st.lists(st.integers(), max_size=2),
        lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
        max_leaves=6,
    ),
    max_size=3,
)


@given(NESTED, NESTED, NESTED)
def test_merging_keeps_the_top_and_groups_from_either_side(
    a: dict[str, object], b: dict[str, object], c: dict[str, object]
) -> None:
    assert merged(a, a) == a
    assert merged({}, a) == merged(a, {}) == a
    assert merged(merged(a, b), b) == merged(a, b)
    assert list(merged(a, b)) == [*a, *(key for key in b if key not in a)]


def test_a_chain_is_merged_from_its_end() -> None:
    entries = {
        "c": {"extends": "b", "x": {"k": 3}},
        "b": {"extends": "a", "x": {"j": 2, "k": 2}, "list": [2]},
        "a": {"x": {"i": 1, "j": 1}, "list": [1, 1], "only": 1},
    }
    done, problems = extend("recipes", entries)
    assert not problems
    assert done["c"] == {"x": {"i": 1, "j": 2, "k": 3}, "list": [2], "only": 1}
    assert entries["c"] == {"extends": "b", "x": {"k": 3}}


def test_circles_unknown_bases_and_non_mappings() -> None:
    entries = {"a": {"extends": "b"}, "b": {"extends": "a"}, "c": {"extends": "bb"}, "d": 3}
    done, problems = extend("recipes", entries)
    assert done == {}
    assert [(p.loc, p.what, p.mend) for p in problems] == [
        (("recipes", "a", "extends"), "goes in a circle: a -> b -> a", ""),
        (("recipes", "b", "extends"), "goes in a circle: b -> a -> b", ""),
        (("recipes", "c", "extends"), "unknown recipe 'bb'", "did you mean b?"),
        (("recipes", "d"), "expected a mapping", ""),
    ]
