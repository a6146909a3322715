"""torchvision's video networks, with or without their classifier.

The input statement is that of the transforms which torchvision ships with the Kinetics weights of
its video ResNets and S3D; the transformers have their own, in their backbones.
"""

from severe_bench.config.network_input import Input
from severe_bench.models.layout import Layout

KINETICS = Input(mean=(0.43216, 0.394666, 0.37645), std=(0.22803, 0.22145, 0.216989))

TORCHVISION = Layout(
    "torchvision",
    backbones=(
        "r2plus1d_18",
        "r3d_18",
        "mc3_18",
        "s3d",
        "mvit_v1_b",
        "mvit_v2_s",
        "swin3d_t",
        "swin3d_s",
        "swin3d_b",
    ),
    leftovers=(r"fc\.(weight|bias)", r"head\..*", r"classifier\..*"),
    input=KINETICS,
)
