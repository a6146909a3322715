"""A session of which nobody asks anything."""

from pathlib import Path

from severe_bench.core.session import Session


def alone(folder: Path) -> Session:
    """On the CPU, in a folder; it is never stopped, asked for a checkpoint, or listened to."""
    return Session(
        folder=folder,
        device="cpu",
        needs={},
        should_stop=lambda: False,
        checkpoint_due=lambda: False,
        report=lambda progress: None,
    )
