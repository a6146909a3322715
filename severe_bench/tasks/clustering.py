"""Clustering: do frozen features fall into the classes by themselves? Nothing is trained."""

from severe_bench.tasks import recognition
from severe_bench.tasks.task import NoOptions, Task, class_names, labelled

CLUSTERING = Task(
    name="clustering",
    options=NoOptions,
    bind=recognition.bind,
    metrics=("cluster_accuracy", "cluster_purity", "nmi", "ari"),
    headline="cluster_accuracy",
    procedure="clustering",
    needs=labelled,
    train_features="standardise",
    names=class_names,
)
