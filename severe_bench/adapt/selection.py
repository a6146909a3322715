"""Heads of several learning rates and weight decays on the same features, the best one kept.

The choice is made on a selection split that a fixed hash carves out of the training set, never on
the test set. Every head reads the same cached features, so the backbone has run once for all; and
all heads train as one (`adapt.many_heads`), so that every batch is read once for all.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

from numpy.typing import NDArray
from torch import nn

from severe_bench.adapt.features import FeatureTable
from severe_bench.adapt.inputs import Cost, Inputs, Outcome
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
from severe_bench.metrics.measure import METRICS
from severe_bench.train.errors import NanLoss
from severe_bench.train.loop import FitSummary, fit_unchecked
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
    fitting, selection = split_off(inputs.train)
    trials, cost = tried(table, replace(inputs, train=fitting, test=selection))
    measure = METRICS.get(inputs.task.headline)
    best = chosen(trials, higher_is_better=measure.metric.higher_is_better)
    content = {
        "metric": inputs.task.headline,
        "videos": len(selection),
        "trials": [asdict(trial) for trial in trials],
        "chosen": best,
    }
    write_json(inputs.session.folder / SELECTION_FILE, content)
    final = _with(inputs, list(settings(inputs.job.recipe.optimiser))[best])
    test = features_for(inputs, "test_features").of(inputs.test)
    outcome = probe_tables(table.of(inputs.train), test, final)
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


def tried(table: FeatureTable, part: Inputs) -> tuple[list[Trial], FitSummary | None]:
    """Every setting fitted on the part's training records and scored on its test records.

    Args:
        table: features of both.
        part: the job's inputs with those records.

    Returns:
        Trials in the order of `settings`; and what training took, None where nothing was finite.
    """
    specs = list(settings(part.job.recipe.optimiser))
    train, test = table.of(part.train), table.of(part.test)
    if part.job.recipe.standardise:
        train, test = standardised(train, test)
    head = seeded_head(part.assignment, train.features.shape[-1], part.job.seed)
    if any(True for _ in head.buffers()):
        what = f"the head of task {part.task.name} keeps running statistics"
        raise UserError(f"{what}, and heads that train together cannot", mend="use linear")
    heads = Heads(head, len(specs))
    try:
        summary = _fitted(heads, specs, train, part)
    except NanLoss:
        return [Trial(spec.lr, spec.weight_decay, None) for spec in specs], None
    targets = part.targets(part.test).numpy()
    trials = []
    for number, spec in enumerate(specs):
        score = None
        if bool(heads.alive[number]):
            own = heads.apart(number, head.to(part.session.device))
            score = _score(own, test, part, targets)
        trials.append(Trial(spec.lr, spec.weight_decay, score))
    return trials, summary


def _score(
    head: nn.Module, test: FeatureTable, part: Inputs, targets: NDArray[Any]
) -> float | None:
    """The headline metric; None where the head's last step left it without finite outputs."""
    try:
        scores = scores_of(head, test, part)
    except NotFinite:
        return None
    return METRICS.get(part.task.headline).value(scores, targets)


def _fitted(heads: Heads, specs: list[Optimiser], train: FeatureTable, part: Inputs) -> FitSummary:
    folder = part.session.folder / PARTS_FOLDER / TRIALS_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    return fit_unchecked(
        HeadsObjective(heads, part.assignment, "features"),
        batches_of(train, part),
        part.job.recipe,
        replace(part.session, folder=folder),
        part.job.seed,
        partial(HeadsOptimiser, heads, specs, _spared(part, train)),
    )


def _spared(part: Inputs, train: FeatureTable) -> tuple[str, ...]:
    """Names of the head's parameters that weight decay spares."""
    if part.job.recipe.optimiser.decay_norms:
        return ()
    head = seeded_head(part.assignment, train.features.shape[-1], 0)
    norms = {id(parameter) for parameter in norm_parameters(head)}
    return tuple(name for name, parameter in head.named_parameters() if id(parameter) in norms)


def _with(inputs: Inputs, optimiser: Optimiser) -> Inputs:
    recipe = inputs.job.recipe.model_copy(update={"optimiser": optimiser})
    return replace(inputs, job=inputs.job.model_copy(update={"recipe": recipe}))


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
