"""What a piece of work has to say of its own number, to whoever runs it.

The work does not know who listens: a cell's log and result, `severe doctor`, or nobody.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar


def _warn(text: str) -> None:
    warnings.warn(text, RuntimeWarning, stacklevel=3)


_listener: ContextVar[Callable[[str], None]] = ContextVar("_listener", default=_warn)


def remark(text: str) -> None:
    """Say something that a reader of the number must know: one line, in words.

    Where nobody listens it is a Python warning.
    """
    _listener.get()(" ".join(text.split()))


@contextmanager
def heard_by(listener: Callable[[str], None]) -> Iterator[None]:
    """Give the remarks of the block to `listener`, each as it is made.

    Example:
        >>> found = []
        >>> with heard_by(found.append):
        ...     remark("it ran without")
        >>> found
        ['it ran without']
    """
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)
