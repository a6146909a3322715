"""The vaults of Gym-99: its classes 0 to 5."""

from severe_bench.data.datasets.finegym import Part, counts, finegym_adapter

GYM_VAULT = finegym_adapter("gym_vault", Part("gym99", 99, 0, 5, counts(1074, 446, 6)))
