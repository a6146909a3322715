import pytest
import torch
from torch import nn

from severe_bench.adapt.timeline.network import WindowNetwork, head_outputs
from severe_bench.adapt.two_parts import TwoPartObjective
from severe_bench.config.recipe import Numerics
from severe_bench.core.errors import NotFinite
from severe_bench.core.record import Dataset
from severe_bench.tasks.segmentation import SEGMENTATION, SegmentationOptions
from severe_bench.tasks.temporal_head import TemporalHead
from severe_bench.train.batch import Batch
from tests.adapt.fakes import Tiny


def network() -> WindowNetwork:
    torch.manual_seed(0)
    return WindowNetwork(Tiny(), TemporalHead(8, 6, 2, 4), Numerics())


def clips(batch: int = 2, count: int = 5) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.rand(batch, count, 3, 4, 8, 8, generator=generator)


def test_missing_snippets_do_not_go_through_the_backbone() -> None:
    whole, windows = network(), clips()
    windows[1, 3:] = torch.nan
    passed: list[int] = []
    whole.backbone.register_forward_hook(lambda module, args, out: passed.append(len(args[0])))
    outputs = whole.eval()(windows)
    assert passed == [8]
    assert outputs.shape == (2, 5, 4)
    torch.testing.assert_close(outputs[1:, :3], whole(windows[1:, :3]))


def test_windows_and_whole_videos_go_through_alike() -> None:
    whole, windows = network().eval(), clips(1)
    vectors = whole.backbone(windows[0])
    torch.testing.assert_close(whole(windows)[0], head_outputs(whole.head, vectors))


def test_a_backbone_that_gives_nan_is_not_taken_for_a_missing_snippet() -> None:
    whole = network()
    nn.init.constant_(whole.backbone.conv.weight, torch.nan)  # type: ignore[union-attr]
    assert whole(clips()).isnan().all()
    with pytest.raises(NotFinite):
        head_outputs(whole.head, torch.full((3, 8), torch.nan))


def test_modes_say_what_trains() -> None:
    dataset = Dataset("d", None, ("a", "b", "c"), ())  # type: ignore[arg-type]
    task = SEGMENTATION.bind(SegmentationOptions(), dataset)
    for mode, training, trained in (
        ("trains", True, 14),
        ("frozen", False, 8),
        ("drifts", True, 8),
    ):
        whole = network()
        objective = TwoPartObjective(whole, whole.backbone, task, mode)  # type: ignore[arg-type]
        objective.begin_epoch(0)
        assert (whole.backbone.training, whole.head.training) == (training, True)
        expected = whole.parameters() if mode == "trains" else whole.head.parameters()
        assert list(map(id, objective.parameters())) == list(map(id, expected))
        objective.loss(Batch({"clips": clips()}, torch.ones(2, 5, dtype=torch.int64))).backward()
        with_gradient = [p for p in whole.parameters() if p.grad is not None]
        assert len(with_gradient) == len(list(objective.parameters()))
        assert len(with_gradient) <= trained
