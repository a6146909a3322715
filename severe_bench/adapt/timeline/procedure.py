"""Samples that are long videos: a vector for each snippet, a head over all of them in order."""

from typing import TYPE_CHECKING

from severe_bench.adapt.procedure import Procedure

if TYPE_CHECKING:
    from severe_bench.adapt.inputs import Inputs, Outcome


def _finetune(inputs: "Inputs") -> "Outcome":
    from severe_bench.adapt.timeline.finetuning import finetune

    return finetune(inputs)


def _probe(inputs: "Inputs") -> "Outcome":
    from severe_bench.adapt.timeline.finetuning import probe_on_clips
    from severe_bench.adapt.timeline.probing import probe

    reads = inputs.job.recipe.probe.reads
    return probe_on_clips(inputs) if reads == "clips" else probe(inputs)


TIMELINE = Procedure("timeline", finetune=_finetune, probe=_probe)
