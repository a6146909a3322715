"""What was found out about video files, kept between runs: advisory, and safe to delete.

One file of JSON lines per folder of videos, in the user's cache folder. A line holds for as long
as the video keeps its size and its time of change.
"""

import json
from dataclasses import asdict, fields
from hashlib import sha256
from pathlib import Path

import av

from severe_bench.data.cache import cache_folder
from severe_bench.data.decoders.decoder import VideoError, VideoInfo

RULES = 2
"""Raised when files are to be judged anew."""


class Verdicts:
    """Verdicts on files, read once per folder of videos.

    Args:
        folder: where they are kept.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or cache_folder("verdicts")
        self._read: dict[Path, dict[str, VideoInfo | str]] = {}

    def find(self, path: Path) -> VideoInfo | None:
        """What is known of the file; None if nothing.

        Raises:
            VideoError: it is known to be unreadable.
        """
        path = path.absolute()
        if path.parent not in self._read:
            self._read[path.parent] = self._lines(path.parent)
        known = self._read[path.parent]
        found = known.get(_key(path)) if known else None
        if isinstance(found, str):
            raise VideoError(found, str(path))
        return found

    def keep(self, path: Path, verdict: VideoInfo | VideoError) -> None:
        """Note a verdict; where the cache cannot be written, nothing is kept."""
        path = path.absolute()
        plain = verdict.what if isinstance(verdict, VideoError) else asdict(verdict)
        try:
            line = json.dumps({"key": _key(path), "verdict": plain, "rules": _rules()})
            self.folder.mkdir(parents=True, exist_ok=True)
            with self._file(path.parent).open("a") as stream:
                stream.write(line + "\n")
        except OSError:
            return
        self._read.pop(path.parent, None)

    def _file(self, videos: Path) -> Path:
        return self.folder / f"{sha256(str(videos).encode()).hexdigest()[:32]}.jsonl"

    def _lines(self, videos: Path) -> dict[str, VideoInfo | str]:
        try:
            lines = self._file(videos).read_text().splitlines()
        except (OSError, UnicodeDecodeError):
            return {}
        return dict(pair for pair in map(_parsed, lines) if pair is not None)


def _key(path: Path) -> str:
    try:
        state = path.stat()
    except OSError:
        return ""
    return f"{path.name} {state.st_size} {state.st_mtime_ns}"


def _rules() -> str:
    return f"{RULES}, pyav {av.__version__}"


def _parsed(line: str) -> tuple[str, VideoInfo | str] | None:
    """A line; None if it is torn or of other rules."""
    try:
        made = json.loads(line)
        if made["rules"] != _rules():
            return None
        verdict = made["verdict"]
        if isinstance(verdict, str):
            return made["key"], verdict
        if set(verdict) != {field.name for field in fields(VideoInfo)}:
            return None
        times = verdict.pop("times")
        return made["key"], VideoInfo(**verdict, times=None if times is None else tuple(times))
    except (ValueError, KeyError, TypeError):
        return None
