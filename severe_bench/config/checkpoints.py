"""A folder or a glob of checkpoints: one model entry of each file, or of each model folder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from severe_bench.config.entries import PACKAGE_PREFIX
from severe_bench.config.problems import Problem
from severe_bench.models.model_folder import is_model_folder

SUFFIXES = (".pt", ".pth", ".tar", ".safetensors")
"""Files of a folder that count as checkpoints."""
WILD = "*?["


def each_checkpoint(
    models: Mapping[str, Any], folder: Path
) -> tuple[dict[str, Any], list[Problem]]:
    """Model entries with each that names several checkpoints replaced by one per file.

    An entry `mine` with `checkpoint: runs/*.pt` becomes `mine-epoch10`, `mine-epoch20`, ... in the
    order of file names; suites select them as `mine-*`.

    Args:
        models: raw entries by name.
        folder: where relative paths start.
    """
    found: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, entry in models.items():
        files = _files(entry, folder)
        if files is None:
            found[name] = entry
            continue
        made = {
            f"{name}-{path.name.partition('.')[0]}": {**entry, "checkpoint": str(path)}
            for path in files
        }
        problems += _problems(name, entry, files) + _taken(name, made, {**models, **found})
        found |= made
    return found, problems


def _taken(name: str, made: Mapping[str, Any], taken: Mapping[str, Any]) -> list[Problem]:
    """Names that another entry has, or that another entry's files were given."""
    loc = ("models", name, "checkpoint")
    return [
        Problem(loc, f"there is a model {twice!r} already", "rename this entry or that one")
        for twice in made
        if twice in taken
    ]


def _files(entry: object, folder: Path) -> list[Path] | None:
    """Files that the entry names; None where it names one, or is broken."""
    given = entry.get("checkpoint") if isinstance(entry, dict) else None
    if not isinstance(given, str) or given.startswith(PACKAGE_PREFIX):
        return None
    path = folder / Path(given).expanduser()
    if path.is_file() or is_model_folder(path):
        return None
    if path.is_dir():
        return sorted(file for file in path.iterdir() if file.suffix in SUFFIXES)
    if not any(sign in given for sign in WILD):
        return None
    pattern = path.relative_to(path.anchor)
    return sorted(
        file
        for file in Path(path.anchor).glob(str(pattern))
        if file.is_file() or is_model_folder(file)
    )


def _problems(name: str, entry: Mapping[str, Any], files: list[Path]) -> list[Problem]:
    loc = ("models", name, "checkpoint")
    if not files:
        what = f"no checkpoint file matches {entry['checkpoint']!r}"
        return [Problem(loc, what, f"a folder's files end in {', '.join(SUFFIXES)}")]
    stems = [path.name.partition(".")[0] for path in files]
    twice = next((stem for stem in stems if stems.count(stem) > 1), None)
    if twice is not None:
        return [Problem(loc, f"two files are called {twice}", "rename one of them")]
    return []
