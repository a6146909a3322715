import pytest
import torch
from torch import nn

from severe_bench.tasks.temporal_head import TemporalHead


def head(layers: int = 3, width: int = 6) -> TemporalHead:
    torch.manual_seed(0)
    return TemporalHead(width, 8, layers, 4)


def rows(batch: int, count: int, width: int = 6) -> torch.Tensor:
    return torch.randn(batch, count, width, generator=torch.Generator().manual_seed(1))


def test_every_snippet_has_outputs() -> None:
    assert head()(rows(2, 11)).shape == (2, 11, 4)


def test_outputs_do_not_depend_on_what_a_video_is_filled_up_with() -> None:
    module, videos = head(), rows(1, 7)
    longer = torch.cat([videos, torch.full((1, 9, 6), torch.nan)], dim=1)
    torch.testing.assert_close(module(longer)[:, :7], module(videos))
    together = torch.cat([longer, rows(1, 16)])
    torch.testing.assert_close(module(together)[:1, :7], module(videos))


@pytest.mark.parametrize("layers", [0, 1, 2, 4])
def test_an_output_sees_as_many_snippets_as_stated(layers: int) -> None:
    module, videos = head(layers), rows(1, 101).requires_grad_()
    module(videos)[0, 50].sum().backward()
    seen = videos.grad.abs().sum(-1)[0].nonzero()[:, 0]  # type: ignore[union-attr]
    assert seen.numel() <= 2 ** (layers + 1) - 1
    assert (seen.min(), seen.max()) == (51 - 2**layers, 49 + 2**layers)


def test_gradients_are_numbers_where_snippets_are_missing() -> None:
    module, videos = head(), rows(2, 6)
    videos[1, 3:] = torch.nan
    module(videos)[:, :3].sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in module.parameters())


def test_dropout_before_it_leaves_missing_snippets_missing() -> None:
    module = nn.Sequential(nn.Dropout(0.5), head(2)).train()
    videos = rows(4, 9)
    videos[:, 5:] = torch.nan
    torch.manual_seed(3)
    dropped = module[0](videos)
    assert dropped[:, 5:].isnan().all()
    assert dropped[:, :5].isfinite().all()
    assert module(videos).isfinite().all()
