"""Verb and noun of a video from two heads, and actions as their pairs (EPIC-Kitchens-100)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from severe_bench.core.errors import UserError
from severe_bench.core.extras import NOUN, VERB
from severe_bench.core.record import Dataset, Record
from severe_bench.tasks.task import Assignment, NoOptions, Task

if TYPE_CHECKING:
    import torch
    from torch import nn


def bind(_: NoOptions, dataset: Dataset) -> Assignment:
    """Two softmaxes, the sum of both cross entropies, means of the views' probabilities."""
    pair = _pair(dataset)
    return Assignment(pair.head, pair.targets, pair.loss, pair.merge)


def _pair(dataset: Dataset) -> "_Pair":
    return _Pair(*(_count(dataset, kind) for kind in (VERB.name, NOUN.name)))


def _count(dataset: Dataset, kind: str) -> int:
    if kind not in dataset.vocabularies:
        mend = "choose a dataset that lists verbs and nouns"
        raise UserError(f"the task verb_noun needs a list of {kind}s", dataset.name, mend)
    return len(dataset.vocabularies[kind])


@dataclass(frozen=True)
class _Pair:
    """Both lists: outputs are (..., verbs + nouns) logits, the verbs first."""

    verbs: int
    nouns: int

    def head(self, width: int) -> "nn.Module":
        """Features (B, width) to logits: two linear heads are one."""
        from torch import nn

        return nn.Linear(width, self.verbs + self.nouns)

    def targets(self, records: Sequence[Record]) -> "torch.Tensor":
        """Verb and noun ids (N, 2) int64."""
        import torch

        return torch.tensor([self._ids(record) for record in records], dtype=torch.int64)

    def _ids(self, record: Record) -> tuple[int, int]:
        ids = VERB.of(record), NOUN.of(record)
        for kind, label, count in zip(("verb", "noun"), ids, (self.verbs, self.nouns), strict=True):
            if not 0 <= label < count:
                what = f"{kind} id {label} is outside 0 to {count - 1}"
                raise UserError(what, record.sample, f"mend the annotation or the list of {kind}s")
        return ids

    def loss(self, logits: "torch.Tensor", targets: "torch.Tensor") -> "torch.Tensor":
        """Cross entropy of the verbs plus that of the nouns, each the mean over the batch."""
        from torch.nn import functional as F

        verbs, nouns = self._parts(logits)
        return F.cross_entropy(verbs, targets[:, 0]) + F.cross_entropy(nouns, targets[:, 1])

    def merge(self, logits: "torch.Tensor", weights: "torch.Tensor") -> "torch.Tensor":
        """Weighted means of the views' softmaxes: (2, C), the shorter one filled up with NaN."""
        verbs, nouns = (weights @ part.softmax(dim=-1) for part in self._parts(logits))
        return self._filled(verbs, nouns)

    def ballots(self, targets: "torch.Tensor") -> "torch.Tensor":
        """A vote for the verb and one for the noun: (N, 2, C), likewise."""
        from torch.nn import functional as F

        verbs = F.one_hot(targets[:, 0], self.verbs).float()
        return self._filled(verbs, F.one_hot(targets[:, 1], self.nouns).float())

    def _parts(self, logits: "torch.Tensor") -> "tuple[torch.Tensor, torch.Tensor]":
        return logits[..., : self.verbs], logits[..., self.verbs :]

    def _filled(self, verbs: "torch.Tensor", nouns: "torch.Tensor") -> "torch.Tensor":
        """(..., 2, C), C the longer list."""
        import torch
        from torch.nn import functional as F

        longer = max(self.verbs, self.nouns)
        parts = [F.pad(p, (0, longer - p.shape[-1]), value=torch.nan) for p in (verbs, nouns)]
        return torch.stack(parts, dim=-2)


def _names(dataset: Dataset) -> tuple[tuple[str, ...], ...]:
    return tuple(dataset.vocabularies[kind] for kind in (VERB.name, NOUN.name))


VERB_NOUN = Task(
    name="verb_noun",
    options=NoOptions,
    bind=bind,
    metrics=("action_top1", "action_top5", "verb_top1", "verb_top5", "noun_top1", "noun_top5"),
    headline="action_top1",
    needs=lambda _: (VERB.name, NOUN.name),
    names=_names,
    ballots=lambda _, dataset: _pair(dataset).ballots,
)
