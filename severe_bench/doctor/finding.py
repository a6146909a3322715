"""What a check found, and the mending command."""

from typing import Literal

from severe_bench.core.frozen import Frozen

Verdict = Literal["ok", "note", "problem"]


class Finding(Frozen):
    """One line of `severe doctor`.

    Args:
        check: what was looked at, e.g. `decord`.
        verdict: `problem`: some run cannot work; `note`: something optional is absent.
        seen: what was found.
        mend: the command or step that mends it; empty when all is well.
    """

    check: str
    verdict: Verdict
    seen: str
    mend: str = ""
