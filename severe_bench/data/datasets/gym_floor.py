"""The floor exercises of Gym-99: its classes 6 to 40, as 0 to 34."""

from severe_bench.data.datasets.finegym import Part, counts, finegym_adapter

GYM_FLOOR = finegym_adapter("gym_floor", Part("gym99", 99, 6, 40, counts(5385, 2226, 35)))
