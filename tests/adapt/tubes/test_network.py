import numpy as np
import torch
from torch import nn

from severe_bench.adapt.tubes.network import OVER_TIME, TubeNetwork, kept
from tests.adapt.squares import TinyMaps
from tests.metrics.brute_force import iou


def test_maps_become_one_by_their_mean_or_the_last() -> None:
    backbone, clips = TinyMaps().eval(), torch.randn(2, 3, 4, 32, 32)
    with torch.no_grad():
        by_frame = torch.stack(
            [
                TubeNetwork("tiny_maps", backbone, OVER_TIME["last"], nn.Identity())(
                    clips[:, :, frame : frame + 1]
                )
                for frame in range(4)
            ]
        )
        mean, last = (
            TubeNetwork("tiny_maps", backbone, OVER_TIME[how], nn.Identity())(clips)
            for how in ("mean", "last")
        )
    torch.testing.assert_close(mean, by_frame.mean(0))
    torch.testing.assert_close(last, by_frame[-1])
    assert last.shape == (2, 24, 8, 8)


def slow(rows: list[list[float]], most: int, overlap: float) -> list[list[float]]:
    left: list[list[float]] = []
    for row in sorted(rows, key=lambda row: -row[4]):
        if all(iou(tuple(row[:4]), tuple(other[:4])) <= overlap for other in left):  # type: ignore[arg-type]
            left.append(row)
    return left[:most]


def test_less_confident_boxes_that_overlap_go_and_scores_are_products() -> None:
    generator = torch.Generator().manual_seed(0)
    corner = torch.rand(3, 40, 2, generator=generator) * 0.6
    size = 0.1 + torch.rand(3, 40, 2, generator=generator) * 0.3
    confidence = torch.rand(3, 40, 1, generator=generator)
    classes = torch.rand(3, 40, 4, generator=generator).softmax(-1)
    candidates = torch.cat([corner, corner + size, confidence, classes], dim=-1)
    found = kept(candidates, most=8, overlap=0.4)
    assert found.boxes.shape == (3, 8, 4)
    for frame, rows in enumerate(candidates.tolist()):
        expected = np.array(slow(rows, 8, 0.4))
        np.testing.assert_allclose(found.boxes[frame], expected[:, :4], rtol=1e-6)
        products = expected[:, 4:5] * expected[:, 5:]
        np.testing.assert_allclose(found.scores[frame], products, rtol=1e-5)


def test_a_frame_with_fewer_boxes_is_padded() -> None:
    box = torch.tensor([0.1, 0.1, 0.5, 0.5])
    rows = torch.stack([torch.cat([box, torch.tensor([c, 1.0])]) for c in (0.9, 0.8)])
    found = kept(rows[None], most=5, overlap=0.4)
    assert found.boxes.shape == (1, 2, 4)
    assert np.isnan(found.boxes[0, 1]).all()
