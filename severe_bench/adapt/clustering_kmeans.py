"""k-means on the test videos' features; no label is seen.

As many clusters as the dataset has classes (or as there are videos, if fewer). The protocol of the
literature leaves open what a video's vector is and how often k-means starts; here it is the mean of
the views' vectors of length 1, again of length 1, and the best of ten starts (k-means++; Arthur and
Vassilvitskii 2007), drawn by the job's seed.
"""

import time

import numpy as np
from sklearn.cluster import KMeans

from severe_bench.adapt.inputs import Cost, Inputs, Outcome
from severe_bench.adapt.neighbours import of_videos
from severe_bench.adapt.probing import features_for, standardised

STARTS = 10


def cluster(inputs: Inputs) -> Outcome:
    """The cluster of each test video: scores (N,) of ids from 0 on."""
    began = time.perf_counter()
    test = features_for(inputs, "test_features").of(inputs.test)
    if inputs.job.recipe.standardise:
        train = features_for(inputs, "train_features").of(inputs.train)
        _, test = standardised(train, test)
    vectors = of_videos(test).numpy()
    clusters = min(inputs.classes, len(vectors))
    means = KMeans(clusters, n_init=STARTS, random_state=inputs.job.seed)
    found = means.fit_predict(vectors.astype(np.float64))
    seconds = time.perf_counter() - began
    return Outcome(np.asarray(found, dtype=np.float32), Cost(0, 0, 0.0, seconds, 0.0))
