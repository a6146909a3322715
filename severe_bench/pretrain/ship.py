"""Make checkpoints of a results folder part of the package.

severe run demo-pretrain
python -m severe_bench.pretrain.ship results/shared/pretrain/*/weights.pt
"""

import sys
from pathlib import Path

import torch

from severe_bench.core.atomic import write_text
from severe_bench.core.digest import file_digest
from severe_bench.core.errors import UserError
from severe_bench.models.shipped import FOLDER, INDEX, Shipped, index_text
from severe_bench.models.weights import Metadata, load_checkpoint, save_checkpoint

COMMAND = (
    "SEVERE_PRETRAIN_SEED={seed} severe run demo-pretrain && "
    "python -m severe_bench.pretrain.ship results/shared/pretrain/*/weights.pt"
)


def ship(files: list[Path], folder: Path = FOLDER) -> dict[str, Shipped]:
    """Write each checkpoint in half precision as `METHOD.pt`, and the index of all.

    Args:
        files: checkpoints of this package, one for each method.
        folder: where shipped checkpoints lie; its index is replaced.

    Raises:
        UserError: two files of one method, or a file that is not of this package.
    """
    entries: dict[str, Shipped] = {}
    for path in files:
        checkpoint = load_checkpoint(path, "severe")
        assert checkpoint.metadata is not None  # noqa: S101 - the layout demands it
        name = checkpoint.metadata.method
        if name in entries:
            raise UserError(f"two checkpoints of {name}", str(path), "name one file per method")
        target = folder / f"{name}.pt"
        save_checkpoint(target, checkpoint.tensors, checkpoint.metadata, dtype=torch.float16)
        entries[name] = _entry(checkpoint.metadata, target)
    write_text(folder / INDEX.name, index_text(entries))
    return entries


def _entry(metadata: Metadata, path: Path) -> Shipped:
    origin = metadata.model_dump(exclude={"format"})
    command = COMMAND.format(seed=metadata.seed)
    return Shipped(sha256=file_digest(path), command=command, **origin)


def main() -> None:
    """Ship the files named on the command line."""
    try:
        entries = ship([Path(argument) for argument in sys.argv[1:]])
    except UserError as error:
        sys.exit(f"ship: {error}")
    print("\n".join(f"{name}  {entry.sha256}" for name, entry in entries.items()))  # noqa: T201


if __name__ == "__main__":
    main()
