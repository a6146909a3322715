"""Checkpoints as the plan sees them: a file, or a model folder; there or not, and their digest."""

from collections.abc import Callable
from pathlib import Path

from severe_bench.config.entries import ModelEntry
from severe_bench.core.digest import digest_of
from severe_bench.models.backbone import BACKBONES, Backbone, Described, described
from severe_bench.models.factory import SEPARATOR
from severe_bench.models.file_kind import require_checkpoint_file
from severe_bench.models.model_folder import is_model_folder, weight_files


def is_checkpoint(path: Path) -> bool:
    """Whether a checkpoint lies there."""
    return path.is_file() or is_model_folder(path)


def files_of(path: Path) -> tuple[Path, ...]:
    """The files whose digests make a checkpoint's."""
    return tuple(weight_files(path)) if is_model_folder(path) else (path,)


def checkpoint_digest(path: Path, digest: Callable[[Path], str]) -> str:
    """SHA-256 of a file; of a model folder, the digest of its weights by name.

    The folder's `config.json` is not in it: its content is part of the network as data.

    Raises:
        UserError: it cannot be read, is no checkpoint by its first bytes, or the folder has no
            safetensors.
    """
    if not is_model_folder(path):
        require_checkpoint_file(path)
        return digest(path)
    return digest_of({file.name: digest(file) for file in files_of(path)})


def known_of(entry: ModelEntry, checkpoint: Path | None) -> Described:
    """What is known of a model entry's network.

    Raises:
        UserError: a folder, or arguments, that do not say what they have to.
    """
    return described(BACKBONES.get(entry.architecture), entry.kwargs, checkpoint)


def name_of(entry: ModelEntry, backbone: Backbone) -> str:
    """What stands for the architecture in jobs: a foreign one's has the digest of its source."""
    return backbone.name if SEPARATOR in backbone.name else BACKBONES.stamped(entry.architecture)


def lacks(backbone: Backbone) -> str:
    """What has to be installed before this backbone can be built; empty where nothing has."""
    if backbone.installed:
        return ""
    return (
        f"{backbone.name} needs {backbone.requires}; "
        "install the extra: pip install 'severe-bench[hub]'"
    )
