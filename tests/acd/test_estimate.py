"""What a waiting caller is told, in small centres where the answer is known; tests/wfm has the error."""

import pytest

from switch.acd import events as ev
from tests.acd.centre import SECOND, Centre
from tests.acd.halves import HALVES, half

TALK_S = 100


@pytest.fixture(params=HALVES)
def centre(request: pytest.FixtureRequest) -> Centre:
    return Centre(half(request.param))


def busy(centre: Centre, *agents: str) -> None:
    """They are on calls of their own: at work, and not free."""
    for name in agents:
        centre.do(ev.Engage(name))


def learn(centre: Centre, queue: str = "q", talks: int = 8) -> None:
    """So many talks of TALK_S seconds: the queue knows how long one takes."""
    centre.agent("teacher", queue, level=9)
    for number in range(talks):
        centre.arrive(f"{queue}-{number}", queue, (0, {"level": 9}))
        centre.claim("teacher")
        centre.do(ev.Finish(f"{queue}-{number}"), centre.t + TALK_S)
    centre.do(ev.RemoveAgent("teacher"))


def estimate_s(centre: Centre, contact: str) -> float:
    place = centre.router.place(contact, centre.now)
    assert place is not None
    return place.estimate_us / SECOND


def test_the_n_th_waits_for_n_agents_of_all(centre: Centre) -> None:
    centre.queue()
    learn(centre)
    for name in ("a", "b", "c", "d"):
        centre.agent(name)
        busy(centre, name)
    for number in range(1, 7):
        centre.arrive(f"w{number}")
        assert estimate_s(centre, f"w{number}") == pytest.approx(number * TALK_S / 4, rel=0.01)


def test_until_it_is_known_the_stated_time_counts(centre: Centre) -> None:
    centre.queue()
    learn(centre, talks=7)
    centre.agent("a")
    busy(centre, "a")
    centre.arrive("w")
    assert estimate_s(centre, "w") == 180


def test_only_who_is_at_work_is_reckoned_with(centre: Centre) -> None:
    centre.queue()
    learn(centre)
    for name in ("a", "paused", "away", "out", "other", "avoided"):
        centre.agent(name, *(("elsewhere",) if name == "other" else ()))
        busy(centre, name)
    centre.do(ev.Pause("paused", "lunch"))
    centre.do(ev.Reach("away", False))
    centre.do(ev.SignOut("out"))
    centre.arrive("w", avoid=("avoided",))
    assert estimate_s(centre, "w") == pytest.approx(TALK_S, rel=0.01)
    centre.do(ev.SignOut("a"))
    assert estimate_s(centre, "w") * SECOND == -1


def test_whoever_is_ahead_counts_by_how_long_that_takes(centre: Centre) -> None:
    centre.queue("long", handling_us=360 * SECOND)
    centre.queue("q")
    centre.agent("a")
    busy(centre, "a")
    centre.arrive("ahead", "long")
    centre.arrive("w", "q")
    assert estimate_s(centre, "w") == pytest.approx(360 + 180, rel=0.01)


def test_who_gives_up_needs_no_agent(centre: Centre) -> None:
    """Each gives up after a talk's time on average: thirty ahead are far less than thirty talks."""
    centre.queue()
    learn(centre)
    centre.agent("a")
    busy(centre, "a")
    for number in range(10):
        centre.arrive(f"gone-{number}")
        centre.do(ev.Abandon(f"gone-{number}"), centre.t + TALK_S)
    for number in range(31):
        centre.arrive(f"w{number}")
    # The sum over those ahead: each step is a talk or one of those who are left giving up.
    exact = sum(TALK_S / (1 + ahead) for ahead in range(31))
    assert estimate_s(centre, "w30") == pytest.approx(exact, rel=0.1)
    assert estimate_s(centre, "w30") < 5 * TALK_S


def test_widening_is_in_the_estimate(centre: Centre) -> None:
    """Ten wait for one expert; after a minute four novices may serve the last of them as well."""
    centre.queue()
    learn(centre)
    centre.agent("expert", french=9)
    busy(centre, "expert")
    for name in ("a", "b", "c", "d"):
        centre.agent(name)
        busy(centre, name)
    for number in range(10):
        centre.arrive(f"e{number}", "q", (0, {"french": 9}))
    centre.arrive("stays", "q", (0, {"french": 9}))
    centre.arrive("widens", "q", (0, {"french": 9}), (60, {}))
    assert estimate_s(centre, "stays") == pytest.approx(11 * TALK_S, rel=0.01)
    # The experts' line is a bottleneck of its own; the four others are free for this one later.
    assert estimate_s(centre, "widens") == 60
    centre.wake(centre.t + 60)
    assert estimate_s(centre, "widens") == pytest.approx(TALK_S / 4, rel=0.01)


def test_nobody_now_but_somebody_after_a_step(centre: Centre) -> None:
    centre.queue()
    learn(centre)
    centre.agent("novice")
    busy(centre, "novice")
    centre.agent("expert", french=9)
    centre.do(ev.Pause("expert", "lunch"))
    centre.arrive("w", "q", (0, {"french": 9}), (300, {}))
    assert estimate_s(centre, "w") == 300


def test_shared_agents_count_by_their_share(centre: Centre) -> None:
    """Two of the three who serve `other` serve `q` as well: two thirds of its line are ours."""
    centre.queue()
    centre.queue("other")
    learn(centre)
    learn(centre, "other")
    for name, queues in (("a", ("q", "other")), ("b", ("q", "other")), ("c", ("other",)), ("d", ("q",))):
        centre.agent(name, *queues)
        busy(centre, name)
    for number in range(3):
        centre.arrive(f"o{number}", "other")
    centre.arrive("w")
    assert estimate_s(centre, "w") == pytest.approx((3 * 2 / 3 + 1) * TALK_S / 3, rel=0.01)


def test_higher_queues_take_what_they_took_of_late(centre: Centre) -> None:
    """Ten answers in the last hundred seconds, each a talk of five: half an agent of the twenty is taken."""
    centre.queue()
    centre.queue("high", priority=9)
    learn(centre)
    for number in range(20):
        centre.agent(f"a{number}")
    for number in range(10):
        centre.arrive(f"h{number}", "high")
        centre.claim(centre.offered()[0][1], centre.t + 5)
        centre.do(ev.Finish(f"h{number}"), centre.t + 5)
    for number in range(20):
        busy(centre, f"a{number}")
    centre.arrive("w")

    assert estimate_s(centre, "w") == pytest.approx(TALK_S / 19.45, rel=0.01)
    centre.queue("high", priority=0)
    assert estimate_s(centre, "w") == pytest.approx(TALK_S / 20, rel=0.01)


def test_reading_changes_nothing(centre: Centre) -> None:
    centre.queue()
    centre.agent("a", french=9)
    busy(centre, "a")
    centre.arrive("w", "q", (0, {"french": 5}), (30, {}))
    before = centre.router.digest()
    for _ in range(3):
        estimate_s(centre, "w")
    assert centre.router.digest() == before
