from pathlib import Path

import pytest
import torch

from severe_bench.core.errors import UserError
from severe_bench.core.extras import REVERSED
from severe_bench.core.record import Dataset, Record
from severe_bench.tasks.arrow_of_time import ARROW_OF_TIME
from severe_bench.tasks.task import TASKS, NoOptions

ASSIGNMENT = ARROW_OF_TIME.bind(NoOptions(), Dataset("d", Path(), ("x",) * 101, ()))


def test_the_direction_is_the_class_whatever_the_dataset_has() -> None:
    records = [Record("v", "v", 77, "test", extras=REVERSED.set(way)) for way in (False, True)]
    assert ASSIGNMENT.targets(records).tolist() == [0, 1]
    assert ASSIGNMENT.head(5)(torch.randn(3, 5)).shape == (3, 2)


def test_a_record_without_a_direction_is_refused() -> None:
    with pytest.raises(UserError, match="has no reversed"):
        ASSIGNMENT.targets([Record("v", "v", 0, "test")])


def test_it_is_registered_with_its_own_unit() -> None:
    assert TASKS.get("arrow_of_time") is ARROW_OF_TIME
    assert ARROW_OF_TIME.unit == "clip_both_ways"
