"""Lines that fit a terminal of 80 columns."""

from textwrap import wrap

WIDTH = 80


def folded(head: str, text: str) -> str:
    """`text` after `head`, its further lines indented as far; words stay whole.

    Example:
        >>> folded("ok  ", "one two").splitlines()
        ['ok  one two']
    """
    lines = wrap(
        text,
        WIDTH,
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(lines) or head.rstrip()
