"""InfoNCE: tell the positive pair from the negatives.

Van den Oord et al. 2018; thesis of Thoker, chapter 5, eq. 5.1, with h(a, b) = exp(a.b / tau).
"""

import torch
from torch.nn import functional as F


def info_nce(
    queries: torch.Tensor, keys: torch.Tensor, negatives: torch.Tensor, temperature: float
) -> torch.Tensor:
    """Mean over queries of -log h(q, k) / (h(q, k) + sum over negatives of h(q, n)).

    The negatives of query i are the keys of the other queries and `negatives`.

    Args:
        queries: (B, D), unit length.
        keys: (B, D), unit length; row i is the positive of query i.
        negatives: (N, D), unit length; N may be 0.
        temperature: tau > 0.

    Returns:
        A scalar; log(B + N) when nothing is told apart.
    """
    logits = similarities(queries, keys, negatives) / temperature
    return F.cross_entropy(logits, _own(queries))


def pretext_accuracy(
    queries: torch.Tensor, keys: torch.Tensor, negatives: torch.Tensor
) -> torch.Tensor:
    """Share of queries nearest to their own key; 1 / (B + N) by chance."""
    return (similarities(queries, keys, negatives).argmax(dim=1) == _own(queries)).float().mean()


def similarities(
    queries: torch.Tensor, keys: torch.Tensor, negatives: torch.Tensor
) -> torch.Tensor:
    """Dot products (B, B + N); the positive of query i in column i."""
    return queries @ torch.cat([keys, negatives]).T


def _own(queries: torch.Tensor) -> torch.Tensor:
    return torch.arange(len(queries), device=queries.device)
