import pytest
from pydantic import ValidationError

from severe_bench.data.procedural import spec as module
from severe_bench.data.procedural.spec import WorldSpec

SPEC = WorldSpec(world="near", train=40, test=20, seed=1)

CHANGES = {
    "world": "source",
    "train": 41,
    "test": 21,
    "seed": 2,
    "size": 64,
    "frames": 17,
    "fps": 13,
    "scale": 2,
}


def test_what_is_left_out_is_the_worlds_own() -> None:
    spec = WorldSpec(world="source")
    assert (spec.train, spec.test, spec.frames, spec.size, spec.fps) == (2560, 320, 24, 56, 12)


def test_every_field_has_a_change_below() -> None:
    assert set(CHANGES) == set(WorldSpec.model_fields)


@pytest.mark.parametrize("field", CHANGES)
def test_digest_changes_with_each_field(field: str) -> None:
    changed = WorldSpec(**SPEC.model_dump() | {field: CHANGES[field]})
    assert changed.digest() != SPEC.digest()


def test_digest_changes_with_the_renderer(monkeypatch: pytest.MonkeyPatch) -> None:
    before = SPEC.digest()
    monkeypatch.setattr(module, "RENDERER_VERSION", module.RENDERER_VERSION + 1)
    assert SPEC.digest() != before


def test_digest_is_64_hex_digits_and_repeatable() -> None:
    assert SPEC.digest() == WorldSpec(**SPEC.model_dump()).digest()
    assert len(SPEC.digest()) == 64
    assert int(SPEC.digest(), 16) >= 0


@pytest.mark.parametrize(
    ("factor", "train", "test"), [(0.5, 200, 300), (2, 800, 1200), (0.01, 10, 10), (0.26, 100, 160)]
)
def test_scaled_keeps_whole_rounds_of_classes(factor: float, train: int, test: int) -> None:
    scaled = WorldSpec(world="near").scaled(factor)
    assert (scaled.train, scaled.test) == (train, test)


def test_scale_as_a_field_is_scaled_and_is_not_applied_twice() -> None:
    spec = WorldSpec(world="near", scale=0.5)
    assert spec == WorldSpec(world="near").scaled(0.5) == WorldSpec(**spec.model_dump())
    assert spec.digest() == WorldSpec(world="near", train=200, test=300).digest()
    assert WorldSpec(world="near", train=405, scale=1).train == 405


def test_scaled_leaves_an_empty_split_empty() -> None:
    assert WorldSpec(world="near", train=0).scaled(2).train == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"train": -1},
        {"size": 57},
        {"size": 16},
        {"frames": 2},
        {"fps": 0},
        {"scale": 0},
        {"colour": 1},
    ],
)
def test_nonsense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        WorldSpec(**{"world": "near"} | wrong)


def test_world_is_required() -> None:
    with pytest.raises(ValidationError, match="world"):
        WorldSpec(train=3, test=3, frames=16)
