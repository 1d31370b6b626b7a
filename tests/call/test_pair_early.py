"""Before the answer, both ends real: reliable provisional answers (RFC 3262), UPDATE (RFC 3311), forks."""

import pytest

from switch.base.rng import SplitMix64
from switch.call import events
from switch.call.cause import By, Reason, ours
from switch.call.leg import Leg
from switch.call.settings import LegSettings
from switch.call.states import LegState
from switch.sdp.direction import Direction
from switch.sip.message import Request, Response
from tests.call.pair import Pair, Side

REQUIRE = (("Require", "100rel"),)
SEEDS = range(100)


def finish(pair: Pair) -> None:
    """Hang up on one side or the other, and see that nothing is left."""
    side = pair.caller if pair.rng.chance(1, 2) else pair.callee
    assert side.leg is not None
    side.leg.hang_up(ours(Reason.NORMAL), pair.now)
    pair.nothing_is_left()


@pytest.mark.parametrize("seed", SEEDS)
def test_reliable_answers_come_over_a_network_that_loses_a_fifth(seed: int) -> None:
    """RFC 3262 section 3: ringing, early media and ringing again, each acknowledged, and then the 200."""
    pair = Pair(seed, lost=20)

    def rings(side: Side) -> None:
        leg = pair.leg_of(side)
        pair.after(0.1, lambda: leg.ring(pair.now))
        pair.after(0.4, lambda: leg.early_media(pair.now))
        pair.after(0.8, lambda: leg.ring(pair.now))
        pair.after(pair.rng.below(4), lambda: leg.answer(pair.now))

    pair.on_invite = rings
    pair.dial(headers=REQUIRE)
    pair.run(40)
    assert (pair.out.state, pair.into.state) == (LegState.CONFIRMED, LegState.CONFIRMED)
    assert pair.agree()
    assert len(pair.caller.requests("PRACK")) == len(
        {r.headers.get("RAck") for r in pair.caller.requests("PRACK")}
    )
    finish(pair)


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("reliable", [True, False])
def test_a_late_offer_is_made_and_answered(seed: int, reliable: bool) -> None:
    """RFC 3264 section 4: INVITE without a session; the offer in a reliable 183 or in the 200."""
    pair = Pair(seed, lost=15)

    def rings(side: Side) -> None:
        leg = pair.leg_of(side)
        if reliable:
            pair.after(0.1, lambda: leg.early_media(pair.now))
        pair.after(1, lambda: leg.answer(pair.now))

    pair.on_invite = rings
    pair.dial(offers=False)
    pair.run(40)
    assert (pair.out.state, pair.into.state) == (LegState.CONFIRMED, LegState.CONFIRMED)
    assert pair.agree()
    assert pair.caller.plan is not None
    (first, *_) = pair.callee.responses("INVITE", 200)
    assert bool(first.body) is not reliable
    finish(pair)


def test_the_200_waits_for_the_prack_of_a_session() -> None:
    """RFC 3262 section 3: not before the PRACK where the reliable answer had a session."""
    pair = Pair()
    pracks: list[Request] = []

    def hold_back(_: Side, message: Request | Response) -> Request | Response | None:
        if isinstance(message, Request) and message.method == "PRACK" and len(pracks) < 3:
            pracks.append(message)
            return None
        return message

    pair.edit = hold_back
    pair.on_invite = lambda side: (
        pair.leg_of(side).early_media(pair.now),
        pair.leg_of(side).answer(pair.now),
    )
    pair.dial()
    pair.run(1)
    assert pair.callee.responses("INVITE", 200) == []
    assert pair.callee.responses("INVITE", 183)
    pair.run(10)
    (ok, *_) = pair.callee.responses("INVITE", 200)
    assert ok.body == b"", "the session was said, and acknowledged"
    assert pair.agree()
    finish(pair)


def test_no_prack_ends_the_call_with_504() -> None:
    """RFC 3262 section 3: T1, doubled without bound, 64*T1 in all, then a 5xx."""
    pair = Pair()
    pair.edit = lambda _, m: None if isinstance(m, Request) and m.method == "PRACK" else m
    pair.on_invite = lambda side: pair.leg_of(side).early_media(pair.now)
    pair.dial()
    pair.run(31)
    assert len(pair.callee.responses("INVITE", 183)) == 6, "at 0, 0.5, 1.5, 3.5, 7.5, 15.5 s"
    pair.run(3)
    assert len(pair.callee.responses("INVITE", 183)) == 7
    (end,) = pair.callee.ends
    assert (end.cause.reason, end.cause.by, end.cause.sip_status) == (Reason.SIGNALLING_LOST, By.NETWORK, 504)
    assert pair.caller.ends[0].cause.sip_status == 504
    pair.nothing_is_left()


@pytest.mark.parametrize(("reliable_183", "knows"), [(False, True), (True, False)])
def test_plain_callers_get_plain_answers(reliable_183: bool, knows: bool) -> None:
    """A caller who does not know 100rel, and an administrator who does not want it."""
    pair = Pair(theirs=LegSettings(reliable_183=reliable_183))

    def without(_: Side, message: Request | Response) -> Request | Response:
        if not knows and isinstance(message, Request) and message.method == "INVITE":
            message.headers.remove("Supported")
        return message

    pair.edit = without
    pair.on_invite = lambda side: pair.leg_of(side).early_media(pair.now)
    pair.dial()
    pair.run(5)
    assert pair.caller.requests("PRACK") == []
    assert "RSeq" not in pair.callee.responses("INVITE", 183)[0].headers
    pair.after(0, lambda: pair.into.answer(pair.now))
    pair.run(5)
    assert pair.agree()
    finish(pair)


def change(pair: Pair, leg: Leg, seconds: float, direction: Direction = Direction.SENDONLY) -> None:
    pair.after(seconds, lambda: leg.propose(direction, pair.now))


@pytest.mark.parametrize("seed", SEEDS)
def test_either_side_changes_an_early_session_by_update(seed: int) -> None:
    """RFC 3311 section 5: before the answer, after the first offer has its reliable answer; also at once."""
    pair = Pair(seed, lost=15)
    pair.on_invite = lambda side: pair.leg_of(side).early_media(pair.now)
    pair.dial()
    pair.run(15)
    assert (pair.out.state, pair.into.state) == (LegState.OUTGOING_EARLY, LegState.INCOMING_PROCEEDING)
    assert pair.agree()
    dice = SplitMix64(seed)
    for leg in (pair.out, pair.into):
        if dice.chance(2, 3):
            change(pair, leg, dice.below(3) / 10)
    pair.run(25)
    assert pair.agree()
    pair.into.answer(pair.now)
    pair.run(25)
    assert (pair.out.state, pair.into.state) == (LegState.CONFIRMED, LegState.CONFIRMED)
    assert pair.agree()
    finish(pair)


@pytest.mark.parametrize("seed", SEEDS)
def test_of_a_forked_invite_one_dialog_wins_and_the_others_are_ended(seed: int) -> None:
    """RFC 3261 section 13.2.2.4: early media of both, answers of both; each has a session of its own."""
    pair = Pair(seed, lost=10, callees=2)
    dice = SplitMix64(seed)

    def rings(side: Side) -> None:
        leg = pair.leg_of(side)
        if dice.chance(2, 3):
            pair.after(dice.below(10) / 10, lambda: leg.early_media(pair.now))
        pair.after(1 + dice.below(30) / 10, lambda: leg.answer(pair.now))

    pair.on_invite = rings
    pair.dial()
    pair.run(60)
    assert pair.out.state is LegState.CONFIRMED
    # An INVITE that was lost on its way to one of them is not repeated once the other rings.
    rung = [side for side in pair.callees if side.leg is not None]
    winners = [side for side in rung if pair.leg_of(side).state is LegState.CONFIRMED]
    assert len(winners) == 1
    assert pair.agree(winners[0])
    assert len([e for e in pair.caller.told if isinstance(e, events.LegAnswered)]) == 1
    pair.out.hang_up(ours(Reason.NORMAL), pair.now)
    pair.nothing_is_left()
    # One whose early media nobody acknowledged, since the other had won, has given up.
    answered = [side for side in rung if side.responses("INVITE", 200)]
    assert len(pair.caller.requests("BYE")) == len(answered), "one for each dialog that was answered"


@pytest.mark.parametrize("seed", SEEDS)
def test_hanging_up_at_any_moment_leaves_nothing(seed: int) -> None:
    """CANCEL that crosses a 200, BYE before the ACK, PRACK after the end: whatever the moment makes of it."""
    pair = Pair(seed, lost=10, callees=1 + seed % 2)
    dice = SplitMix64(seed)

    def rings(side: Side) -> None:
        leg = pair.leg_of(side)
        pair.after(0.1, lambda: leg.ring(pair.now))
        pair.after(0.2, lambda: leg.early_media(pair.now))
        pair.after(0.5 + dice.below(10) / 10, lambda: leg.answer(pair.now))
        if dice.chance(1, 3):
            pair.after(dice.below(200) / 100, lambda: leg.hang_up(ours(Reason.BUSY), pair.now))

    pair.on_invite = rings
    pair.dial(headers=REQUIRE if dice.chance(1, 2) else (), offers=dice.chance(2, 3))
    pair.after(dice.below(200) / 100, lambda: pair.out.hang_up(ours(Reason.CANCELLED), pair.now))
    pair.nothing_is_left()
