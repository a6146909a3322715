"""A plain head over the snippets of a video: dilated convolutions over time."""

from torch import Tensor, nn


class TemporalHead(nn.Module):
    """Features (B, V, D) to outputs (B, V, O); snippets of NaN are not there.

    One linear layer to the hidden width, then residual convolutions of three taps, 1, 2, 4, ...
    snippets apart, each followed by a ReLU, then one linear layer: a single stage of MS-TCN (Farha
    and Gall 2019) without its 1 x 1 convolutions and dropout. L layers see 2 ** (L + 1) - 1
    snippets. Outside a video there are zeros, however it is padded, so that outputs do not depend
    on what else is in a batch.

    Args:
        width: of the features.
        hidden: of the layers.
        layers: how many convolutions.
        outputs: for each snippet.
    """

    def __init__(self, width: int, hidden: int, layers: int, outputs: int) -> None:
        super().__init__()
        self.inward = nn.Linear(width, hidden)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(hidden, hidden, 3, padding=2**layer, dilation=2**layer)
            for layer in range(layers)
        )
        self.outward = nn.Linear(hidden, outputs)

    def forward(self, features: Tensor) -> Tensor:
        """Outputs; those of snippets that are not there mean nothing."""
        there = ~features[..., :1].isnan()
        rows = self.inward(features.where(there, 0.0)) * there
        for convolution in self.convolutions:
            seen = convolution(rows.transpose(1, 2)).transpose(1, 2)
            rows = rows + seen.relu() * there
        outputs: Tensor = self.outward(rows)
        return outputs
