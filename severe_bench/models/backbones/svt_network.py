"""The modules of TimeSformer; names of tensors are those of SVT's code.

Tokens lie in the order (place, frame), after one class token.
"""

from functools import partial

import torch
import torch.nn.functional as F
from torch import nn
from torchvision.ops import StochasticDepth

FRAMES, SIZE, PATCH, DROP_PATH = 8, 224, 16, 0.1
PLACES = (SIZE // PATCH) ** 2
Norm = partial(nn.LayerNorm, eps=1e-6)


class TimeSformer(nn.Module):
    """Patches, place and time embeddings, blocks; the class token is the feature.

    Args:
        width, depth, heads: of the transformer; ViT-B where left out.
    """

    def __init__(self, width: int = 768, depth: int = 12, heads: int = 12) -> None:
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, PLACES + 1, width))
        self.time_embed = nn.Parameter(torch.zeros(1, FRAMES, width))
        self.patch_embed = nn.ModuleDict({"proj": nn.Conv2d(3, width, PATCH, PATCH)})
        rates = [DROP_PATH * index / (depth - 1) for index in range(depth)]
        self.blocks = nn.ModuleList(Block(width, heads, rate) for rate in rates)
        self.norm = Norm(width)
        self._initialise()

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        """Clips (B, 3, 8, 224, 224), float and normalised, to features (B, width)."""
        tokens, batch = self._tokens(clips), len(clips)
        patches = tokens.reshape(batch, -1, *tokens.shape[1:])  # (B, T, places, width)
        patches = patches + self.pos_embed[:, None, 1:]
        patches = patches.transpose(1, 2) + self.time_embed  # (B, places, T, width)
        begin = (self.cls_token + self.pos_embed[:, :1]).expand(batch, -1, -1)
        stream = torch.cat((begin, patches.flatten(1, 2)), dim=1)
        for block in self.blocks:
            stream = block(stream)
        features: torch.Tensor = self.norm(stream)[:, 0]
        return features

    def _tokens(self, clips: torch.Tensor) -> torch.Tensor:
        """(B * T, places, width)."""
        frames = clips.transpose(1, 2).flatten(0, 1)
        tokens: torch.Tensor = self.patch_embed["proj"](frames).flatten(2).transpose(1, 2)
        return tokens

    def _initialise(self) -> None:
        for table in (self.cls_token, self.pos_embed):
            nn.init.trunc_normal_(table, std=0.02)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)
        for number, module in enumerate(self.blocks):
            if number > 0:  # attention over time begins as nothing, but in the first block
                nn.init.zeros_(module.get_submodule("temporal_fc").get_parameter("weight"))


class Block(nn.Module):
    """Attention over time at each place, over places in each frame, then two layers."""

    def __init__(self, width: int, heads: int, drop_path: float) -> None:
        super().__init__()
        self.norm1, self.attn = Norm(width), Attention(width, heads)
        self.temporal_norm1, self.temporal_attn = Norm(width), Attention(width, heads)
        self.temporal_fc = nn.Linear(width, width)
        self.norm2 = Norm(width)
        self.mlp = nn.ModuleDict(
            {"fc1": nn.Linear(width, 4 * width), "fc2": nn.Linear(4 * width, width)}
        )
        self.drop_path = StochasticDepth(drop_path, "row")

    def forward(self, stream: torch.Tensor) -> torch.Tensor:
        """Stream (B, 1 + places * T, width) to the same shape."""
        first, patches = stream[:, :1], stream[:, 1:]
        batch, _, width = patches.shape
        grid = patches.reshape(batch, PLACES, FRAMES, width)
        grid = grid + self._over_time(grid)
        first_update, update = self._over_places(first, grid)
        stream = torch.cat((first + first_update, (grid + update).flatten(1, 2)), dim=1)
        inner = self.mlp["fc2"](F.gelu(self.mlp["fc1"](self.norm2(stream))))
        result: torch.Tensor = stream + self.drop_path(inner)
        return result

    def _over_time(self, grid: torch.Tensor) -> torch.Tensor:
        rows = grid.flatten(0, 1)
        inner = self.drop_path(self.temporal_attn(self.temporal_norm1(rows)))
        update: torch.Tensor = self.temporal_fc(inner).reshape(grid.shape)
        return update

    def _over_places(
        self, first: torch.Tensor, grid: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Each frame sees the class token; its updates are averaged over the frames."""
        batch, _, frames, width = grid.shape
        copies = first.expand(-1, frames, -1).reshape(batch * frames, 1, width)
        rows = torch.cat((copies, grid.transpose(1, 2).flatten(0, 1)), dim=1)
        inner = self.drop_path(self.attn(self.norm1(rows))).reshape(batch, frames, -1, width)
        return inner[:, :, 0].mean(1, keepdim=True), inner[:, :, 1:].transpose(1, 2)


class Attention(nn.Module):
    """Multi-head self-attention with one projection for queries, keys and values."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Rows (N, L, width) to the same shape."""
        count, length, width = rows.shape
        parts = self.qkv(rows).reshape(count, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(*parts.unbind(0))
        result: torch.Tensor = self.proj(seen.transpose(1, 2).reshape(count, length, width))
        return result
