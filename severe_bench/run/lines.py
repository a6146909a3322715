"""Events of a run as lines of text, the same in both displays."""

from severe_bench.core.units import clips_text, seconds_text
from severe_bench.run.events import (
    Blocked,
    Event,
    Failed,
    Finished,
    Note,
    Outlook,
    Retried,
    Stopped,
    Waiting,
)
from severe_bench.store.status import Snapshot


def line_of(event: Event) -> str | None:
    """One line for events that are worth one; None for the rest."""
    text = None
    match event:
        case Finished(cell, seconds):
            text = f"done     {cell.title} ({seconds_text(seconds)})"
        case Failed(cell, message):
            text = f"FAILED   {cell.title}: {message}"
        case Blocked(cell, need):
            text = f"blocked  {cell.title}: it needs {need.title}, which failed"
        case Retried(cell, reason):
            text = f"again    {cell.title}: {reason}"
        case Waiting(cell, owner):
            text = f"waiting  {cell.title}: {owner} is at it"
        case Stopped(cell):
            text = f"stopped  {cell.title}"
        case Note(message):
            text = message
    return text


def outlook_line(outlook: Outlook) -> str:
    """Counts, and the time left where this run has anything left to do."""
    failed = f", {outlook.failed} failed" if outlook.failed else ""
    waited = f", {outlook.elsewhere} in another run" if outlook.elsewhere else ""
    head = f"{outlook.done}/{outlook.total} done, {outlook.running} running{failed}{waited}"
    ended = outlook.done + outlook.failed + outlook.elsewhere >= outlook.total
    return head if ended else f"{head}, about {seconds_text(outlook.seconds_left)} left"


def progress_line(progress: Snapshot) -> str:
    """Stage, epoch, position, loss and speed, as far as they are known.

    Example:
        >>> progress_line(Snapshot(stage="train", done=3, total=9, epoch=2, loss=0.5, rate=8.0))
        'train epoch 2 3/9 loss 0.500 8.0 clips/s'
    """
    parts = [progress.stage]
    if progress.epoch is not None:
        parts.append(f"epoch {progress.epoch}")
    parts.append(f"{progress.done}/{progress.total}")
    if progress.loss is not None:
        parts.append(f"loss {progress.loss:.3f}")
    if progress.rate is not None:
        parts.append(clips_text(progress.rate))
    return " ".join(parts)
