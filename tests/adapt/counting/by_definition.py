"""Counting as the reference notes define it (section 6.6), one window at a time.

In Python's own arithmetic and place by place, to hold the array version against.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from severe_bench.adapt.counting.anchors import Outputs
from severe_bench.adapt.counting.states import States
from tests.adapt.counting.fakes import ANCHORS

Network = Callable[[States], Outputs]
Ends = list[float]
TURNS = {1: 4, 2: 2}


def _clamped(box: float) -> float:
    return math.exp(min(max(box, -0.5), 0.5))


def _own(answer: Outputs) -> tuple[float, float]:
    """Certainty and ratio of the left head's anchor 1.0."""
    no, yes, box = (float(answer[0, part, 3]) for part in range(3))
    return 1 / (1 + math.exp(no - yes)), _clamped(box)


def _best(side: Outputs) -> float:
    sure = [float(side[1, a]) - float(side[0, a]) for a in range(len(ANCHORS))]
    first = sure.index(max(sure))
    return ANCHORS[first] * _clamped(float(side[2, first]))


@dataclass
class Count:
    """One video: its places, and each place's two ends as its left and its right node see them."""

    frames: int
    network: Network
    levels: int
    length: int = 0
    middles: list[int] = field(default_factory=list)
    seen: list[dict[str, Ends]] = field(default_factory=list)

    def look(self, lp: float, mp: float, rp: float) -> Outputs:
        answer: Outputs = self.network(np.array([[lp, mp, rp]]))[0]
        return answer

    def centre(self, length: float) -> tuple[float, float]:
        middle = self.frames / 2
        return _own(self.look(middle - length, middle, middle + length + 1))

    def search(self) -> None:
        tried = []
        for k in range(30):
            length = self.frames * 0.03 * (0.35 / 0.03) ** (k / 29)
            sure, ratio = self.centre(length)
            if 4 <= length * ratio < self.frames / 2:
                tried.append((sure, -k, int(length * ratio)))
        self.length = max(tried)[2] if tried else 0
        for _ in range(4):
            _, ratio = self.centre(self.length)
            if 4 <= self.length * ratio < self.frames / 2:
                self.length = round(0.5 * self.length + 0.5 * self.length * ratio)

    def place(self) -> None:
        places = 2 ** (self.levels + 1)
        self.middles = [int(self.frames / (places + 1) * (i + 0.5)) for i in range(places)]
        ends = [[m - self.length, m + self.length + 1] for m in self.middles]
        self.seen = [{side: list(pair) for side in "lr"} for pair in ends]

    def turn(self, middle: int, lp: int, rp: int) -> Ends:
        """Half-way to what is predicted."""
        answer, most = self.look(lp, middle, rp), self.frames / 2
        left = min(max((middle - lp + 1) * _best(answer[0]), 4), most)
        right = min(max((rp - middle) * _best(answer[1]), 4), most)
        new = int(middle - left + 1), int(middle + right)
        if middle - new[0] + 1 < 4 or new[1] - middle < 4:
            new = lp, rp
        return [0.5 * new[0] + 0.5 * lp, 0.5 * new[1] + 0.5 * rp]

    def node(self, at: int, turns: int) -> Ends:
        ends = [(left + right) / 2 for left, right in zip(*self.seen[at].values(), strict=True)]
        for _ in range(turns):
            ends = self.turn(self.middles[at], round(ends[0]), round(ends[1]))
        return ends

    def level(self, level: int) -> None:
        reach, nodes = 2 ** (self.levels - level), 2**level
        after = [dict(place) for place in self.seen]
        for node in range(nodes):
            at = reach * (2 * node + 1)
            ends = self.node(at, TURNS.get(level, 1))
            for place in range(at - reach, at + reach):
                handed: Ends = [int(self.middles[place] + e - self.middles[at]) for e in ends]
                inner, outer, rim = ("r", "l", 0) if place < at else ("l", "r", nodes - 1)
                after[place][inner] = handed
                if level <= 2 or level == self.levels or node == rim:
                    after[place][outer] = handed
        self.seen = after

    def count(self) -> float:
        rates = []
        for middle, sides in zip(self.middles, self.seen, strict=True):
            lp, rp = (round(sum(pair) / 2) for pair in zip(*sides.values(), strict=True))
            if lp - (middle - lp + 1) >= 0 and rp + (rp - middle) < self.frames:
                rates.append(0.5 * (1 / (middle - lp + 1) + 1 / (rp - middle)))
        return self.frames * _mean(rates) if rates else self.frames / (self.length + 1)


def by_definition(frames: int, network: Network, levels: int) -> float:
    """The count of a video, before it is rounded."""
    video = Count(frames, network, levels)
    video.search()
    video.place()
    for level in range(1, levels + 1):
        video.level(level)
    return video.count()


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
