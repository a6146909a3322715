"""Samples that are key frames with boxes: one clip in, one vector for each of its boxes."""

from typing import TYPE_CHECKING

from severe_bench.adapt.procedure import Procedure

if TYPE_CHECKING:
    from severe_bench.adapt.inputs import Inputs, Outcome


def _finetune(inputs: "Inputs") -> "Outcome":
    from severe_bench.adapt.boxes.finetuning import finetune

    return finetune(inputs)


def _probe(inputs: "Inputs") -> "Outcome":
    from severe_bench.adapt.boxes.finetuning import probe_on_clips
    from severe_bench.adapt.boxes.probing import probe

    reads = inputs.job.recipe.probe.reads
    return probe_on_clips(inputs) if reads == "clips" else probe(inputs)


BOXES = Procedure("boxes", finetune=_finetune, probe=_probe)
