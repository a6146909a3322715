"""Why cells that read videos cannot run: some are missing, and that was not asked for."""

from severe_bench.config.schema import Config
from severe_bench.core.errors import UserError
from severe_bench.data.adapter import ADAPTERS
from severe_bench.data.missing import MissingLists, Videos, require_complete
from severe_bench.plan.parts import DatasetPart


def unread_videos(config: Config, part: DatasetPart) -> str:
    """What is missing, what to do, and `file:line` of the dataset's entry; empty where all is well.

    Args:
        config: that has the entry.
        part: of it; one that has a problem already, lies nowhere, or may be read incomplete is not
            looked at.
    """
    root = part.location.root
    if root is None or part.problem or part.missing is not None:
        return ""
    adapter = ADAPTERS.get(part.ref.adapter)
    options = adapter.options.model_validate(part.ref.options)
    videos = Videos(part.ref.digest, root, part.prepared, part.prepared_folder)
    try:
        found = MissingLists().find(videos, lambda: adapter.load(options, part.location))
        require_complete(found, config.where("datasets", part.name), part.name)
    except UserError as error:
        return f"dataset {part.name}: {error}"
    return ""
