"""Several mistakes in one file, reported together."""

from collections.abc import Sequence

from severe_bench.core.errors import UserError

SHOWN = 10


class UserErrors(UserError):  # noqa: N818 - the plural of UserError
    """All mistakes found in one reading, one line each, at most ten shown.

    Example:
        >>> print(UserErrors([UserError("a", "f:1"), UserError("b", "f:2")]))
        f:1: a
        f:2: b
    """

    def __init__(self, errors: Sequence[UserError]) -> None:
        self.errors = tuple(errors)
        super().__init__(self.errors[0].what, self.errors[0].where, self.errors[0].mend)

    def __str__(self) -> str:
        """One line per mistake, and how many were left out."""
        lines = [str(error) for error in self.errors[:SHOWN]]
        if len(self.errors) > SHOWN:
            lines.append(f"and {len(self.errors) - SHOWN} more")
        return "\n".join(lines)
