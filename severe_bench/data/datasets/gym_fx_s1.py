"""FX-S1, leaps, jumps and hops on the floor: classes 6 to 16 of Gym-99, as 0 to 10."""

from severe_bench.data.datasets.finegym import Part, counts, finegym_adapter

GYM_FX_S1 = finegym_adapter("gym_fx_s1", Part("gym99", 99, 6, 16, counts(1882, 777, 11)))
