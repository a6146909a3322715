"""NumPy arrays and numbers out of what `plain_pickle.py` left unbuilt."""

from typing import TYPE_CHECKING

from severe_bench.data.datasets.plain_pickle import Built, Name

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PLACES = ("numpy.core", "numpy._core")  # before and since NumPy 2
ARRAYS = frozenset(Name(f"{place}.multiarray._reconstruct") for place in PLACES)
BUFFERS = frozenset(Name(f"{place}.numeric._frombuffer") for place in PLACES)
SCALARS = frozenset(Name(f"{place}.multiarray.scalar") for place in PLACES)
NO_BYTES = frozenset((Name("__builtin__.bytes"), Name("builtins.bytes")))
KINDS = frozenset("biuf")


def plain_array(value: object) -> "NDArray[np.generic]":
    """The array, or the scalar as an array without axes, that a pickle would build.

    Raises:
        ValueError, TypeError: something else, or of a type that is no number.
    """
    import numpy as np

    if not isinstance(value, Built) or not isinstance(value.arguments, tuple):
        raise TypeError(f"{type(value).__name__} is no array")
    if value.by in ARRAYS and isinstance(value.state, tuple) and len(value.state) == 5:
        _, shape, dtype, column_major, data = value.state
        order = "F" if column_major else "C"
    elif value.by in BUFFERS and len(value.arguments) == 4:
        data, dtype, shape, order = value.arguments
    elif value.by in SCALARS and len(value.arguments) == 2:
        dtype, data = value.arguments
        shape, order = (), "C"
    else:
        raise ValueError("it is no array of numbers")
    flat = np.frombuffer(_bytes(data), _dtype(dtype))
    sizes = [int(size) for size in shape]
    return np.reshape(flat, sizes, order="F" if order == "F" else "C")


def plain_number(value: object) -> float | None:
    """A number, pickled by Python or by NumPy; None where it is none."""
    if isinstance(value, int | float):
        return float(value)
    try:
        array = plain_array(value)
    except (ValueError, TypeError):
        return None
    return float(array) if array.ndim == 0 else None


def _dtype(value: object) -> "np.dtype[np.generic]":
    """The type that `numpy.dtype(code)` and its state (version, byte order, ...) describe."""
    import numpy as np

    if not isinstance(value, Built) or value.by != Name("numpy.dtype"):
        raise ValueError("it has no type")
    if not isinstance(value.arguments, tuple) or not isinstance(value.arguments[0], str):
        raise TypeError("it has no type")
    dtype: np.dtype[np.generic] = np.dtype(value.arguments[0])
    if dtype.kind not in KINDS:
        raise ValueError(f"it holds {dtype}, not numbers")
    order = value.state[1] if isinstance(value.state, tuple) else "="
    return dtype.newbyteorder(">") if order == ">" else dtype


def _bytes(value: object) -> bytes:
    """The raw data: bytes, or text of code points below 256 as older pickles have it."""
    if isinstance(value, Built) and value.by in NO_BYTES and value.arguments == ():
        return b""
    if isinstance(value, Built) and value.by == Name("_codecs.encode"):
        value = value.arguments[0] if isinstance(value.arguments, tuple) else None
    if isinstance(value, str):
        return value.encode("latin-1")
    if isinstance(value, bytes | bytearray):
        return bytes(value)
    raise ValueError("it has no data")
