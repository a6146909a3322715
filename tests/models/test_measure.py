import pytest
import torch

from severe_bench.models.backbone import BACKBONES
from severe_bench.models.measure import measure, measured, read_sizes, table

TORCHVISION = {
    "r2plus1d_18": "R2Plus1D_18_Weights",
    "r3d_18": "R3D_18_Weights",
    "mc3_18": "MC3_18_Weights",
    "mvit_v1_b": "MViT_V1_B_Weights",
    "mvit_v2_s": "MViT_V2_S_Weights",
    "s3d": "S3D_Weights",
    "swin3d_t": "Swin3D_T_Weights",
    "swin3d_s": "Swin3D_S_Weights",
    "swin3d_b": "Swin3D_B_Weights",
}
CLASSES = 400
COUNTED_AT_OUR_SIZE = ("r2plus1d_18", "r3d_18", "mc3_18", "mvit_v1_b", "mvit_v2_s")


@pytest.mark.parametrize("name", measured())
def test_the_table_in_the_package_is_what_the_code_measures(name: str) -> None:
    """The forward pass runs on the meta device: shapes are checked, numbers are not."""
    assert read_sizes()[name] == measure(BACKBONES.get(name))


def test_the_table_has_every_backbone_and_reads_back() -> None:
    sizes = read_sizes()
    assert list(sizes) == measured()
    assert table(list(sizes.values())).count("\n") == len(sizes) + 1


@pytest.mark.parametrize("name", TORCHVISION)
def test_parameters_and_operations_are_those_that_torchvision_states(name: str) -> None:
    from torchvision.models import video

    meta = getattr(video, TORCHVISION[name]).DEFAULT.meta
    size = read_sizes()[name]
    classifier = (size.width + 1) * CLASSES
    assert size.parameters + classifier == meta["num_params"]
    if name in COUNTED_AT_OUR_SIZE:
        assert size.gflops / 2 == pytest.approx(meta["_ops"], rel=0.01)


@pytest.mark.parametrize("name", measured())
def test_features_have_the_declared_width(name: str) -> None:
    backbone = BACKBONES.get(name)
    frames, side = backbone.frames or 16, backbone.size or 112
    with torch.device("meta"):
        features = backbone.build().eval()(torch.empty(2, 3, frames, side, side))
    assert features.shape == (2, backbone.width)
