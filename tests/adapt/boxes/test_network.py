import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from severe_bench.adapt.boxes.network import BoxNetwork, padded, with_boxes
from severe_bench.adapt.two_parts import TwoPartObjective
from severe_bench.core.extras import BOXES, Box
from severe_bench.core.record import Dataset, Record
from severe_bench.tasks.ava_detection import AVA_DETECTION, AvaDetectionOptions
from severe_bench.train.batch import Batch
from tests.adapt.squares import TinyMaps

NAN = torch.nan


class Pooled(nn.Module):
    """Maps that are the clip itself, pooled 4 x 4 in space."""

    def maps(self, clips: Tensor) -> Tensor:
        return F.avg_pool3d(clips, (1, 4, 4))

    def forward(self, clips: Tensor) -> Tensor:
        return self.maps(clips).mean((2, 3, 4))


NETWORK = BoxNetwork("pooled", Pooled(), nn.Identity())


def clip_with(left: int, top: int, right: int, bottom: int, height: int, width: int) -> Tensor:
    """Ones within a rectangle of pixels in every second frame."""
    clip = torch.zeros(1, 3, 4, height, width)
    clip[:, :, ::2, top:bottom, left:right] = 1
    return clip


@pytest.mark.parametrize(("height", "width"), [(64, 64), (64, 96), (96, 64)])
def test_a_box_sees_what_is_in_it_averaged_over_time(height: int, width: int) -> None:
    clip = clip_with(0, 0, width // 2, height // 2, height, width)
    boxes = torch.tensor([[[0.1, 0.1, 0.4, 0.4], [0.6, 0.6, 1, 1], [0.4, 0.4, 0.6, 0.6]]])
    found = NETWORK(clip, boxes)[0]
    torch.testing.assert_close(found[0], torch.full((3,), 0.5))
    torch.testing.assert_close(found[1], torch.zeros(3))
    torch.testing.assert_close(found[2], torch.full((3,), 0.5), atol=0.2, rtol=0)


def test_points_lie_where_aligned_interpolation_puts_them() -> None:
    """A ramp of x: the largest value of a box is at its last bin's mean point."""
    ramp = torch.arange(64.0).expand(1, 3, 2, 64, 64).clone()
    found = NETWORK(ramp, torch.tensor([[[0.25, 0.25, 0.75, 0.75]]]))[0, 0, 0]
    # the map's column c holds 4c + 1.5; the last of seven bins of columns 4 to 12 is centred at
    # 12 - 8/14, which is half a column further left in places that begin at the border
    assert float(found) == pytest.approx(4 * (12 - 8 / 14 - 0.5) + 1.5, abs=0.01)


def test_no_box_is_zeros_and_every_box_reads_its_own_clip() -> None:
    clips = torch.cat([torch.ones(1, 3, 2, 64, 64), torch.full((1, 3, 2, 64, 64), 2.0)])
    whole = [0.0, 0.0, 1.0, 1.0]
    boxes = torch.tensor([[whole, [NAN] * 4], [[NAN] * 4, whole]])
    assert NETWORK(clips, boxes)[..., 0].tolist() == [[1, 0], [0, 2]]
    assert NETWORK(clips, torch.full((2, 1, 4), NAN)).abs().sum() == 0
    assert NETWORK(clips, torch.empty(2, 0, 4)).shape == (2, 0, 3)


@pytest.mark.parametrize(
    ("mode", "changed"),
    [("trains", {"weights", "norms", "head"}), ("drifts", {"norms", "head"}), ("frozen", {"head"})],
)
def test_what_changes_is_what_the_mode_says(mode: str, changed: set[str]) -> None:
    task = AVA_DETECTION.bind(AvaDetectionOptions(), Dataset("d", None, ("a", "b"), ()))  # type: ignore[arg-type]
    network = BoxNetwork("tiny_maps", TinyMaps(), task.head(24))
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    reads = ("clips", "boxes")
    objective = TwoPartObjective(network, network.backbone, task, mode, reads)  # type: ignore[arg-type]
    box = Box(0.1, 0.1, 0.9, 0.9, (1,))
    targets = task.targets([Record("f", "v", None, "train", extras=BOXES.set((box,)))])
    optimiser = torch.optim.SGD([p for p in objective.parameters() if p.requires_grad], lr=0.1)
    objective.begin_epoch(0)
    inputs = {"clips": torch.randn(1, 3, 2, 32, 32), "boxes": targets[..., :4]}
    objective.loss(Batch(inputs, targets)).backward()
    optimiser.step()
    after = objective.module.state_dict()
    moved = {name for name, old in before.items() if not torch.equal(old, after[name])}
    kinds = {"weights": "backbone.last.weight", "norms": "backbone.norm.running_mean"}
    found = {kind for kind, name in kinds.items() if name in moved}
    assert found | {"head" for name in moved if name.startswith("head")} == changed


def test_scores_begin_with_their_boxes_and_padding_is_nan() -> None:
    boxes = padded([[(0.0, 0.0, 0.5, 1.0)], []], 2)
    assert boxes.shape == (2, 2, 4)
    assert boxes[1].isnan().all()
    scores = with_boxes(boxes[0], torch.tensor([[0.25], [0.75]]))
    assert scores[0].tolist() == [0.0, 0.0, 0.5, 1.0, 0.25]
    assert torch.from_numpy(scores[1]).isnan().all()
