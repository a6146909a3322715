"""How large backbones are: parameters, and multiplications of one clip; on no numbers at all.

python -m severe_bench.models.measure    writes models/backbones.csv
"""

import csv
import io
import sys
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from severe_bench.core.atomic import write_text
from severe_bench.models.backbone import BACKBONES, Backbone

FILE = Path(__file__).parent / "backbones.csv"
FRAMES, SIZE = 16, 112
"""Of the clip where the architecture does not fix it, as in SEVERE."""


@dataclass(frozen=True)
class Size:
    """A backbone's size.

    Args:
        name: registry name.
        width: of the features.
        frames, size: of the clip that was counted.
        parameters: all of them, trained or not; no buffers.
        gflops: 10^9 floating-point operations of one clip's forward pass in convolutions, matrix
            products and attention; a multiplication and an addition count as two.
    """

    name: str
    width: int
    frames: int
    size: int
    parameters: int
    gflops: float


def measure(backbone: Backbone) -> Size:
    """Count on torch's meta device: shapes only, no memory, no arithmetic."""
    frames, size = backbone.frames or FRAMES, backbone.size or SIZE
    with torch.device("meta"), torch.no_grad():
        network = backbone.build().eval()
        counter = FlopCounterMode(display=False)
        with counter:
            features = network(torch.empty(1, 3, frames, size, size))
    parameters = sum(parameter.numel() for parameter in network.parameters())
    gflops = round(counter.get_total_flops() / 1e9, 3)
    return Size(backbone.name, features.shape[1], frames, size, parameters, gflops)


def table(sizes: list[Size]) -> str:
    """As CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(Size)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(size) for size in sizes)
    return text.getvalue()


def read_sizes(path: Path = FILE) -> dict[str, Size]:
    """What was measured, by backbone."""
    with path.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    return {
        row["name"]: Size(
            row["name"],
            int(row["width"]),
            int(row["frames"]),
            int(row["size"]),
            int(row["parameters"]),
            float(row["gflops"]),
        )
        for row in rows
    }


def measured() -> list[str]:
    """Names of the backbones that are one architecture each, which has a size."""
    return [name for name in BACKBONES.names() if BACKBONES.get(name).describe is None]


def main() -> None:
    """Measure every backbone and write the table."""
    sizes = [measure(BACKBONES.get(name)) for name in measured()]
    write_text(FILE, table(sizes))
    sys.stdout.write(table(sizes))


if __name__ == "__main__":
    main()
