"""Batch normalisation's statistics averaged anew over training batches, before testing.

"Precise BN": Wu and Johnson, "Rethinking 'Batch' in BatchNorm", 2021, section 3; PySlowFast does it
for Charades over 200 batches.
"""

import torch
from torch import nn

from severe_bench.config.recipe import Recipe
from severe_bench.train.batch import BatchSource
from severe_bench.train.numerics import arithmetic, lay_out


@torch.no_grad()
def average_norms(module: nn.Module, source: BatchSource, recipe: Recipe, device: str) -> None:
    """Give every batch normalisation the mean of its batch statistics; nothing else changes.

    The batches are those of the epochs after training, so that the result follows from the seed.

    Args:
        module: from clips to outputs, on the device; left in eval mode.
        source: of training batches.
        recipe: number of batches, numerics.
        device: of the module.
    """
    norms = [m for m in module.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    module.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # torch: the plain mean over batches
        norm.train()
    for number in range(recipe.test.precise_norms):
        later, step = divmod(number, source.steps_per_epoch)
        batch = source.batch(recipe.schedule.epochs + later, step)
        with arithmetic(recipe.numerics, device):
            module(lay_out(batch.inputs, recipe.numerics)["clips"])
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    module.eval()
