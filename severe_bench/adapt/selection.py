"""Heads of several learning rates and weight decays on the same features, the best one kept.

The choice is made on a selection split that a fixed hash carves out of the training set, never on
the test set. Every head reads the same cached features, so the backbone has run once for all; and
all heads train as one, so that every batch is read once for all: plain linear ones as one layer
(`adapt.linear_heads`), with the bits that they have in company, others by `adapt.many_heads`.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from torch import nn

from severe_bench.adapt.company import may_train_together
from severe_bench.adapt.features import FeatureTable
from severe_bench.adapt.inputs import Cost, Inputs, Outcome
from severe_bench.adapt.linear_heads import LinearHeads, is_plain_linear
from severe_bench.adapt.many_heads import Heads, HeadsObjective, HeadsOptimiser
from severe_bench.adapt.network import seeded_head
from severe_bench.adapt.parts import PARTS_FOLDER
from severe_bench.adapt.probing import (
    batches_of,
    features_for,
    probe_tables,
    scores_of,
    standardised,
)
from severe_bench.config.recipe import Optimiser
from severe_bench.core.atomic import write_json
from severe_bench.core.errors import NotFinite, UserError
from severe_bench.core.record import Record
from severe_bench.core.session import Session
from severe_bench.metrics.measure import METRICS
from severe_bench.train.batch import BatchSource
from severe_bench.train.errors import NanLoss
from severe_bench.train.loop import FitSummary, Training, fit_unchecked, seeded
from severe_bench.train.optim import norm_parameters

ONE_IN = 5
"""Of the training videos, for selection."""
RATES = (1.0, 0.1, 0.3, 3.0, 10.0)
"""Times the recipe's learning rate; the recipe's own comes first and wins ties."""
SELECTION_FILE = "selection.json"
TRIALS_FOLDER = "trials"


@dataclass(frozen=True)
class Trial:
    """One setting and how it did on the selection split; None: its loss or outputs diverged."""

    lr: float
    weight_decay: float
    score: float | None


def probe_selected(inputs: Inputs) -> Outcome:
    """Try every setting on four fifths of the training videos, keep the best, train it on all.

    What was tried is in `selection.json` of the session's folder: settings, headline metric on the
    selection split, and which was chosen.

    Raises:
        UserError: fewer than two training videos (or groups), or no setting with a finite loss.
    """
    table = features_for(inputs, "train_features")
    trials = Trials.of(table, inputs)
    cost = trials.fitted()
    results = trials.results() if cost else trials.none
    best = best_of(results, inputs)
    content = {
        "metric": inputs.task.headline,
        "videos": len(trials.part.test),
        "trials": [asdict(result) for result in results],
        "chosen": best,
    }
    write_json(inputs.session.folder / SELECTION_FILE, content)
    test = features_for(inputs, "test_features").of(inputs.test)
    outcome = probe_tables(table.of(inputs.train), test, with_setting(inputs, best))
    return replace(outcome, cost=_summed(outcome.cost, cost))


def split_off(records: Sequence[Record]) -> tuple[tuple[Record, ...], tuple[Record, ...]]:
    """Records to fit on, and at least one in five of them to select with, whole groups at a time.

    Which those are follows from the names alone; no seed is involved. Samples of one video are a
    group. The last group is never taken, so that large groups may leave less than one in five to
    select with.

    Raises:
        UserError: there is only one video, or one group.
    """
    sizes = Counter(record.together for record in records)
    taken: set[str] = set()
    videos = 0
    names = _names(records)
    for group in sorted(sizes, key=lambda group: _hash(names[group]))[:-1]:
        if ONE_IN * videos >= len(records):
            break
        taken.add(group)
        videos += sizes[group]
    fitting = tuple(record for record in records if record.together not in taken)
    selection = tuple(record for record in records if record.together in taken)
    if not selection:
        what = "1 training video is" if len(records) == 1 else "training videos of one group are"
        mend = "use linear, or a larger budget"
        raise UserError(f"{what} too few to select with", mend=mend)
    return fitting, selection


def settings(recipe: Optimiser) -> Iterator[Optimiser]:
    """The recipe's optimiser and its neighbours: learning rates times weight decays."""
    for decay in dict.fromkeys((recipe.weight_decay, 0.0)):
        for factor in RATES:
            yield recipe.model_copy(update={"lr": recipe.lr * factor, "weight_decay": decay})


def chosen(trials: Sequence[Trial], *, higher_is_better: bool) -> int:
    """Index of the best trial; the first of equals.

    Raises:
        UserError: no trial has a score.
    """
    sign = 1 if higher_is_better else -1
    ranked = [(sign * t.score, -i) for i, t in enumerate(trials) if t.score is not None]
    if not ranked:
        raise UserError("no learning rate gives a finite loss", mend="lower the recipe's")
    return -max(ranked)[1]


def best_of(trials: Sequence[Trial], inputs: Inputs) -> int:
    """Index of the trial with the best headline metric, as `chosen`."""
    measure = METRICS.get(inputs.task.headline)
    return chosen(trials, higher_is_better=measure.metric.higher_is_better)


def with_setting(inputs: Inputs, number: int) -> Inputs:
    """The inputs with the optimiser that `settings` puts there."""
    optimiser = list(settings(inputs.job.recipe.optimiser))[number]
    recipe = inputs.job.recipe.model_copy(update={"optimiser": optimiser})
    return replace(inputs, job=inputs.job.model_copy(update={"recipe": recipe}))


def trials_folder(session: Session) -> Path:
    """Where the training of a cell's trials is kept."""
    return session.folder / PARTS_FOLDER / TRIALS_FOLDER


@dataclass(frozen=True)
class Trials:
    """A head of every setting, to be fitted on some of the training records.

    Args:
        part: the job's inputs with those records to train on, the others to test on, and a folder
            of its own.
        heads: one for each setting.
        source: batches of the features to fit on.
        test: features of the part's test records.
    """

    part: Inputs
    heads: Heads | LinearHeads
    source: BatchSource
    test: FeatureTable

    @classmethod
    def of(cls, table: FeatureTable, inputs: Inputs) -> "Trials":
        """As the job says, from the features of all its training records.

        Raises:
            UserError: as of `split_off`; a head that keeps running statistics.
        """
        fitting, selection = split_off(inputs.train)
        session = replace(inputs.session, folder=trials_folder(inputs.session))
        part = replace(inputs, train=fitting, test=selection, session=session)
        train, test = table.of(fitting), table.of(selection)
        if part.job.recipe.standardise:
            train, test = standardised(train, test)
        head = _head(part, train.features.shape[-1])
        return cls(part, _copies(head, part), batches_of(train, part), test)

    @property
    def specs(self) -> tuple[Optimiser, ...]:
        """Of each head."""
        return tuple(settings(self.part.job.recipe.optimiser))

    @property
    def objective(self) -> HeadsObjective:
        """The joined loss."""
        return HeadsObjective(self.heads, self.part.assignment, "features")

    @property
    def none(self) -> list[Trial]:
        """Results where no loss was finite."""
        return [Trial(spec.lr, spec.weight_decay, None) for spec in self.specs]

    def fitted(self) -> FitSummary | None:
        """What training took; None where no head has a finite loss."""
        job, session = self.part.job, self._session
        try:
            return fit_unchecked(
                self.objective, self.source, job.recipe, session, job.seed, self._optimiser
            )
        except NanLoss:
            return None

    def begun(self) -> Training:
        """The same training where it stands, for who takes its steps."""
        job, session = self.part.job, self._session
        with seeded(job.seed, session.device):
            return Training(
                self.objective, self.source, job.recipe, session, job.seed, self._optimiser
            )

    def results(self) -> list[Trial]:
        """Of the fitted heads, in the order of `settings`."""
        targets = self.part.targets(self.part.test).numpy()
        head = _head(self.part, self.test.features.shape[-1]).to(self.part.session.device)
        return [
            Trial(spec.lr, spec.weight_decay, self._score(number, head, targets))
            for number, spec in enumerate(self.specs)
        ]

    def _score(self, number: int, head: nn.Module, targets: NDArray[Any]) -> float | None:
        """The headline metric; None where the loss, or the last step's outputs, diverged."""
        if not bool(self.heads.alive[number]):
            return None
        try:
            scores = scores_of(self.heads.apart(number, head), self.test, self.part)
        except NotFinite:
            return None
        return METRICS.get(self.part.task.headline).value(scores, targets)

    @property
    def _session(self) -> Session:
        """With a folder that is there."""
        self.part.session.folder.mkdir(parents=True, exist_ok=True)
        return self.part.session

    def _optimiser(self) -> HeadsOptimiser:
        return HeadsOptimiser(self.heads, self.specs, _spared(self.part, self.test))


def _head(part: Inputs, width: int) -> nn.Module:
    return seeded_head(part.assignment, width, part.job.seed)


def _copies(head: nn.Module, part: Inputs) -> Heads | LinearHeads:
    """Of a head, one for each setting."""
    if any(True for _ in head.buffers()):
        what = f"the head of task {part.task.name} keeps running statistics"
        raise UserError(f"{what}, and heads that train together cannot", mend="use linear")
    count = len(list(settings(part.job.recipe.optimiser)))
    if is_plain_linear(head) and may_train_together(part.job):
        return LinearHeads(head, count)
    return Heads(head, count)


def _spared(part: Inputs, table: FeatureTable) -> tuple[str, ...]:
    """Names of the head's parameters that weight decay spares."""
    if part.job.recipe.optimiser.decay_norms:
        return ()
    head = _head(part, table.features.shape[-1])
    norms = {id(parameter) for parameter in norm_parameters(head)}
    return tuple(name for name, parameter in head.named_parameters() if id(parameter) in norms)


def _summed(final: Cost, trials: FitSummary | None) -> Cost:
    """All steps of all heads and seconds of training; the final head's loss."""
    if trials is None:
        return final
    return replace(
        final,
        steps=final.steps + trials.steps,
        train_seconds=final.train_seconds + trials.seconds,
    )


def _names(records: Sequence[Record]) -> dict[str, str]:
    """By what is never torn apart, the name that decides: its own, or of a video its sample's.

    Of several samples, the first in alphabetical order.
    """
    names: dict[str, str] = {}
    for record in records:
        own = record.group or record.sample
        names[record.together] = min(own, names.get(record.together, own))
    return names


def _hash(name: str) -> str:
    return hashlib.sha256(f"selection {name}".encode()).hexdigest()
