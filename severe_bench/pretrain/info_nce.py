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
    logits = queries @ torch.cat([keys, negatives]).T / temperature
    return F.cross_entropy(logits, torch.arange(len(queries), device=queries.device))
