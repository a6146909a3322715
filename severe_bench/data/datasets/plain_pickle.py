"""Lists, tuples, dicts, texts and numbers out of a pickle, without running what it says.

FineDiving and the boxes of UCF101-24 are distributed as pickles. Unpickling runs any function that
the file names; here the opcodes are read as data by our own small machine, which has no way to
import or call anything. What a file would build by a call becomes a `Built`: what it would call,
with which arguments. `pickled_arrays.py` reads NumPy arrays out of those.
"""

import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from severe_bench.core.errors import UserError
from severe_bench.data.datasets.reading import MEND


@dataclass(frozen=True)
class Name:
    """Something that a pickle names, not imported: `numpy.dtype`."""

    dotted: str


@dataclass(eq=False)
class Built:
    """A value that only running code could build; it was not built.

    Args:
        by: what would be called; anything but a `Name` where the file is odd.
        arguments: of the call.
        state: that would be given to the result, or None.
    """

    by: object
    arguments: object
    state: object = None


class _Mark:
    """Where a group of values begins on the stack."""


INTEGERS = ("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4")
FLOATS = ("FLOAT", "BINFLOAT")
TEXTS = ("UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8")
OLD_TEXTS = ("STRING", "BINSTRING", "SHORT_BINSTRING")
BYTES = ("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8")
PLAIN = frozenset((*INTEGERS, *FLOATS, *TEXTS, *OLD_TEXTS, *BYTES))  # the argument is the value
EMPTY: dict[str, Callable[[], object]] = {
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
    "EMPTY_SET": set,
    "EMPTY_TUPLE": tuple,
    "MARK": _Mark,
}
CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
PUTS = frozenset(("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"))
GETS = frozenset(("GET", "BINGET", "LONG_BINGET"))
TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
DICTS = frozenset((Name("collections.OrderedDict"), Name("collections.defaultdict")))


def read_plain_pickle(path: Path) -> object:
    """The value in a pickle file.

    Raises:
        UserError: not readable, not a pickle, truncated, or of a form that holds no plain data.
    """
    try:
        return _Machine().run(path.read_bytes())
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror}", str(path), MEND) from error
    except (ValueError, IndexError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"is no pickle of plain data ({error})", str(path), MEND) from error


class _Machine:
    """The pickle machine's stack and memo, for opcodes that hold data."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def run(self, data: bytes) -> object:
        for opcode, argument, _ in pickletools.genops(data):
            if opcode.name == "STOP":
                return self.stack.pop()
            self._step(opcode.name, argument)
        raise ValueError("it ends early")

    def _step(self, name: str, argument: Any) -> None:  # noqa: ANN401 - by opcode
        if name in PLAIN:
            self.stack.append(argument)
        elif name in CONSTANTS:
            self.stack.append(CONSTANTS[name])
        elif name in EMPTY:
            self.stack.append(EMPTY[name]())
        elif name in PUTS:
            self.memo[len(self.memo) if argument is None else int(argument)] = self.stack[-1]
        elif name in GETS:
            self.stack.append(self.memo[int(argument)])
        elif name == "GLOBAL":
            self.stack.append(Name(argument.replace(" ", ".")))
        elif name in COLLECT:
            COLLECT[name](self)
        elif name in TUPLES:
            self.stack.append(tuple(self._take(TUPLES[name])))
        elif name not in ("PROTO", "FRAME"):
            raise ValueError(f"opcode {name}")

    def _take(self, count: int) -> list[Any]:
        if count > len(self.stack):
            raise IndexError("it takes more values than it gave")
        values = self.stack[len(self.stack) - count :]
        del self.stack[len(self.stack) - count :]
        return values

    def _since_mark(self) -> list[Any]:
        marks = [place for place, value in enumerate(self.stack) if isinstance(value, _Mark)]
        values = self.stack[marks[-1] + 1 :]
        del self.stack[marks[-1] :]
        return values

    def to_tuple(self) -> None:
        self.stack.append(tuple(self._since_mark()))

    def to_list(self) -> None:
        self.stack.append(self._since_mark())

    def to_dict(self) -> None:
        values = self._since_mark()
        self.stack.append(dict(zip(values[::2], values[1::2], strict=True)))

    def append(self) -> None:
        self._extend(self._take(1))

    def appends(self) -> None:
        self._extend(self._since_mark())

    def set_item(self) -> None:
        self._update(self._take(2))

    def set_items(self) -> None:
        self._update(self._since_mark())

    def pop(self) -> None:
        self._take(1)

    def name(self) -> None:
        module, attribute = self._take(2)
        self.stack.append(Name(f"{module}.{attribute}"))

    def call(self) -> None:
        by, arguments = self._take(2)
        self.stack.append({} if by in DICTS else Built(by, arguments))

    def call_by_keyword(self) -> None:
        by, *arguments = self._take(3)
        self.stack.append(Built(by, tuple(arguments)))

    def give_state(self) -> None:
        (state,) = self._take(1)
        if isinstance(self.stack[-1], Built):
            self.stack[-1].state = state

    def _extend(self, values: list[Any]) -> None:
        if not isinstance(self.stack[-1], Built):
            self.stack[-1].extend(values)

    def _update(self, values: list[Any]) -> None:
        if not isinstance(self.stack[-1], Built):
            self.stack[-1].update(zip(values[::2], values[1::2], strict=True))


COLLECT: dict[str, Callable[[_Machine], None]] = {
    "TUPLE": _Machine.to_tuple,
    "LIST": _Machine.to_list,
    "DICT": _Machine.to_dict,
    "APPEND": _Machine.append,
    "APPENDS": _Machine.appends,
    "SETITEM": _Machine.set_item,
    "SETITEMS": _Machine.set_items,
    "POP": _Machine.pop,
    "STACK_GLOBAL": _Machine.name,
    "REDUCE": _Machine.call,
    "NEWOBJ": _Machine.call,
    "NEWOBJ_EX": _Machine.call_by_keyword,
    "BUILD": _Machine.give_state,
}
