"""Kaplan and Meier's estimate against published figures, and against the truth where it is known."""

from math import exp, inf

import numpy as np
import pytest

from switch.wfm.patience import Survival

# Freireich et al., Blood 21 (1963): weeks of remission under 6-MP, as in every textbook of survival analysis;
# those with False were still in remission when last seen. Figures as in Cox and Oakes, Analysis of Survival
# Data, 1984.
WEEKS = [
    (6, True), (6, True), (6, True), (6, False), (7, True), (9, False), (10, True), (10, False), (11, False),
    (13, True), (16, True), (17, False), (19, False), (20, False), (22, True), (23, True), (25, False),
    (32, False), (32, False), (34, False), (35, False),
]  # fmt: skip
PUBLISHED = ((6, 0.8571), (7, 0.8067), (10, 0.7529), (13, 0.6902), (16, 0.6275), (22, 0.5378), (23, 0.4482))


def test_the_textbook_example() -> None:
    estimate = Survival(WEEKS)
    assert [
        (time, round(share, 4)) for time, share in zip(estimate.times, estimate.shares, strict=True)
    ] == list(PUBLISHED)
    assert estimate.at(5.9) == 1.0
    assert estimate.at(12) == pytest.approx(0.7529, abs=1e-4)
    assert estimate.at(1_000) == pytest.approx(0.4482, abs=1e-4)


def test_without_the_answered_it_is_the_share_itself() -> None:
    estimate = Survival([(4, True), (1, True), (3, True), (2, True)])
    assert [estimate.at(time) for time in (0, 1, 2, 3, 4)] == [1.0, 0.75, 0.5, 0.25, 0.0]


def test_nobody_gave_up_or_nobody_came() -> None:
    for waits in ([], [(5, False), (9, False)]):
        estimate = Survival(waits)
        assert estimate.at(100) == 1.0
        assert estimate.beyond(0, 0.999) == inf


def test_whoever_waited_longer_gives_up_later() -> None:
    """Drawn given what was waited: at the steps behind it, each as often as the estimate says."""
    estimate = Survival(WEEKS)
    draws = [estimate.beyond(10, (number + 0.5) / 10_000) for number in range(10_000)]
    assert min(draws) == 13
    for time, share in PUBLISHED[3:]:
        later = sum(draw > time for draw in draws) / len(draws)
        assert later == pytest.approx(share / 0.7529, abs=2e-4)
    assert estimate.beyond(23, 0.5) == inf, "nobody was seen to give up later"


def test_it_finds_the_patience_of_a_queue_that_answers_most() -> None:
    """Exponential patience of mean 100 s, answered after an exponential wait of mean 60 s, of which only the
    shorter is seen; the mean of those who gave up is 37 s."""
    chance = np.random.Generator(np.random.PCG64(5))
    patience, answered = chance.exponential(100, 20_000), chance.exponential(60, 20_000)
    waits = [(min(p, a), bool(p < a)) for p, a in zip(patience.tolist(), answered.tolist(), strict=True)]
    estimate = Survival(waits)
    for time in (10, 50, 100, 150):
        assert estimate.at(time) == pytest.approx(exp(-time / 100), abs=0.02)
    assert np.mean([wait for wait, gave_up in waits if gave_up]) < 40
