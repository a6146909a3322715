"""The words that every room uses."""

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from severe_bench.core.budget import Budget
from severe_bench.core.digest import canonical_json, digest_of, file_digest, short_id
from severe_bench.core.errors import UserError
from severe_bench.core.metric import Metric
from severe_bench.core.record import Dataset, Record
from severe_bench.core.registry import Registry, nearest

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)  # fmt: skip


@given(JSON)
def test_canonical_json_is_json_and_ignores_key_order(value: object) -> None:
    text = canonical_json(value)
    assert json.loads(text) == value
    shuffled = json.loads(text, object_pairs_hook=lambda pairs: dict(reversed(pairs)))
    assert digest_of(shuffled) == digest_of(value)


def test_digests_match_the_plain_ones(tmp_path: Path) -> None:
    assert digest_of({"a": 1}) == hashlib.sha256(b'{"a":1}').hexdigest()
    assert short_id({"a": 1}) == digest_of({"a": 1})[:16]
    (tmp_path / "f").write_bytes(b"x" * 100_000)
    assert file_digest(tmp_path / "f") == hashlib.sha256(b"x" * 100_000).hexdigest()


def test_user_error_with_and_without_its_parts() -> None:
    assert str(UserError("no such suite")) == "no such suite"
    assert str(UserError("a", "b", "c")) == "b: a; c"
    assert str(UserError("a", mend="c")) == "a; c"


def test_direction_follows_from_worst_and_best() -> None:
    top1 = Metric("top1", "top-1 accuracy", "%", worst=0, best=100)
    error = Metric("mae", "mean counting error", "", worst=1, best=0)
    assert (top1.higher_is_better, error.higher_is_better) == (True, False)
    assert top1.score(58.8) == pytest.approx(58.8)
    assert error.score(0.172) == pytest.approx(82.8)
    assert error.score(1.5) == pytest.approx(-50.0)


@pytest.mark.parametrize(
    ("budget", "text"),
    [
        (Budget(), "full"),
        (Budget(count=1000), "1000"),
        (Budget(per_class=20), "20/class"),
        (Budget(percent=2.5), "2.5%"),
    ],
)
def test_budget_in_tables(budget: Budget, text: str) -> None:
    assert str(budget) == text


@pytest.mark.parametrize(
    "amounts",
    [{"count": 0}, {"percent": 101}, {"count": 5, "per_class": 5}, {"per_class": -1}, {"n": 5}],
)
def test_impossible_budgets_are_refused(amounts: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        Budget.model_validate(amounts)


def test_dataset_splits_keep_their_order() -> None:
    records = tuple(Record(str(i), f"{i}.mp4", 0, "test" if i % 2 else "train") for i in range(5))
    dataset = Dataset("d", Path(), ("a",), records)
    assert [record.sample for record in dataset.of("train")] == ["0", "2", "4"]


def test_registry_names_and_nearest() -> None:
    registry: Registry[str] = Registry("shape", {"path": "os.path:sep"}, group="no.such.group")
    assert registry.get("path") == "/"
    with pytest.raises(UserError, match=r"f\.yaml:3: unknown shape 'pth'; did you mean path\?"):
        registry.get("pth", "f.yaml:3")
    assert nearest("zzz", ["b", "a"]) == "valid names: a, b"


@pytest.mark.usefixtures("forgotten")
def test_registry_finds_other_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = tmp_path / "theirs-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[shapes]\nround = theirs_module:ROUND\nbroken = theirs_module:MISSING\n"
    )
    (tmp_path / "theirs_module.py").write_text("ROUND = 'o'\n")
    monkeypatch.syspath_prepend(tmp_path)
    registry: Registry[str] = Registry("shape", {}, group="shapes")
    assert registry.names() == ["broken", "round"]
    assert registry.get("round") == "o"
    with pytest.raises(UserError, match="the shape 'broken' of another package does not import"):
        registry.get("broken")
    twice: Registry[str] = Registry("shape", {"round": "os:sep"}, group="shapes")
    with pytest.raises(UserError, match="two packages register the shape 'round'"):
        twice.names()


def test_a_budget_of_listed_samples() -> None:
    assert str(Budget(samples=("a", "b"))) == "2 listed"
    assert "samples" not in Budget(count=3).model_dump()
    again = Budget.model_validate_json(Budget(samples=("a", "b")).model_dump_json())
    assert again == Budget(samples=("a", "b"))
    for wrong in ({"samples": ["a", "a"]}, {"samples": []}, {"samples": ["a"], "count": 1}):
        with pytest.raises(ValidationError):
            Budget.model_validate(wrong)
