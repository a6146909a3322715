"""torchvision's video networks, with or without their classifier.

The input statement is that of the transforms which torchvision ships with its Kinetics weights of
the video ResNets, S3D and R(2+1)D (mean and deviation of Kinetics-400).
"""

from severe_bench.config.network_input import Input
from severe_bench.models.layout import Layout

KINETICS = Input(mean=(0.43216, 0.394666, 0.37645), std=(0.22803, 0.22145, 0.216989))

TORCHVISION = Layout(
    "torchvision",
    backbones=("r2plus1d_18", "r3d_18", "mc3_18"),
    leftovers=(r"fc\.(weight|bias)",),
    input=KINETICS,
)
