"""Exceptions that are no faults of a cell: the user's to mend, a request to stop, a lost claim."""


class UserError(Exception):
    """Something the user can mend; shown as one line, never with a traceback.

    Args:
        what: what is wrong, with the offending value.
        where: file, line, key, folder or cell, when there is one.
        mend: what to do about it, best as a command.

    Example:
        >>> str(UserError("unknown task 'recogntion'", "benchmarks.yaml:12", "use recognition"))
        "benchmarks.yaml:12: unknown task 'recogntion'; use recognition"
    """

    def __init__(self, what: str, where: str = "", mend: str = "") -> None:
        self.what, self.where, self.mend = what, where, mend
        super().__init__(what, where, mend)

    def __str__(self) -> str:
        """One line: where, what, how to mend it."""
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head}; {self.mend}" if self.mend else head


class NotFinite(UserError):  # noqa: N818 - what was found
    """NaN or infinity where a network or a head should give numbers: nothing can be measured.

    Args:
        what: what is not finite.
        where: sample or parameter, where it is known.
        mend: what to do about it.

    Example:
        >>> NotFinite("the network's outputs are not finite").mend
        'lower optimiser.lr or set numerics.precision: fp32'
    """

    def __init__(
        self,
        what: str,
        where: str = "",
        mend: str = "lower optimiser.lr or set numerics.precision: fp32",
    ) -> None:
        super().__init__(what, where, mend)


class Interrupted(Exception):  # noqa: N818 - a request that was honoured, not an error
    """Work stopped on request after its state was saved; running it again goes on."""


class LostClaim(Exception):  # noqa: N818 - nobody's error
    """Another process has the cell now; this one ends its work and writes nothing more."""
