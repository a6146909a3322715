"""Attentive probe: one learned query reads the tokens of a frozen backbone, a head follows.

Bardes et al., "Revisiting Feature Prediction for Learning Visual Representations from Video"
(V-JEPA), TMLR 2024, section on frozen evaluation.
"""

from typing import TYPE_CHECKING, Any

from severe_bench.adapt.protocol import Protocol, needs_vectors
from severe_bench.tasks.task import Task

if TYPE_CHECKING:
    from severe_bench.adapt.inputs import Inputs, Outcome


def _run(inputs: "Inputs") -> "Outcome":
    from severe_bench.adapt.attentive_probe import probe_tokens

    return probe_tokens(inputs)


def _refuses(task: Task[Any]) -> str:
    """Tokens are there of whole videos only."""
    if task.unit != "clip":
        return f"it reads tokens of videos, and task {task.name} reads {task.unit or 'clips'}"
    return needs_vectors(task)


ATTENTIVE = Protocol("attentive", reads="features", run=_run, refuses=_refuses, unit="tokens")
