"""What is read only where another setting has a certain value."""

from typing import Any

import pytest

from severe_bench.config.conditions import CONDITIONS, unread, without_unread
from severe_bench.config.recipe import Recipe

IDLE: dict[str, tuple[dict[str, Any], Any]] = {
    "clip.stride": ({"clip": {"sampling": "seconds"}}, 3),
    "test.stride": ({"clip": {"sampling": "seconds"}}, 3),
    "clip.rate": ({"clip": {"sampling": "stride"}}, 8.0),
    "test.starts": ({"clip": {"sampling": "uniform"}}, "round"),
    "augment.area": ({"augment": {"crop": "multiscale"}}, (0.5, 1.0)),
    "augment.ratio": ({"augment": {"crop": "centre"}}, (1.0, 1.0)),
    "augment.scales": ({"augment": {"crop": "area"}}, (0.5,)),
    "augment.short_side": ({"augment": {"crop": "area"}}, (1.0, 2.0)),
    "augment.law": ({"augment": {"crop": "multiscale"}}, "inverse"),
    "schedule.milestones": ({"schedule": {"kind": "cosine"}}, (2, 3)),
    "schedule.gamma": ({"schedule": {"kind": "constant"}}, 0.5),
    "schedule.warmup_lr": ({"schedule": {"warmup_epochs": 0}}, 1e-3),
    "selection.every": ({"selection": {"model": "last"}}, 3),
    "selection.clips": ({"selection": {"model": "last"}}, 3),
}
READ: dict[str, dict[str, Any]] = {
    "clip.stride": {"clip": {"sampling": "stride"}},
    "test.stride": {"clip": {"sampling": "stride"}},
    "clip.rate": {"clip": {"sampling": "seconds"}},
    "test.starts": {"clip": {"sampling": "seconds"}},
    "augment.area": {"augment": {"crop": "area"}},
    "augment.ratio": {"augment": {"crop": "area"}},
    "augment.scales": {"augment": {"crop": "multiscale"}},
    "augment.short_side": {"augment": {"crop": "short_side"}},
    "augment.law": {"augment": {"crop": "short_side"}},
    "schedule.milestones": {"schedule": {"kind": "multistep"}},
    "schedule.gamma": {"schedule": {"kind": "multistep"}},
    "schedule.warmup_lr": {"schedule": {"warmup_epochs": 2}},
    "selection.every": {"selection": {"model": "best_test"}},
    "selection.clips": {"selection": {"model": "best_test"}},
}


def with_value(given: dict[str, Any], path: str, value: Any) -> Recipe:
    part, key = path.split(".")
    return Recipe.model_validate({**given, part: {**given.get(part, {}), key: value}})


def test_each_condition_is_held_against_a_case() -> None:
    assert {path for condition in CONDITIONS for path in condition.paths} == set(IDLE) == set(READ)


@pytest.mark.parametrize("path", IDLE)
def test_what_nothing_reads_is_left_at_its_default(path: str) -> None:
    given, value = IDLE[path]
    asked, plain = with_value(given, path, value), Recipe.model_validate(given)
    assert path in dict(unread(asked))
    assert asked != plain
    assert without_unread(asked) == plain


@pytest.mark.parametrize("path", READ)
def test_what_is_read_stays(path: str) -> None:
    asked = with_value(READ[path], path, IDLE[path][1])
    assert path not in dict(unread(asked))
    assert without_unread(asked) == asked
