"""Durations and sizes for people."""

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


def seconds_text(seconds: float) -> str:
    """Two significant places of a duration.

    Example:
        >>> seconds_text(4.2), seconds_text(75), seconds_text(5400), seconds_text(200000)
        ('4.2 s', '1 min 15 s', '1 h 30 min', '2 d 7 h')
    """
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < MINUTE:
        return f"{seconds:.0f} s"
    if seconds < HOUR:
        return f"{seconds // MINUTE:.0f} min {seconds % MINUTE:.0f} s"
    if seconds < DAY:
        return f"{seconds // HOUR:.0f} h {seconds % HOUR // MINUTE:.0f} min"
    return f"{seconds // DAY:.0f} d {seconds % DAY // HOUR:.0f} h"


def bytes_text(size: float) -> str:
    """A size in binary units.

    Example:
        >>> bytes_text(512), bytes_text(3 * 2**20), bytes_text(1.5 * 2**40)
        ('512 B', '3.0 MiB', '1.5 TiB')
    """
    if size < 1024:
        return f"{size:.0f} B"
    for unit in ("KiB", "MiB", "GiB"):
        size /= 1024
        if size < 1024:
            return f"{size:.1f} {unit}"
    return f"{size / 1024:.1f} TiB"
