"""Heads of several learning rates and weight decays on the same features, the best one kept.

The choice is made on a selection split that a fixed hash carves out of the training set, never on
the test set. Every head reads the same cached features, so the backbone has run once for all.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace

from severe_bench.adapt.evaluate import Cost, Inputs, Outcome
from severe_bench.adapt.features import FeatureTable
from severe_bench.adapt.parts import PARTS_FOLDER
from severe_bench.adapt.probing import features_for, probe_tables
from severe_bench.config.recipe import Optimiser
from severe_bench.core.atomic import write_json
from severe_bench.core.errors import UserError
from severe_bench.core.record import Record
from severe_bench.metrics.measure import METRICS
from severe_bench.train.errors import NanLoss

ONE_IN = 5
"""Of the training videos, for selection."""
RATES = (1.0, 0.1, 0.3, 3.0, 10.0)
"""Times the recipe's learning rate; the recipe's own comes first and wins ties."""
SELECTION_FILE = "selection.json"


@dataclass(frozen=True)
class Trial:
    """One setting and how it did on the selection split; None: its loss was not finite."""

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
    costs: list[Cost] = []
    trials: list[Trial] = []
    for number, optimiser in enumerate(settings(inputs.job.recipe.optimiser)):
        trial, cost = _tried(number, optimiser, table, _part(inputs, fitting, selection))
        trials.append(trial)
        costs += cost
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
    return replace(outcome, cost=_summed(outcome.cost, costs))


def split_off(records: Sequence[Record]) -> tuple[tuple[Record, ...], tuple[Record, ...]]:
    """Records to fit on, and at least one in five of them to select with, whole groups at a time.

    Which those are follows from the names alone; no seed is involved.

    Raises:
        UserError: nothing would be left to fit on.
    """
    sizes = Counter(_group(record) for record in records)
    taken: set[str] = set()
    videos = 0
    for group in sorted(sizes, key=_hash):
        if ONE_IN * videos >= len(records):
            break
        taken.add(group)
        videos += sizes[group]
    fitting = tuple(record for record in records if _group(record) not in taken)
    selection = tuple(record for record in records if _group(record) in taken)
    if not fitting:
        mend = "use linear, or a larger budget"
        raise UserError(f"{len(records)} training videos are too few to select with", mend=mend)
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


def _tried(
    number: int, optimiser: Optimiser, table: FeatureTable, part: Inputs
) -> tuple[Trial, list[Cost]]:
    folder = part.session.folder / PARTS_FOLDER / f"trial-{number:02d}"
    folder.mkdir(parents=True, exist_ok=True)
    inputs = _with(replace(part, session=replace(part.session, folder=folder)), optimiser)
    try:
        outcome = probe_tables(table.of(part.train), table.of(part.test), inputs)
    except NanLoss:
        return Trial(optimiser.lr, optimiser.weight_decay, None), []
    measure = METRICS.get(part.task.headline)
    score = measure.value(outcome.scores, part.targets(part.test).numpy())
    return Trial(optimiser.lr, optimiser.weight_decay, score), [outcome.cost]


def _part(inputs: Inputs, fitting: tuple[Record, ...], selection: tuple[Record, ...]) -> Inputs:
    return replace(inputs, train=fitting, test=selection)


def _with(inputs: Inputs, optimiser: Optimiser) -> Inputs:
    recipe = inputs.job.recipe.model_copy(update={"optimiser": optimiser})
    return replace(inputs, job=inputs.job.model_copy(update={"recipe": recipe}))


def _summed(final: Cost, trials: Sequence[Cost]) -> Cost:
    """All steps and seconds of training; the final head's loss."""
    return replace(
        final,
        steps=final.steps + sum(cost.steps for cost in trials),
        train_seconds=final.train_seconds + sum(cost.train_seconds for cost in trials),
    )


def _group(record: Record) -> str:
    return record.group or record.sample


def _hash(name: str) -> str:
    return hashlib.sha256(f"selection {name}".encode()).hexdigest()
