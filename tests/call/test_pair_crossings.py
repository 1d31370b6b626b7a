"""Messages that cross or come again, between two real legs over a network that loses, repeats and reorders.

RFC 3261 sections 9.1 (CANCEL crossing 200), 13.3.1.4 (retransmitted INVITE and 2xx), 15 (BYE before ACK), and
RFC 6026 (what comes after the 2xx belongs to it). Each ends with both sides agreed that it is over, once.
"""

import pytest

from switch.base.clock import SECOND
from switch.call.cause import Reason, ours
from switch.call.states import LegState
from switch.sip.message import Request, Response
from tests.call.pair import Pair, Side

SEEDS = range(25)


def ends_everywhere(pair: Pair) -> None:
    pair.nothing_is_left()
    for side in pair.sides:
        for leg in [side.leg] if side.leg is not None else []:
            assert leg.state is LegState.TERMINATED


@pytest.mark.parametrize("seed", SEEDS)
def test_a_cancel_crosses_the_200(seed: int) -> None:
    pair = Pair(seed, lost=20)
    pair.on_invite = lambda side: pair.after(1.0, lambda: pair.leg_of(side).answer(pair.now))
    pair.dial()
    pair.after(0.8 + seed / 60, lambda: pair.out.hang_up(ours(Reason.CANCELLED), pair.now))
    pair.run(60)
    ends_everywhere(pair)
    if pair.callee.responses("INVITE", 200):
        assert pair.caller.requests("BYE") or pair.callee.requests("BYE"), "what was answered is ended by BYE"


@pytest.mark.parametrize("seed", SEEDS)
def test_the_caller_hangs_up_before_its_ack_arrives(seed: int) -> None:
    """The first ACKs are lost: the BYE comes before any of them."""
    pair = Pair(seed, lost=15)
    swallowed = 0

    def edit(side: Side, message: Request | Response) -> Request | Response | None:
        nonlocal swallowed
        if side is pair.caller and isinstance(message, Request) and message.method == "ACK" and swallowed < 3:
            swallowed += 1
            return None
        return message

    pair.edit = edit
    pair.on_invite = lambda side: pair.after(0.2, lambda: pair.leg_of(side).answer(pair.now))
    pair.dial()
    while pair.out.state is not LegState.CONFIRMED and pair.now < 60 * SECOND:
        pair.run(0.1)
    pair.out.hang_up(ours(Reason.NORMAL), pair.now)
    pair.run(60)
    ends_everywhere(pair)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_callee_that_hangs_up_waits_for_the_ack(seed: int) -> None:
    """Section 15: the callee must not send its BYE before the ACK, or the time-out of its 200."""
    pair = Pair(seed, lost=20)

    def answers_and_leaves(side: Side) -> None:
        pair.after(0.2, lambda: pair.leg_of(side).answer(pair.now))
        pair.after(0.25, lambda: pair.leg_of(side).hang_up(ours(Reason.NORMAL), pair.now))

    pair.on_invite = answers_and_leaves
    pair.dial()
    order: list[str] = []

    def edit(side: Side, message: Request | Response) -> Request | Response | None:
        if isinstance(message, Request) and message.method in ("ACK", "BYE"):
            order.append(f"{'caller' if side is pair.caller else 'callee'} {message.method}")
        return message

    pair.edit = edit
    pair.run(60)
    ends_everywhere(pair)
    if "callee BYE" in order and "caller ACK" in order:
        assert order.index("caller ACK") < order.index("callee BYE")


@pytest.mark.parametrize("seed", SEEDS)
def test_an_invite_that_comes_again_after_the_ack_makes_no_second_call(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 6026: its server transaction stays, so that a copy late on the way is absorbed."""
    pair = Pair(seed, lost=10)
    pair.talk()
    invite = pair.caller.requests("INVITE")[0]
    told = len(pair.callee.told)
    opened: list[object] = []
    monkeypatch.setattr(pair, "_open", lambda *new: opened.append(new))
    for delay in (0.0, 0.4, 3.0, 9.0):
        pair.after(delay, lambda: pair._send(pair.caller, invite.to_bytes()))
    pair.run(25)
    assert pair.into.state is LegState.CONFIRMED
    assert opened == []
    assert len(pair.callee.told) == told, "nothing happened to the call"
    assert pair.agree()
    pair.out.hang_up(ours(Reason.NORMAL), pair.now)
    pair.run(60)
    ends_everywhere(pair)


@pytest.mark.parametrize("seed", SEEDS)
def test_both_hang_up_at_once(seed: int) -> None:
    pair = Pair(seed, lost=20)
    pair.talk()
    pair.after(0.5, lambda: pair.out.hang_up(ours(Reason.NORMAL), pair.now))
    pair.after(0.5 + seed / 100, lambda: pair.into.hang_up(ours(Reason.NORMAL), pair.now))
    pair.run(60)
    ends_everywhere(pair)
