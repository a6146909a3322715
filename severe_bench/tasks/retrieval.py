"""Video retrieval: do the nearest training videos show the same class? Nothing is trained."""

from typing import Literal

from severe_bench.core.frozen import Frozen
from severe_bench.core.record import Dataset
from severe_bench.tasks import recognition
from severe_bench.tasks.task import Assignment, NoOptions, Task, class_names, labelled


class RetrievalOptions(Frozen):
    """What is compared.

    Args:
        query: `video`: a video is the mean of its views; `clip`: every view of a test video is a
            query, every view of a training video can be found (Xu et al., CVPR 2019).
    """

    query: Literal["video", "clip"] = "video"


def bind(options: RetrievalOptions, dataset: Dataset) -> Assignment:  # noqa: ARG001 - see adapt
    """The classes of recognition."""
    return recognition.bind(NoOptions(), dataset)


RETRIEVAL = Task(
    name="retrieval",
    options=RetrievalOptions,
    bind=bind,
    metrics=("recall_at_1", "recall_at_5", "recall_at_10", "recall_at_20", "recall_at_50"),
    headline="recall_at_1",
    procedure="retrieval",
    needs=labelled,
    names=class_names,
)
