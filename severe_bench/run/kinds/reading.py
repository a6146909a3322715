"""Which decoders read the clips behind a cell's numbers, over all attempts at the cell."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from severe_bench.core.atomic import write_json
from severe_bench.core.errors import LostClaim
from severe_bench.core.session import Session
from severe_bench.data.tally import taken
from severe_bench.store.cells import read_result

DECODERS_FILE = "decoders.json"
FEATURE_ROLES = ("train_features", "test_features")


@contextmanager
def counted(session: Session) -> Iterator[Counter[str]]:
    """Yields a count of clips by decoder, complete when the block ends.

    An attempt that is interrupted leaves its count in the cell's folder for the next one; one that
    is killed does not.
    """
    path = session.folder / DECODERS_FILE
    found = _earlier(path) + _of_features(session)
    taken()  # an earlier cell's
    try:
        yield found
    except LostClaim:  # the folder is another process's
        raise
    except BaseException:
        write_json(path, dict(_earlier(path) + Counter(taken())))
        raise
    found.update(taken())


def _earlier(path: Path) -> Counter[str]:
    try:
        return Counter(json.loads(path.read_text()))
    except (OSError, ValueError):
        return Counter()


def _of_features(session: Session) -> Counter[str]:
    """Of the cells whose features are read instead of videos."""
    found: Counter[str] = Counter()
    for role in FEATURE_ROLES:
        folder = session.needs.get(role)
        result = None if folder is None else read_result(folder)
        found.update({} if result is None else result.provenance.decoders)
    return found
