"""Clustering: do frozen features fall into the classes by themselves? Nothing is trained."""

from severe_bench.tasks import recognition
from severe_bench.tasks.task import NoOptions, Task, class_names

CLUSTERING = Task(
    name="clustering",
    options=NoOptions,
    bind=recognition.bind,
    metrics=("cluster_accuracy", "cluster_purity", "nmi", "ari"),
    headline="cluster_accuracy",
    procedure="clustering",
    names=class_names,
)
