"""Gym-99: 99 gymnastic elements of FineGym v1.0."""

from severe_bench.data.datasets.finegym import Part, counts, finegym_adapter

GYM99 = finegym_adapter("gym99", Part("gym99", 99, 0, 98, counts(20484, 8521, 99)))
