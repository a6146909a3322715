from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from severe_bench.core.errors import UserError
from severe_bench.core.extras import NOUN, VERB
from severe_bench.core.record import Dataset, Record
from severe_bench.metrics.measure import METRICS
from severe_bench.tasks.task import TASKS, Assignment, NoOptions
from severe_bench.tasks.verb_noun import VERB_NOUN

VERBS, NOUNS = ("cut", "wash"), ("knife", "pan", "cup")


def kitchens(verbs: tuple[str, ...] = VERBS, nouns: tuple[str, ...] = NOUNS) -> Dataset:
    return Dataset("k", Path(), ("x",), (), vocabularies={"verb": verbs, "noun": nouns})


def bound(verbs: tuple[str, ...] = VERBS, nouns: tuple[str, ...] = NOUNS) -> Assignment:
    return VERB_NOUN.bind(NoOptions(), kitchens(verbs, nouns))


def narration(verb: int, noun: int) -> Record:
    return Record("n", "n.mp4", 0, "test", extras={**VERB.set(verb), **NOUN.set(noun)})


def test_targets_are_both_ids() -> None:
    found = bound().targets([narration(1, 2), narration(0, 0)])
    assert found.tolist() == [[1, 2], [0, 0]]


@pytest.mark.parametrize(("ids", "what"), [((2, 0), "verb id 2"), ((0, 3), "noun id 3")])
def test_ids_outside_their_list_are_refused(ids: tuple[int, int], what: str) -> None:
    with pytest.raises(UserError, match=f"{what} is outside 0 to"):
        bound().targets([narration(*ids)])


def test_a_dataset_without_either_is_refused() -> None:
    with pytest.raises(UserError, match="verb_noun needs a list of verbs"):
        VERB_NOUN.bind(NoOptions(), Dataset("k", Path(), ("x",), ()))
    with pytest.raises(UserError, match="has no verb"):
        bound().targets([Record("n", "n.mp4", 0, "test")])


def test_the_loss_is_the_sum_of_both() -> None:
    logits, targets = torch.randn(4, 5), torch.tensor([[0, 2], [1, 1], [1, 0], [0, 0]])
    apart = F.cross_entropy(logits[:, :2], targets[:, 0])
    apart = apart + F.cross_entropy(logits[:, 2:], targets[:, 1])
    torch.testing.assert_close(bound().loss(logits, targets), apart)


@pytest.mark.parametrize(("verbs", "nouns"), [(VERBS, NOUNS), (NOUNS, VERBS), (VERBS, VERBS)])
def test_scores_are_two_padded_distributions(
    verbs: tuple[str, ...], nouns: tuple[str, ...]
) -> None:
    """Whichever list is the longer one."""
    logits, weights = torch.randn(3, len(verbs) + len(nouns)), torch.tensor([0.2, 0.3, 0.5])
    merged = bound(verbs, nouns).merge(logits, weights)
    longer = max(len(verbs), len(nouns))
    assert merged.shape == (2, longer)
    parts = (logits[:, : len(verbs)], logits[:, len(verbs) :])
    for row, part in zip(merged, parts, strict=True):
        torch.testing.assert_close(row[: part.shape[1]], weights @ part.softmax(1))
        assert row[part.shape[1] :].isnan().all()


def test_ballots_are_scores_of_certainty() -> None:
    targets = torch.tensor([[1, 2], [0, 1]])
    assert VERB_NOUN.ballots is not None
    scores = VERB_NOUN.ballots(NoOptions(), kitchens())(targets).numpy()
    for name in VERB_NOUN.metrics:
        assert METRICS.get(name).value(scores, targets.numpy()) == 100.0
    assert np.isnan(scores[:, 0, 2]).all()


def test_one_linear_layer_is_both_heads() -> None:
    head = bound().head(7)
    assert head(torch.randn(3, 7)).shape == (3, 5)


def test_it_is_registered() -> None:
    assert TASKS.get("verb_noun") is VERB_NOUN
    assert VERB_NOUN.headline == "action_top1"
