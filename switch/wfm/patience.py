"""How long callers would have waited: Kaplan and Meier's estimate.

Of callers who were answered nobody knows when they would have given up; only that it was later. Leaving
them out would make everybody look impatient, counting them as patient would hide who was not. The product-
limit estimate uses what each tells (E. L. Kaplan and P. Meier, Nonparametric estimation from incomplete
observations, Journal of the American Statistical Association 53, 1958): S(t) is the product over the times
of abandonment up to t of 1 - d/n, with d who gave up at that time of the n who waited until then.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import groupby
from math import inf
from operator import neg


class Survival:
    """`times` grow; `shares` are S just after each. Whoever is answered at the very time of another's
    abandonment is taken to have waited longer, as is usual."""

    __slots__ = ("shares", "times")

    def __init__(self, waits: Iterable[tuple[float, bool]]) -> None:
        """`waits` are (how long, whether it ended by giving up)."""
        ordered = sorted(waits)
        left = len(ordered)
        share = 1.0
        self.times: list[float] = []
        self.shares: list[float] = []
        for time, group in groupby(ordered, key=lambda wait: wait[0]):
            ended = [gave_up for _, gave_up in group]
            gave_up = sum(ended)
            if gave_up:
                share *= 1 - gave_up / left
                self.times.append(time)
                self.shares.append(share)
            left -= len(ended)

    def at(self, time: float) -> float:
        """The share that has not given up by `time`."""
        place = bisect_right(self.times, time)
        return self.shares[place - 1] if place else 1.0

    def beyond(self, waited: float, chance: float) -> float:
        """When somebody who still waited at `waited` gives up; `chance` is uniform in [0, 1).

        Infinite where the estimate says nothing any more: nobody was seen to give up later.
        """
        target = self.at(waited) * (1 - chance)
        place = bisect_right(self.times, waited)
        # Shares fall: the first below the target, found from behind by bisection.
        first = bisect_left(self.shares, -target, lo=place, key=neg)
        return self.times[first] if first < len(self.times) else inf
