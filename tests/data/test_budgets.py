import hashlib
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from severe_bench.core.budget import Budget
from severe_bench.core.errors import UserError
from severe_bench.core.record import Record
from severe_bench.data.budgets import draw, split_digest


def records_of(labels: list[int | None]) -> list[Record]:
    return [Record(f"v{n}", f"v{n}.mp4", label, "train") for n, label in enumerate(labels)]


def spread(records: list[Record], indices: tuple[int, ...]) -> Counter[int | None]:
    return Counter(records[index].label for index in indices)


LABELS = st.lists(st.integers(0, 6), min_size=1, max_size=80)


@given(labels=LABELS, data=st.data(), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=150)
def test_exact_gives_that_many_as_evenly_as_can_be(
    labels: list[int], data: st.DataObject, seed: int
) -> None:
    count = data.draw(st.integers(1, len(labels)))
    records = records_of(labels)
    indices = draw(Budget(count=count, draw=seed), records, 7, 0)
    assert len(indices) == len(set(indices)) == count
    taken, sizes = spread(records, indices), Counter(labels)
    most = max(taken.values())
    assert all(taken[label] >= min(size, most - 1) for label, size in sizes.items())


@given(labels=LABELS, data=st.data(), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=100)
def test_smaller_budgets_are_contained_in_larger_ones(
    labels: list[int], data: st.DataObject, seed: int
) -> None:
    records = records_of(labels)
    small, large = sorted(data.draw(st.tuples(*[st.integers(1, len(labels))] * 2)))
    first, second = (draw(Budget(count=n, draw=seed), records, 7, 0) for n in (small, large))
    assert second[:small] == first
    shares = sorted(data.draw(st.tuples(*[st.floats(0.5, 100)] * 2)))
    few, many = (draw(Budget(percent=p, draw=seed), records, 7, 0) for p in shares)
    assert set(few) <= set(many)


@given(labels=LABELS, percent=st.floats(0.1, 100))
@settings(max_examples=100)
def test_percent_is_stratified_with_at_least_one(labels: list[int], percent: float) -> None:
    records = records_of(labels)
    taken = spread(records, draw(Budget(percent=percent), records, 7, 0))
    for label, size in Counter(labels).items():
        assert taken[label] >= 1
        assert taken[label] == 1 or abs(taken[label] - percent * size / 100) <= 0.5


@given(labels=LABELS, count=st.integers(1, 80), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=100)
def test_per_class_ceil_is_severes_own_draw(labels: list[int], count: int, seed: int) -> None:
    """Against the rule as the reference states it, written out anew."""
    count = min(count, len(labels))
    random = np.random.RandomState(seed)
    expected = []
    for label in range(7):
        entries = [n for n, found in enumerate(labels) if found == label]
        if entries:
            size = min(math.ceil(count / 7), len(entries))
            expected += [entries[k] for k in random.choice(len(entries), size, replace=False)]
    budget = Budget(count=count, rule="per_class_ceil", draw=seed)
    assert list(draw(budget, records_of(labels), 7, 0)) == expected


def test_per_class_ceil_overshoots_as_in_the_paper() -> None:
    """1000 of 101 classes is 1010, of 99 classes 1089, of 60 classes 1020."""
    for classes, expected in ((101, 1010), (99, 1089), (60, 1020)):
        records = records_of([n % classes for n in range(classes * 40)])
        budget = Budget(count=1000, rule="per_class_ceil")
        assert len(draw(budget, records, classes, 0)) == expected


def test_draws_are_frozen_for_all_time() -> None:
    records = records_of([n % 5 for n in range(100)])
    assert draw(Budget(count=6), records, 5, 0) == (12, 31, 19, 50, 48, 97)
    ceil = draw(Budget(count=10, rule="per_class_ceil"), records, 5, 0)
    assert ceil == (10, 50, 16, 11, 82, 72, 18, 93, 34, 69)


def test_per_class() -> None:
    records = records_of([0, 0, 0, 1, 1, 2, 2, 2, 2])
    assert spread(records, draw(Budget(per_class=2), records, 3, 0)) == {0: 2, 1: 2, 2: 2}


def test_full_is_the_list() -> None:
    assert draw(Budget(), records_of([2, 1, 0]), 3, 5) == (0, 1, 2)


def test_the_cells_seed_draws_other_videos() -> None:
    records = records_of([n % 4 for n in range(200)])
    draws = {draw(Budget(count=20, draw="cell"), records, 4, seed) for seed in range(5)}
    assert len(draws) == 5
    fixed = {draw(Budget(count=20, draw=7), records, 4, seed) for seed in range(5)}
    assert fixed == {draw(Budget(count=20, draw="cell"), records, 4, 7)}


def test_without_labels_all_are_one_class() -> None:
    assert len(draw(Budget(count=3), records_of([None] * 8), 0, 0)) == 3


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        (Budget(count=10), "asks for 10 videos but the training set has 9; use at most 9"),
        (Budget(per_class=3), "asks for 3 videos but class 1 has 2; use at most 2"),
    ],
)
def test_more_than_there_is_is_refused_in_one_line(budget: Budget, message: str) -> None:
    with pytest.raises(UserError, match=message):
        draw(budget, records_of([0, 0, 0, 1, 1, 2, 2, 2, 2]), 3, 0)


def test_split_digest() -> None:
    records = records_of([1, 0, 1])
    text = b"v2 1\nv0 1\n"
    assert split_digest(records, (2, 0)) == hashlib.sha256(text).hexdigest()
    assert split_digest(records, (0, 2)) != split_digest(records, (2, 0))


def test_per_class_ceil_takes_all_there_is() -> None:
    """As the reference, which draws min(per_class, class size)."""
    records = records_of([0] * 6 + [1] * 3)
    drawn = draw(Budget(count=1000, rule="per_class_ceil"), records, 2, 0)
    assert sorted(drawn) == list(range(9))
    assert set(drawn[:6]) == set(range(6))


def test_listed_samples_are_drawn_as_listed() -> None:
    records = records_of([0, 0, 1, 1])
    assert draw(Budget(samples=("v3", "v0")), records, 2, 0) == (3, 0)
    with pytest.raises(UserError, match="the budget lists 'v9', which is no training sample"):
        draw(Budget(samples=("v3", "v9")), records, 2, 0)


def test_any_draw_can_be_given_back() -> None:
    records = records_of([n % 7 for n in range(60)])
    for budget in (Budget(count=20), Budget(percent=30), Budget(per_class=2), Budget()):
        drawn = draw(budget, records, 7, 3)
        again = draw(Budget(samples=tuple(records[n].sample for n in drawn)), records, 7, 5)
        assert split_digest(records, again) == split_digest(records, drawn)
