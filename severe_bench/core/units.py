"""Durations, speeds and sizes for people."""

MINUTE, HOUR, DAY = 60, 3600, 86400


def seconds_text(seconds: float) -> str:
    """Two significant places of a duration.

    Example:
        >>> seconds_text(4.2), seconds_text(75), seconds_text(5400), seconds_text(200000)
        ('4.2 s', '1 min 15 s', '1 h 30 min', '2 d 7 h')
    """
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min {whole % MINUTE} s"
    if whole < DAY:
        return f"{whole // HOUR} h {whole % HOUR // MINUTE} min"
    return f"{whole // DAY} d {whole % DAY // HOUR} h"


def clips_text(per_second: float) -> str:
    """A speed in the shortest time in which at least one clip is done.

    Example:
        >>> clips_text(121.44), clips_text(0.2), clips_text(0.004), clips_text(0.00001)
        ('121.4 clips/s', '12.0 clips/min', '14.4 clips/h', '0.036 clips/h')
    """
    for unit, seconds in (("s", 1), ("min", MINUTE), ("h", HOUR)):
        if per_second * seconds >= 1:
            return f"{per_second * seconds:.1f} clips/{unit}"
    return f"{per_second * HOUR:.2g} clips/h"


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
