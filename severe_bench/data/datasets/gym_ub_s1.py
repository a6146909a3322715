"""UB-S1, circles on the uneven bars: classes 74 to 88 of Gym-99, as 0 to 14."""

from severe_bench.data.datasets.finegym import Part, counts, finegym_adapter

GYM_UB_S1 = finegym_adapter("gym_ub_s1", Part("gym99", 99, 74, 88, counts(3511, 1471, 15)))
