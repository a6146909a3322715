"""Training state on disk: written atomically, refused when foreign or damaged."""

import io
import logging
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from severe_bench.core.atomic import atomic_path
from severe_bench.core.digest import digest_of

CHECKPOINT_FILE = "checkpoint.pt"
DAMAGED_FILE = "checkpoint.pt.damaged"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Tally:
    """What training has done so far, over all sessions.

    Args:
        steps: optimiser steps done; the position in training, since epochs have equal length.
        clips: samples seen, with repetition.
        seconds: spent in steps that were kept.
        loss: of the last step; NaN before the first.
    """

    steps: int = 0
    clips: int = 0
    seconds: float = 0.0
    loss: float = float("nan")


@dataclass(frozen=True)
class Trained:
    """The live objects whose state a checkpoint holds."""

    module: nn.Module
    optimiser: torch.optim.Optimizer
    device: str


def fingerprint(trained: Trained, context: object) -> str:
    """Digest of everything a checkpoint must agree on to be resumed from.

    Covers `context` (recipe, seed, steps per epoch) and the names, shapes and types of all state,
    so that a checkpoint with this fingerprint always loads whole.
    """
    state = [
        [name, list(tensor.shape), str(tensor.dtype)]
        for name, tensor in trained.module.state_dict().items()
    ]
    groups = [len(group["params"]) for group in trained.optimiser.param_groups]
    optimiser = [type(trained.optimiser).__name__, groups]
    return digest_of({"context": context, "state": state, "optimiser": optimiser})


def save(path: Path, trained: Trained, tally: Tally, key: str) -> None:
    """Write the state of `trained`, `tally` and torch's random generators.

    Raises:
        UserError: the folder cannot be written or the disk is full.
    """
    content = {
        "key": key,
        "tally": asdict(tally),
        "module": trained.module.state_dict(),
        "optimiser": trained.optimiser.state_dict(),
        "random": _random_state(trained.device),
    }
    # Given a path, torch reports a full disk as RuntimeError; a stream's OSError passes through.
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        torch.save(content, stream)


def restore(path: Path, trained: Trained, key: str) -> Tally:
    """Load the checkpoint into `trained` and torch's generators; the tally to go on from.

    Without a file this is the start of training. A file that is damaged, or whose key is another,
    is renamed to `checkpoint.pt.damaged`, noted in the log, and training starts afresh.
    """
    if not path.exists():
        return Tally()
    blob = path.read_bytes()
    try:
        content = _parse(blob, key)
    except Exception as error:  # damage can raise anything, and all of it means: not usable
        _set_aside(path, error)
        return Tally()
    trained.module.load_state_dict(content["module"], strict=True)
    trained.optimiser.load_state_dict(content["optimiser"])
    _set_random_state(content["random"], trained.device)
    return Tally(**content["tally"])


def _parse(blob: bytes, key: str) -> dict[str, Any]:
    # torch does not check the archive's checksums when it reads; zipfile does.
    with zipfile.ZipFile(io.BytesIO(blob)) as archive:
        broken = archive.testzip()
    if broken is not None:
        raise ValueError(f"{broken} fails its checksum")
    content: dict[str, Any] = torch.load(io.BytesIO(blob), weights_only=True, map_location="cpu")
    if content["key"] != key:
        raise ValueError("it belongs to another recipe, seed, network or amount of data")
    return content


def _set_aside(path: Path, error: Exception) -> None:
    aside = path.with_name(DAMAGED_FILE)
    path.replace(aside)
    _log.warning("%s cannot be resumed from (%s); kept as %s, restarting", path, error, aside.name)


def _random_state(device: str) -> dict[str, torch.Tensor]:
    state = {"cpu": torch.get_rng_state()}
    if torch.device(device).type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    return state


def _set_random_state(state: dict[str, torch.Tensor], device: str) -> None:
    torch.set_rng_state(state["cpu"])
    if "cuda" in state and torch.device(device).type == "cuda":
        torch.cuda.set_rng_state(state["cuda"], device)
