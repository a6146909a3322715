"""Cells as members of a lockstep: what each has to train, stage by stage."""

from collections.abc import Callable, Mapping

import numpy as np

from severe_bench.adapt.features import FeatureTable
from severe_bench.adapt.inputs import Inputs
from severe_bench.adapt.linear_heads import LinearHeads, is_plain_linear
from severe_bench.adapt.lockstep import Member
from severe_bench.adapt.probing import FeatureBatches, Learner, scaling_of
from severe_bench.adapt.selection import Trials, best_of, trials_folder, with_setting
from severe_bench.adapt.stacks import OneHead, SeveralHeads
from severe_bench.train.checkpoint import CHECKPOINT_FILE
from severe_bench.train.loop import Training, seeded

Stage = Callable[[Inputs, FeatureTable], Member | None]
"""A cell's training as its own run would begin or resume it, from its inputs and the features of
all training videos; None where it cannot join. The folder of the inputs' session holds what there
is of it."""


def head_of(inputs: Inputs, table: FeatureTable) -> Member | None:
    """The head of a linear probe."""
    train = table.of(inputs.train)
    if inputs.job.recipe.standardise and isinstance(train.features, np.ndarray):
        train = scaling_of(train)(train)
    learner, job = Learner.of(train, inputs), inputs.job
    head, source = learner.objective.module, learner.source
    if not isinstance(source, FeatureBatches) or not is_plain_linear(head):
        return None
    with seeded(job.seed, inputs.session.device):
        training = Training(learner.objective, source, job.recipe, inputs.session, job.seed)
    form = OneHead(head, inputs.assignment, job.recipe.optimiser)
    return Member(training, source, form)


def trials_of(inputs: Inputs, table: FeatureTable) -> Member | None:
    """The heads among which a cell selects."""
    trials = Trials.of(table, inputs)
    heads, source = trials.heads, trials.source
    if not isinstance(source, FeatureBatches) or not isinstance(heads, LinearHeads):
        return None
    form = SeveralHeads(heads, trials.objective, trials.specs)
    return Member(trials.begun(), source, form)


def selected_of(inputs: Inputs, table: FeatureTable) -> Member | None:
    """The head with the setting that the cell's trials chose; none before these have ended."""
    if not (trials_folder(inputs.session) / CHECKPOINT_FILE).exists():
        return None
    trials = Trials.of(table, inputs)
    training = trials.begun()
    if training.tally.steps < training.total:
        return None
    return head_of(with_setting(inputs, best_of(trials.results(), inputs)), table)


STAGES: Mapping[str, tuple[Stage, ...]] = {
    "linear": (head_of,),
    "linear_selected": (trials_of, selected_of),
}
"""By protocol, what is trained one after another; each of `adapt.company` is here."""
