"""A backbone on every snippet of a window, and a head over their vectors in order.

Throughout, a snippet that is not there (a window or a batch is longer than a video) is NaN in what
goes into backbone and head.
"""

import torch
from torch import Tensor, nn

from severe_bench.adapt.network import finite
from severe_bench.config.recipe import Numerics
from severe_bench.train.numerics import lay_out


class WindowNetwork(nn.Module):
    """Clips (B, S, 3, T, H, W) to outputs (B, S, ...) of a head over vectors (B, S, D).

    Args:
        backbone: of single clips.
        head: over the vectors.
        numerics: memory layout of the clips.
    """

    def __init__(self, backbone: nn.Module, head: nn.Module, numerics: Numerics) -> None:
        super().__init__()
        self.backbone, self.head, self._numerics = backbone, head, numerics

    def forward(self, clips: Tensor) -> Tensor:
        """Outputs of the head."""
        flat = clips.flatten(0, 1)
        there = ~flat[:, 0, 0, 0, 0].isnan()
        seen = lay_out({"clips": flat[there]}, self._numerics)["clips"]
        vectors = self.backbone(seen).float()
        rows = vectors.new_full((len(flat), vectors.shape[1]), torch.nan)
        rows = rows.index_put((there.nonzero()[:, 0],), vectors)
        outputs: Tensor = self.head(rows.unflatten(0, clips.shape[:2]))
        return outputs + _broken(vectors)


def head_outputs(head: nn.Module, vectors: Tensor) -> Tensor:
    """Outputs (V, ...) of a whole video from its vectors (V, D), all of which are there.

    Raises:
        NotFinite: some outputs are NaN or infinite.
    """
    outputs: Tensor = head(vectors[None])[0]
    return finite(outputs.float() + _broken(vectors))


def _broken(vectors: Tensor) -> Tensor:
    """0, or NaN where a backbone gave NaN: a head would take that for a snippet that is missing."""
    return vectors.detach().sum() * 0
