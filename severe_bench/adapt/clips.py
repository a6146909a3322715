"""Samples that are videos: clips in, one vector each, outputs merged over a video's views."""

from typing import TYPE_CHECKING

from severe_bench.adapt.procedure import Procedure

if TYPE_CHECKING:
    from severe_bench.adapt.inputs import Inputs, Outcome


def _finetune(inputs: "Inputs") -> "Outcome":
    from severe_bench.adapt.finetuning import finetune

    return finetune(inputs)


def _probe(inputs: "Inputs") -> "Outcome":
    from severe_bench.adapt.finetuning import probe_on_clips
    from severe_bench.adapt.probing import probe

    reads = inputs.job.recipe.probe.reads
    return probe_on_clips(inputs) if reads == "clips" else probe(inputs)


CLIPS = Procedure("clips", finetune=_finetune, probe=_probe)
