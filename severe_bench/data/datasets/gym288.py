"""Gym-288: 288 gymnastic elements of FineGym v1.0; class 138 has no training clip."""

from severe_bench.data.datasets.finegym import Part, counts, finegym_adapter

GYM288 = finegym_adapter(
    "gym288", Part("gym288", 288, 0, 287, counts(22671, 9646, None, train_classes=287))
)
