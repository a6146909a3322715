import pytest
import torch

from severe_bench.models.backbone import BACKBONES
from severe_bench.models.backbones.r2plus1d import middle_width

TORCHVISION = ["r2plus1d_18", "r3d_18", "mc3_18"]


@pytest.mark.parametrize("name", ["r2plus1d_narrow", *TORCHVISION])
def test_features_have_the_declared_width(name: str) -> None:
    backbone = BACKBONES.get(name)
    network = backbone.build().eval()
    with torch.no_grad():
        features = network(torch.randn(2, 3, 4, 32, 32))
    assert features.shape == (2, backbone.width)


@pytest.mark.parametrize("name", TORCHVISION)
def test_torchvision_networks_lack_only_the_classifier(name: str) -> None:
    from torchvision.models import video

    theirs = getattr(video, name)(weights=None).state_dict()
    ours = BACKBONES.get(name).build().state_dict()
    assert set(theirs) - set(ours) == {"fc.weight", "fc.bias"}
    assert not set(ours) - set(theirs)


def test_torchvision_features_are_what_their_classifier_reads() -> None:
    from torchvision.models import video

    theirs = video.r3d_18(weights=None).eval()
    ours = BACKBONES.get("r3d_18").build().eval()
    ours.load_state_dict({k: v for k, v in theirs.state_dict().items() if "fc" not in k})
    clips = torch.randn(1, 3, 4, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(theirs.fc(ours(clips)), theirs(clips))


def test_narrow_network_is_as_small_as_it_says() -> None:
    network = BACKBONES.get("r2plus1d_narrow").build()
    assert sum(p.numel() for p in network.parameters()) == 219_352


def test_narrow_network_sees_the_order_of_frames() -> None:
    torch.manual_seed(0)
    network = BACKBONES.get("r2plus1d_narrow").build().eval()
    clips = torch.randn(1, 3, 8, 48, 48)
    with torch.no_grad():
        assert not torch.allclose(network(clips), network(clips.flip(2)), rtol=1e-3)


@pytest.mark.parametrize(("inside", "outside"), [(64, 64), (64, 128), (8, 16), (3, 1)])
def test_middle_width_keeps_the_parameters_of_a_full_kernel(inside: int, outside: int) -> None:
    middle = middle_width(inside, outside)
    factored = middle * (9 * inside + 3 * outside)
    full = 27 * inside * outside
    half_a_step = 8 * (9 * inside + 3 * outside)
    assert middle % 16 == 0
    assert abs(factored - full) <= half_a_step or middle == 16


def test_gradients_agree_with_double_precision_in_the_layout_of_training() -> None:
    torch.manual_seed(0)
    single = BACKBONES.get("r2plus1d_narrow").build()
    double = BACKBONES.get("r2plus1d_narrow").build().double()
    double.load_state_dict(single.state_dict())
    single = single.to(memory_format=torch.channels_last_3d)
    clips = torch.randn(4, 3, 8, 32, 32)
    single(clips.contiguous(memory_format=torch.channels_last_3d)).square().sum().backward()
    double(clips.double()).square().sum().backward()
    ours = torch.cat([p.grad.flatten() for p in single.parameters()]).double()
    exact = torch.cat([p.grad.flatten() for p in double.parameters()])
    assert (ours - exact).norm() < 0.02 * exact.norm()
