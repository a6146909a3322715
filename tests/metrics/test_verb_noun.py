import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from severe_bench.core.errors import UserError
from severe_bench.metrics import verb_noun
from severe_bench.metrics.measure import METRICS

Case = tuple[NDArray[np.float32], NDArray[np.int64]]
NAMES = ["verb_top1", "verb_top5", "noun_top1", "noun_top5", "action_top1", "action_top5"]


def padded(verbs: NDArray[np.float32], nouns: NDArray[np.float32]) -> NDArray[np.float32]:
    scores = np.full((len(verbs), 2, max(verbs.shape[1], nouns.shape[1])), np.nan, np.float32)
    scores[:, 0, : verbs.shape[1]], scores[:, 1, : nouns.shape[1]] = verbs, nouns
    return scores


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Probabilities with many ties and zeros."""
    n, v, m = draw(st.integers(1, 5)), draw(st.integers(1, 5)), draw(st.integers(1, 5))
    values = st.sampled_from([0.0, 1e-45, 0.25, 0.5, 1.0]) | st.floats(0, 1, width=32)
    parts = [draw(hnp.arrays(np.float32, (n, c), elements=values)) for c in (v, m)]
    ids = [draw(hnp.arrays(np.int64, n, elements=st.integers(0, c - 1))) for c in (v, m)]
    return padded(*parts), np.stack(ids, axis=1)


def brute_place(verbs: list[float], nouns: list[float], pair: tuple[int, int]) -> int:
    """Place of the pair when all pairs are sorted by product, then verb, then noun."""
    pairs = [(v, n) for v in range(len(verbs)) for n in range(len(nouns))]
    return sorted(pairs, key=lambda p: (-verbs[p[0]] * nouns[p[1]], p)).index(pair)


@settings(max_examples=300, deadline=None)
@given(cases())
def test_actions_by_brute_force(case: Case) -> None:
    scores, targets = case
    places = []
    for row, (verb, noun) in zip(scores.astype(np.float64), targets, strict=True):
        verbs, nouns = (part[~np.isnan(part)].tolist() for part in row)
        places.append(brute_place(verbs, nouns, (int(verb), int(noun))))
    assert verb_noun.action_ranks(scores, targets).tolist() == places
    for name, k in (("action_top5", 5),):
        expected = 100 * np.mean([place < k for place in places])
        assert METRICS.get(name).value(scores, targets) == pytest.approx(expected)


@settings(max_examples=300, deadline=None)
@given(cases())
def test_parts_and_bounds(case: Case) -> None:
    """Columns alone are recognition; the action is right where both parts are."""
    scores, targets = case
    values = {name: METRICS.get(name).value(*case) for name in NAMES}
    verbs = np.nanargmax(scores[:, 0], axis=1) == targets[:, 0]
    nouns = np.nanargmax(scores[:, 1], axis=1) == targets[:, 1]
    assert values["verb_top1"] == pytest.approx(100 * verbs.mean())
    assert values["noun_top1"] == pytest.approx(100 * nouns.mean())
    assert values["action_top1"] == pytest.approx(100 * (verbs & nouns).mean())
    assert values["action_top1"] <= min(values["verb_top1"], values["noun_top1"])
    for name in NAMES:
        parts = METRICS.get(name).contributions
        assert parts is not None
        assert parts(*case).mean() == pytest.approx(values[name])


def test_the_first_pair_is_that_of_the_first_verb_and_noun() -> None:
    """Softmax of random logits, at the size of EPIC-Kitchens-100."""
    random = np.random.default_rng(0)
    logits = [random.normal(scale=3, size=(50, c)) for c in (97, 300)]
    verbs, nouns = (np.exp(x) / np.exp(x).sum(1, keepdims=True) for x in logits)
    scores = padded(verbs.astype(np.float32), nouns.astype(np.float32))
    targets = np.stack([verbs.argmax(1), nouns.argmax(1)], axis=1)
    targets[::2, 1] = (targets[::2, 1] + 1) % 300
    first = verb_noun.action_ranks(scores, targets) == 0
    assert (first == (verb_noun.action_top1_hits(scores, targets) == 100)).all()
    assert first.sum() == 25


def test_top5_of_actions_is_not_top5_of_both_parts() -> None:
    """Verb second and noun third of three: five pairs of nine have a larger product."""
    row = padded(np.array([[0.5, 0.4, 0.1]], np.float32), np.array([[0.4, 0.35, 0.25]], np.float32))
    target = np.array([[1, 2]])
    assert verb_noun.action_ranks(row, target).tolist() == [5]
    assert METRICS.get("action_top5").value(row, target) == 0.0
    assert METRICS.get("verb_top5").value(row, target) == 100.0


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    scores = padded(*(random.random((20, c)).astype(np.float32) for c in (4, 7)))
    targets = np.stack([random.integers(4, size=20), random.integers(7, size=20)], axis=1)
    whole = verb_noun.action_ranks(scores, targets)
    monkeypatch.setattr(verb_noun, "BLOCK", 3 * 28)
    assert verb_noun.action_ranks(scores, targets).tolist() == whole.tolist()


@pytest.mark.parametrize("name", NAMES)
def test_nan_is_refused(name: str) -> None:
    """One sample of each list; and a network of which nothing is left."""
    scores = padded(np.ones((2, 2), np.float32), np.ones((2, 3), np.float32))
    one = scores.copy()
    one[1, :, 0] = np.nan
    for broken, count in ((one, 1), (np.full_like(scores, np.nan), 2)):
        with pytest.raises(UserError, match=f"{count} of 2 test samples are NaN"):
            METRICS.get(name).value(broken, np.zeros((2, 2), int))


@pytest.mark.parametrize("name", NAMES)
def test_what_does_not_fit_is_refused(name: str) -> None:
    scores = padded(np.ones((2, 2), np.float32), np.ones((2, 3), np.float32))
    value = METRICS.get(name).value
    with pytest.raises(ValueError, match=r"\(N, 2, C\)"):
        value(scores, np.zeros(2, int))
    with pytest.raises(ValueError, match=r"\(N, 2, C\)"):
        value(scores[:, 0], np.zeros((2, 2), int))
    with pytest.raises(ValueError, match="class ids"):
        value(scores, np.full((2, 2), 3))
    with pytest.raises(UserError, match="no test sample"):
        value(scores[:0], np.zeros((0, 2), int))


@pytest.mark.parametrize("name", NAMES)
def test_units_and_direction(name: str) -> None:
    metric = METRICS.get(name).metric
    assert (metric.name, metric.unit, metric.score(30.0)) == (name, "%", 30.0)
