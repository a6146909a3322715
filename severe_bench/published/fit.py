"""Which columns of a wide table fit a line of the terminal."""

from collections.abc import Mapping, Sequence

GAP = 3  # a space on either side and one between columns


def column_width(heading: str, entries: Sequence[str]) -> int:
    """The narrowest useful width: the longest entry, or the longest word of the heading.

    Example:
        >>> column_width("Linear Evaluation / UCF101", ["65.4", "66.3"])
        10
    """
    return max(map(len, [*heading.split(), *entries]), default=0)


def chunks(widths: Mapping[str, int], room: int) -> list[tuple[str, ...]]:
    """Split columns, in order, into groups that fit side by side; a group has at least one.

    Args:
        widths: column -> characters it needs.
        room: characters that a line has for them, gaps included.

    Example:
        >>> chunks({"a": 5, "b": 5, "c": 5}, room=17)
        [('a', 'b'), ('c',)]
    """
    groups: list[list[str]] = []
    left = 0
    for column, width in widths.items():
        if not groups or width + GAP > left:
            groups.append([])
            left = room
        groups[-1].append(column)
        left -= width + GAP
    return [tuple(group) for group in groups]
