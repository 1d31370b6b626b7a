"""A standing call, both ends real: changes (RFC 3261 section 14, RFC 3264) and its timer (RFC 4028)."""

import pytest

from switch.base.clock import SECOND
from switch.base.rng import SplitMix64
from switch.call.cause import By, Reason, ours
from switch.call.leg import Leg
from switch.call.settings import LegSettings
from switch.call.states import LegState
from switch.sdp.direction import Direction
from switch.sip.message import Request, Response
from tests.call.pair import CALLER, Pair, Side

SEEDS = range(100)
SHORT = LegSettings(expires_s=120, min_s=90)


def change(pair: Pair, leg: Leg, seconds: float, direction: Direction) -> None:
    pair.after(seconds, lambda: leg.propose(direction, pair.now))


def hang_up(pair: Pair, leg: Leg) -> None:
    leg.hang_up(ours(Reason.NORMAL), pair.now)
    pair.nothing_is_left()


@pytest.mark.parametrize("seed", SEEDS)
def test_offers_that_cross_are_both_made_in_the_end(seed: int) -> None:
    """RFC 3261 section 14: two re-INVITEs at one moment meet 491; the owner of the Call-ID waits longer."""
    pair = Pair(seed, lost=15)
    pair.talk()
    dice = SplitMix64(seed)
    for leg in (pair.out, pair.into):
        for _ in range(1 + dice.below(3)):
            direction = (Direction.SENDRECV, Direction.SENDONLY, Direction.INACTIVE)[dice.below(3)]
            change(pair, leg, dice.below(40) / 10, direction)
    pair.run(80)
    assert (pair.out.state, pair.into.state) == (LegState.CONFIRMED, LegState.CONFIRMED)
    assert pair.agree()
    assert not pair.out.negotiation.offering
    assert not pair.into.negotiation.offering
    assert pair.out.change is pair.into.change is None
    hang_up(pair, pair.out if dice.chance(1, 2) else pair.into)


def test_the_owner_of_the_call_id_waits_longer_after_491() -> None:
    """RFC 3261 section 14.1: 2.1 to 4 s on one side, 0 to 2 s on the other."""
    waits: dict[bool, list[float]] = {True: [], False: []}
    for seed in range(40):
        pair = Pair(seed)
        pair.talk()
        change(pair, pair.out, 0, Direction.SENDONLY)
        change(pair, pair.into, 0, Direction.SENDONLY)
        pair.run(0.025)
        for leg in (pair.out, pair.into):
            assert leg.change is not None
            assert leg.change.at is not None
            waits[leg.owns_call_id].append((leg.change.at - pair.now) / SECOND)
        pair.run(20)
        assert pair.agree()
    assert 1.9 < min(waits[True]) < 2.4
    assert 3.5 < max(waits[True]) < 4.0
    assert min(waits[False]) < 0.3
    assert 1.6 < max(waits[False]) < 2.0


@pytest.mark.parametrize("seed", SEEDS)
def test_a_call_with_a_timer_lasts_and_ends_once(seed: int) -> None:
    """RFC 4028: refreshed from either side, over a network that loses a tenth, for half an hour."""
    dice = SplitMix64(seed)
    lists = [LegSettings(expires_s=90 + 30 * dice.below(8), min_s=90 + 30 * dice.below(5)) for _ in range(2)]
    lists = [LegSettings(expires_s=max(s.expires_s, s.min_s), min_s=s.min_s) for s in lists]
    pair = Pair(seed, lost=10, ours=lists[0], theirs=lists[1])
    pair.talk()
    assert pair.out.session_timer is not None
    assert pair.into.session_timer is not None
    assert pair.out.session_timer.ours is not pair.into.session_timer.ours
    assert pair.out.session_timer.interval_s == pair.into.session_timer.interval_s
    pair.run(1_800)
    assert (pair.out.state, pair.into.state) == (LegState.CONFIRMED, LegState.CONFIRMED)
    assert pair.caller.requests("UPDATE") or pair.callee.requests("UPDATE")
    assert pair.agree()
    hang_up(pair, pair.out if dice.chance(1, 2) else pair.into)


@pytest.mark.parametrize("refresher", ["caller", "callee"])
@pytest.mark.parametrize("by_update", [True, False])
def test_who_refreshes_and_how(refresher: str, by_update: bool) -> None:
    """RFC 4028 section 7.4: at half the interval, with UPDATE where the peer allows it, else by re-INVITE."""
    pair = Pair(ours=SHORT, theirs=SHORT)

    def edit(_: Side, message: Request | Response) -> Request | Response:
        if message.cseq.method == "INVITE":
            if not by_update:
                message.headers.remove("Allow")
            if refresher == "callee" and isinstance(message, Request) and not message.to.tag:
                message.headers.set("Session-Expires", "120;refresher=uas")
        return message

    pair.edit = edit
    pair.talk()
    mine, other = (pair.caller, pair.callee) if refresher == "caller" else (pair.callee, pair.caller)
    assert mine.leg is not None
    before = mine.leg.negotiation.local_body
    pair.run(600)
    method = "UPDATE" if by_update else "INVITE"
    sent = [request for request in mine.requests(method) if request.to.tag]
    assert len(sent) == 10
    assert all("Session-Expires" in request.headers for request in sent)
    assert not [request for request in other.requests(method) if request.to.tag]
    assert other.requests("OPTIONS") == mine.requests("OPTIONS") == []
    assert mine.leg.negotiation.local_body == before, "no change was asked"
    hang_up(pair, pair.into)


@pytest.mark.parametrize("died", ["caller", "callee"])
@pytest.mark.parametrize("interval_s", [90, 300])
def test_a_call_whose_peer_is_gone_ends_before_the_interval_is_over(died: str, interval_s: int) -> None:
    """RFC 4028 section 10: 32 s, or a third of the interval, before its end; the call has one cause."""
    settings = LegSettings(expires_s=interval_s)
    pair = Pair(ours=settings, theirs=settings)
    pair.talk()
    dead, alive = (pair.caller, pair.callee) if died == "caller" else (pair.callee, pair.caller)
    # Nothing of the one that died is carried any more, and nothing reaches it.
    pair.edit = lambda *_: None
    dead.leg = None
    began = pair.now
    while alive.leg is not None and not alive.ends and pair.now < began + 2 * interval_s * SECOND:
        pair.run(1)
    (end,) = alive.ends
    assert (end.cause.reason, end.cause.by) == (Reason.SIGNALLING_LOST, By.NETWORK)
    assert pair.now - began <= (interval_s - min(32, interval_s // 3)) * SECOND
    assert len({m.via.branch for m in alive.requests("BYE")}) == 1


def test_too_short_an_interval_is_refused_with_422_and_asked_again() -> None:
    """RFC 4028 sections 6 and 7.3: the INVITE comes again with what Min-SE asks for, in the same call."""
    pair = Pair(ours=LegSettings(expires_s=90), theirs=LegSettings(expires_s=1800))
    asked: list[str | None] = []

    def edit(side: Side, message: Request | Response) -> Request | Response | None:
        if isinstance(message, Request) and message.method == "INVITE":
            asked.append(message.headers.get("Session-Expires"))
            if len(asked) < 3:
                refusal = message.make_response(422, to_tag="p", headers=[("Min-SE", str(200 * len(asked)))])
                side.layer.receive(refusal.to_bytes(), pair.out.flow, pair.now)
                return None
        return message

    pair.edit = edit
    pair.talk()
    assert asked == ["90", "200", "400"]
    (invite,) = [r for r in pair.caller.requests("INVITE") if r.cseq.number == 3]
    assert invite.headers.get("Min-SE") == "400"
    assert pair.out.session_timer is not None
    assert pair.out.session_timer.interval_s == 400
    hang_up(pair, pair.out)


@pytest.mark.parametrize("min_se", ["90", "99999999", "x"])
def test_a_422_that_asks_for_nothing_new_is_a_refusal(min_se: str) -> None:
    pair = Pair()

    def edit(side: Side, message: Request | Response) -> Request | Response | None:
        if isinstance(message, Request) and message.method == "INVITE":
            refusal = message.make_response(422, to_tag="p", headers=[("Min-SE", min_se)])
            side.layer.receive(refusal.to_bytes(), pair.out.flow, pair.now)
            return None
        return message if message.cseq.method != "ACK" else None

    pair.edit = edit
    pair.dial()
    pair.run(1)
    assert [end.cause.sip_status for end in pair.caller.ends] == [422]
    assert len(pair.caller.requests("INVITE")) == 1
    pair.nothing_is_left()


def test_a_refresh_that_is_refused_once_is_tried_again_and_then_the_call_ends() -> None:
    """RFC 4028 section 10: no 2xx before the end of the interval ends the session."""
    pair = Pair(ours=SHORT, theirs=SHORT)
    pair.talk()

    def edit(side: Side, message: Request | Response) -> Request | Response | None:
        if isinstance(message, Request) and message.method == "UPDATE":
            side.layer.receive(message.make_response(503).to_bytes(), pair.out.flow, pair.now)
            return None
        return message

    pair.edit = edit
    pair.run(110)
    assert len(pair.caller.requests("UPDATE")) >= 2
    # Both find it at one moment; one of the two may hear the other's BYE first.
    assert Reason.SIGNALLING_LOST in {side.ends[0].cause.reason for side in pair.sides}
    pair.nothing_is_left()


def test_a_peer_that_forgot_update_is_refreshed_by_re_invite() -> None:
    pair = Pair(ours=SHORT, theirs=SHORT)
    pair.talk()

    def edit(side: Side, message: Request | Response) -> Request | Response | None:
        if isinstance(message, Request) and message.method == "UPDATE":
            side.layer.receive(message.make_response(405).to_bytes(), pair.out.flow, pair.now)
            return None
        if isinstance(message, Response):
            message.headers.remove("Allow")
        return message

    pair.edit = edit
    pair.run(400)
    assert len(pair.caller.requests("UPDATE")) == 1
    assert len(pair.caller.requests("INVITE")) > 5
    assert pair.agree()
    hang_up(pair, pair.out)


def test_a_peer_without_timers_is_asked_every_90_seconds() -> None:
    pair = Pair()

    def edit(_: Side, message: Request | Response) -> Request | Response:
        if message.cseq.method == "INVITE":
            message.headers.remove("Supported")
            message.headers.remove("Session-Expires")
        return message

    pair.edit = edit
    pair.talk()
    assert pair.out.session_timer is pair.into.session_timer is None
    pair.run(300)
    assert len(pair.caller.requests("OPTIONS")) == len(pair.callee.requests("OPTIONS")) == 3
    hang_up(pair, pair.out)


def test_a_timer_that_a_proxy_asked_for_is_ours_to_refresh() -> None:
    """RFC 4028 section 9, table 2: the caller does not know it, so refresher=uas and no Require."""
    pair = Pair(theirs=SHORT)

    def edit(side: Side, message: Request | Response) -> Request | Response:
        if side.address == CALLER and message.cseq.method == "INVITE":
            message.headers.remove("Supported")
            message.headers.set("Session-Expires", "100")
        return message

    pair.edit = edit
    pair.talk()
    (ok, *_) = pair.callee.responses("INVITE", 200)
    assert ok.headers.get("Session-Expires") == "100;refresher=uas"
    assert "Require" not in ok.headers
    hang_up(pair, pair.out)


@pytest.mark.parametrize("asked", ["0", "1", "30"])
def test_a_timer_below_the_least_of_a_caller_who_knows_none(asked: str) -> None:
    """RFC 4028 section 5: 90 s. It neither ends the call nor has us refresh it all the time."""
    pair = Pair(theirs=SHORT)

    def edit(side: Side, message: Request | Response) -> Request | Response:
        if side.address == CALLER and message.cseq.method == "INVITE":
            message.headers.remove("Supported")
            message.headers.set("Session-Expires", asked)
        return message

    pair.edit = edit
    pair.talk()
    (ok, *_) = pair.callee.responses("INVITE", 200)
    assert ok.headers.get("Session-Expires") == "90;refresher=uas"
    pair.run(60)
    assert pair.agree()
    assert len(pair.callee.requests("INVITE")) + len(pair.callee.requests("UPDATE")) == 1
    hang_up(pair, pair.out)


@pytest.mark.parametrize("seed", range(30))
def test_the_end_crosses_a_change(seed: int) -> None:
    """BYE while a re-INVITE of either side is under way: both end once, nothing is left."""
    pair = Pair(seed, lost=10)
    pair.talk()
    dice = SplitMix64(seed)
    change(pair, pair.out, dice.below(30) / 100, Direction.SENDONLY)
    change(pair, pair.into, dice.below(30) / 100, Direction.INACTIVE)
    leg = pair.out if dice.chance(1, 2) else pair.into
    pair.after(dice.below(100) / 100, lambda: leg.hang_up(ours(Reason.NORMAL), pair.now))
    pair.run(2)
    pair.nothing_is_left()


def test_a_change_that_the_peer_refuses_leaves_the_session_as_it_was() -> None:
    """RFC 3261 section 14.1; the next description counts on from the last one that was sent."""
    pair = Pair()
    pair.talk()
    before = pair.caller.plan, pair.callee.plan

    def refuse(side: Side, message: Request | Response) -> Request | Response | None:
        if isinstance(message, Request) and message.method == "INVITE" and side is pair.caller:
            side.layer.receive(message.make_response(488).to_bytes(), pair.out.flow, pair.now)
            return None
        return message

    pair.edit = refuse
    change(pair, pair.out, 0, Direction.INACTIVE)
    pair.run(5)
    assert (pair.caller.plan, pair.callee.plan) == before
    assert pair.out.state is LegState.CONFIRMED
    pair.edit = lambda _, message: message
    change(pair, pair.out, 0, Direction.SENDONLY)
    pair.run(5)
    assert pair.agree()
    assert pair.caller.plan != before[0]
    versions = [r.body.split(b"\r\n")[1].split()[2] for r in pair.caller.requests("INVITE")]
    assert versions == [b"1", b"2", b"3"], "another description than the last that was sent"
    hang_up(pair, pair.out)


@pytest.mark.parametrize("status", [408, 481])
def test_a_change_that_meets_no_dialog_ends_the_call(status: int) -> None:
    """RFC 3261 section 14.1 and 12.2.1.2."""
    pair = Pair()
    pair.talk()

    def refuse(side: Side, message: Request | Response) -> Request | Response | None:
        if isinstance(message, Request) and message.method == "INVITE" and side is pair.caller:
            side.layer.receive(message.make_response(status).to_bytes(), pair.out.flow, pair.now)
            return None
        return message

    pair.edit = refuse
    change(pair, pair.out, 0, Direction.INACTIVE)
    pair.run(5)
    assert pair.caller.ends[0].cause.reason is Reason.SIGNALLING_LOST
    pair.nothing_is_left()
