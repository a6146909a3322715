"""The state that did best in looks taken during training, kept on disk."""

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from severe_bench.core.atomic import atomic_path
from severe_bench.core.errors import UserError

BEST_FILE = "parts/best.pt"
"""In the cell's folder, among what may be removed once its result is safe."""


@dataclass(frozen=True)
class Judge:
    """Looks at a network while it trains.

    Args:
        look: 0-based epoch that has just ended -> a score, higher is better; a pure function of
            epoch and network, which may change the network's mode but nothing else. NaN never wins.
        every: epochs between two looks; the last epoch is always looked at.
    """

    look: Callable[[int], float]
    every: int = 1

    def looks_after(self, epoch: int, epochs: int) -> bool:
        """Whether there is a look after this 0-based epoch."""
        return (epoch + 1) % self.every == 0 or epoch + 1 == epochs


class Best:
    """The first of the best states of a training run.

    A look that is repeated after a kill finds the same score, so the file ends up the same however
    often training was interrupted.

    Args:
        folder: of the cell.
        key: fingerprint of the training run.
    """

    def __init__(self, folder: Path, key: str) -> None:
        self.path, self.key = folder / BEST_FILE, key
        self._kept = self._read()

    @property
    def epoch(self) -> int | None:
        """0-based epoch after which the best state was."""
        return None if self._kept is None else int(self._kept["epoch"])

    def offer(self, epoch: int, score: float, module: nn.Module) -> None:
        """Keep this state if it is the best so far, or as good and earlier."""
        if self._kept is not None:
            ahead = (self._kept["score"], -self._kept["epoch"])
            if not (score, -epoch) > ahead:
                return
        elif score != score:  # noqa: PLR0124 - NaN
            return
        state = {
            name: tensor.detach().cpu().clone() for name, tensor in module.state_dict().items()
        }
        self._kept = {"key": self.key, "epoch": epoch, "score": score, "module": state}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(self.path) as temporary, temporary.open("wb") as stream:
            torch.save(self._kept, stream)

    def load_into(self, module: nn.Module) -> int:
        """Give `module` the best state; the 0-based epoch after which it was.

        Raises:
            UserError: no look gave a score.
        """
        if self._kept is None:
            mend = "lower optimiser.lr, or set selection.model: last"
            raise UserError("no look at the test split gave a score", mend=mend)
        module.load_state_dict(self._kept["module"], strict=True)
        return int(self._kept["epoch"])

    def _read(self) -> dict[str, Any] | None:
        """What is kept; None where nothing is, or only that of another training run."""
        if not self.path.exists():
            return None
        blob = self.path.read_bytes()
        try:
            with zipfile.ZipFile(io.BytesIO(blob)) as archive:
                if archive.testzip() is not None:  # torch checks no checksums
                    raise ValueError("a checksum fails")
            found = torch.load(io.BytesIO(blob), weights_only=True, map_location="cpu")
        except Exception as error:  # damage can raise anything
            mend = "remove the cell's folder and run again"
            raise UserError(f"cannot be read ({error})", str(self.path), mend) from error
        kept: dict[str, Any] = found
        return kept if kept["key"] == self.key else None
