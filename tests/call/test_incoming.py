"""A leg whose INVITE came to us, against a peer who speaks in bytes."""

import pytest

from switch.call import events
from switch.call.cause import Reason, ours
from switch.call.states import LegState
from switch.sip.message import Response
from tests.call.wire import SLOT, Wire, reply, sdp


@pytest.fixture
def wire() -> Wire:
    return Wire()


def answered(wire: Wire) -> None:
    """A call that stands."""
    leg = wire.incoming()
    assert leg.answer(wire.now)
    wire.pump()
    wire.give(wire.request("ACK", to_tag="ours", branch="ack"))
    assert leg.state is LegState.CONFIRMED
    wire.take()


def test_an_answer_is_repeated_until_its_ack(wire: Wire) -> None:
    leg = wire.incoming()
    leg.answer(wire.now)
    wire.pump()
    started, at = wire.now, []
    for _ in range(80):
        at += [(wire.now - started) / 1_000_000] * len([m for m in wire.take() if isinstance(m, Response)])
        wire.wait(0.1)
    # RFC 3261 section 13.3.1.4: from T1 doubling to T2.
    assert at == pytest.approx([0, 0.5, 1.5, 3.5, 7.5], abs=0.11)
    wire.give(wire.request("ACK", to_tag="ours", branch="ack"))
    wire.wait(40)
    assert wire.took() == []
    assert leg.state is LegState.CONFIRMED


def test_an_answer_without_ack_ends_the_leg(wire: Wire) -> None:
    leg = wire.incoming()
    leg.answer(wire.now)
    wire.wait(31.9)
    assert wire.ended() == []
    wire.wait(0.2)
    assert wire.took()[-1] == "BYE"
    assert [end.cause.reason for end in wire.ended()] == [Reason.SIGNALLING_LOST]
    assert leg.over


def test_a_cancel_ends_it_once_and_gives_everything_back(wire: Wire) -> None:
    wire.incoming()
    invite = wire.request("CANCEL", branch="INVITE2")
    wire.give(invite)
    assert wire.took() == ["200 CANCEL", "487 INVITE"]
    assert [end.cause.reason for end in wire.ended()] == [Reason.CANCELLED]
    assert events.SlotReleased(SLOT.number) in wire.told
    assert isinstance(wire.told[-1], events.LegGone)
    assert (wire.signalling.dialogs, wire.signalling.owned_transactions) == (0, 0)


def test_a_bye_that_crosses_ours_ends_it_once(wire: Wire) -> None:
    answered(wire)
    assert wire.leg is not None
    wire.leg.hang_up(ours(Reason.NORMAL), wire.now)
    wire.pump()
    (bye,) = wire.take()
    wire.give(wire.request("BYE", to_tag="ours"))
    assert wire.took() == ["200 BYE"]
    wire.wait(40)
    assert bye.cseq.method == "BYE"
    assert len(wire.ended()) == 1
    assert [type(event) for event in wire.told].count(events.LegGone) == 1
    assert (wire.signalling.dialogs, wire.signalling.owned_transactions) == (0, 0)


def test_no_bye_before_the_ack(wire: Wire) -> None:
    """RFC 3261 section 15: the callee waits for it. The call is told at once all the same."""
    leg = wire.incoming()
    leg.answer(wire.now)
    leg.hang_up(ours(Reason.NORMAL), wire.now)
    wire.pump()
    assert len(wire.ended()) == 1
    assert "BYE" not in wire.took()
    wire.give(wire.request("ACK", to_tag="ours", branch="ack"))
    assert wire.took() == ["BYE"]


def test_a_second_offer_waits_for_the_ack_of_the_first(wire: Wire) -> None:
    """RFC 3261 section 14.2: 491, and the phone tries again."""
    leg = wire.incoming()
    leg.answer(wire.now)
    wire.pump()
    wire.take()
    wire.give(wire.request("INVITE", to_tag="ours", body=sdp("sendonly", version=2)))
    assert wire.took() == ["491 INVITE"]
    assert not leg.remote_held


def test_hold_and_back_are_told(wire: Wire) -> None:
    answered(wire)
    for version, direction, held in ((2, "sendonly", True), (3, "sendrecv", False), (4, "inactive", True)):
        wire.told.clear()
        wire.give(wire.request("INVITE", to_tag="ours", body=sdp(direction, version=version)))
        assert wire.took() == ["200 INVITE"]
        wire.give(wire.request("ACK", to_tag="ours", branch=f"ack{version}"))
        assert [e.held for e in wire.told if isinstance(e, events.LegHeld)] == [held]


def test_an_offer_that_cannot_be_met_changes_nothing(wire: Wire) -> None:
    answered(wire)
    assert wire.leg is not None
    before = wire.leg.negotiation.plan()
    wire.told.clear()
    wire.give(wire.request("INVITE", to_tag="ours", body=sdp(formats="18", version=2)))
    assert wire.took() == ["488 INVITE"]
    assert wire.told == []
    assert wire.leg.negotiation.plan() == before


def test_one_transfer_at_a_time(wire: Wire) -> None:
    answered(wire)
    refer = [("Refer-To", "<sip:102@192.0.2.1>")]
    wire.give(wire.request("REFER", to_tag="ours", headers=refer))
    wire.give(wire.request("REFER", to_tag="ours", headers=refer))
    assert wire.took() == ["202 REFER", "491 REFER"]
    assert [type(event) for event in wire.told].count(events.LegTransferRequested) == 1


def test_a_peer_that_forgot_the_dialog_is_found_out(wire: Wire) -> None:
    """A BYE that was lost must not hold an agent: the dialog is asked for every 90 s."""
    answered(wire)
    wire.wait(89)
    assert wire.took() == []
    wire.wait(1.2)
    (probe,) = wire.take()
    assert probe.cseq.method == "OPTIONS"
    wire.give(reply(probe, 481))
    assert wire.took() == ["BYE"]
    assert [end.cause.reason for end in wire.ended()] == [Reason.SIGNALLING_LOST]


def test_a_peer_that_answers_is_asked_again(wire: Wire) -> None:
    answered(wire)
    for _ in range(3):
        wire.wait(90.1)
        (probe,) = wire.take()
        wire.give(reply(probe, 200))
    assert wire.ended() == []
