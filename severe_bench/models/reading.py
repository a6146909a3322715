"""Foreign checkpoint files: read as data, never run, however they are made."""

import pickle
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from severe_bench.core.errors import UserError
from severe_bench.models.layout import Layout
from severe_bench.models.model_folder import is_model_folder, weight_files
from severe_bench.models.safetensors_file import SUFFIX, read_safetensors

StateDict = dict[str, Tensor]

NEEDS_PICKLE = (
    "if you trust its origin, save its state dict alone, in a container without network: "
    "torch.save(torch.load('in.pth', weights_only=False)['state_dict'], 'out.pt'), "
    "or .state_dict() in place of ['state_dict'] where the file holds a whole network"
)

DEEPEST = 8
"""Wrappers around one another that are taken off: a file may also hold itself."""


def read_checkpoint(path: Path) -> Mapping[str, object]:
    """What the file, or a model folder, holds: a state dict, or dictionaries around one.

    Torch's own files are read with `weights_only=True`, which builds tensors and plain Python
    values only; a file that is compressed (torch never does that) may unpack to any size and is
    refused.

    Raises:
        UserError: no such file, a damaged file, one that needs pickle, or no dictionary in it.
    """
    try:
        content = _content(path)
    except FileNotFoundError:
        raise UserError("no such checkpoint", str(path), "check the path") from None
    except OSError as error:
        what = f"the checkpoint cannot be read ({error.strerror or error})"
        raise UserError(what, str(path), "check its permissions") from error
    if not isinstance(content, Mapping):
        raise UserError("the checkpoint holds no state dict", str(path), "save a state dict")
    return content


def unwrapped(content: Mapping[str, object], layout: Layout, where: str) -> StateDict:
    """The tensors inside a file, by their names there.

    Raises:
        UserError: there are none, or one that takes more memory than it brings.
    """
    for _ in range(DEEPEST):
        inner = (content.get(key) for key in layout.wrappers)
        content = next((value for value in inner if isinstance(value, Mapping)), content)
    tensors = {str(name): value for name, value in content.items() if isinstance(value, Tensor)}
    if not tensors:
        raise UserError("no tensors in the checkpoint", where, "check the layout")
    odd = next((name for name, tensor in tensors.items() if not _is_plain(tensor)), None)
    if odd is not None:
        what = f"{odd} is not a plain tensor (sparse, quantised, or larger than its numbers)"
        raise UserError(what, where, "save dense tensors: {k: v.clone() for k, v in ...}")
    return tensors


def _content(path: Path) -> object:
    if is_model_folder(path):
        return _parts(weight_files(path))
    if path.is_dir():
        raise UserError("a folder, not a checkpoint", str(path), "give the file in it")
    return _safetensors(path) if path.suffix == SUFFIX else _torch(path)


def _parts(files: tuple[Path, ...]) -> Mapping[str, object]:
    """The tensors of a model that may be cut into several files."""
    tensors: StateDict = {}
    for path in files:
        part = read_safetensors(path).tensors
        twice = next((name for name in part if name in tensors), None)
        if twice is not None:
            raise UserError(f"{twice} is in two parts", str(path), "copy the folder again")
        tensors |= part
    return {"state_dict": tensors}


def _safetensors(path: Path) -> Mapping[str, object]:
    """In the form of this package's own files, so that these may be safetensors too."""
    file = read_safetensors(path)
    return {**file.notes, "state_dict": file.tensors}


def _torch(path: Path) -> object:
    _require_sound_archive(path)
    try:
        with warnings.catch_warnings():  # about rare pickle protocols, on the way to a refusal
            warnings.simplefilter("ignore", UserWarning)
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise UserError("the checkpoint needs pickle to be read", str(path), NEEDS_PICKLE) from None
    except OSError:
        raise
    except Exception as error:  # a hostile file can make the parser fail in any way
        what = f"the checkpoint cannot be read ({type(error).__name__})"
        raise UserError(what, str(path), "copy or download it again") from error


def _require_sound_archive(path: Path) -> None:
    """Compare checksums, which torch does not; older files are no archives and have none."""
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            items = archive.infolist()
            packed = any(item.compress_type != zipfile.ZIP_STORED for item in items)
            broken = None if packed else archive.testzip()
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, ValueError) as error:
        what = f"a damaged archive ({error})"
        raise UserError(what, str(path), "copy or download it again") from error
    if packed:
        what = "a compressed archive, which torch.save never writes"
        raise UserError(what, str(path), "unpack it, and give the checkpoint inside")
    if broken is not None:
        mend = "copy or download it again, or save it again with its checksums"
        raise UserError(f"a damaged archive ({broken} fails its checksum)", str(path), mend)
    if len({item.filename for item in items}) < len(items):
        raise UserError("an archive with two files of one name", str(path), "save it again")


def _is_plain(tensor: Tensor) -> bool:
    """Dense, and not an expanded view: one number can pose as a tensor of any size."""
    if tensor.layout is not torch.strided or tensor.is_quantized or tensor.device.type != "cpu":
        return False
    return tensor.numel() * tensor.element_size() <= tensor.untyped_storage().nbytes()
