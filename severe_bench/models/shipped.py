"""The checkpoints that come with the package, and where each is from."""

import json
from pathlib import Path

from severe_bench.core.digest import canonical_json
from severe_bench.core.frozen import Frozen

FOLDER = Path(__file__).parent / "weights_data"
INDEX = FOLDER / "index.json"


class Shipped(Frozen):
    """One shipped checkpoint.

    Args:
        sha256: of the file.
        method: pretraining method.
        backbone: registry name.
        dataset: digest of the pretraining set; another one means that the built-in world has
            changed since.
        seed: of the pretraining run.
        recipe: the whole pretraining job as data.
        torch: version that trained it.
        command: makes it again.
    """

    sha256: str
    method: str
    backbone: str
    dataset: str
    seed: int
    recipe: dict[str, object]
    torch: str
    command: str


def shipped(index: Path = INDEX) -> dict[str, Shipped]:
    """The index of shipped checkpoints by name; `NAME.pt` lies beside it."""
    content = json.loads(index.read_text())
    return {name: Shipped.model_validate(entry) for name, entry in content.items()}


def index_text(entries: dict[str, Shipped]) -> str:
    """The index file's content, sorted, one indented entry after the other."""
    content = {name: json.loads(canonical_json(entry)) for name, entry in entries.items()}
    return json.dumps(content, indent=2, sort_keys=True) + "\n"
