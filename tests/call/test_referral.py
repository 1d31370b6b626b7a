"""The subscription that a REFER makes (RFC 3515, RFC 4488, RFC 6665): refreshed, ended, refused."""

import pytest

from switch.call import events
from switch.call.cause import Reason, ours
from switch.call.incoming import IncomingLeg
from switch.call.referral import Referral
from switch.sip.message import Request
from tests.call.wire import Wire
from tests.call.wire import answer as reply

TARGET = ("Refer-To", "<sip:102@192.0.2.1>")


@pytest.fixture
def wire() -> Wire:
    """A leg that talks."""
    wire = Wire()
    leg = wire.incoming()
    leg.answer(wire.now)
    wire.pump()
    wire.give(wire.request("ACK", to_tag="ours"))
    wire.take()
    return wire


def _refer(wire: Wire, *headers: tuple[str, str]) -> Referral:
    wire.give(wire.request("REFER", to_tag="ours", headers=(TARGET, *headers)))
    told = [event for event in wire.told if isinstance(event, events.LegTransferRequested)]
    return told[-1].referral


def _subscribe(wire: Wire, expires_s: int, event: str = "refer") -> None:
    headers = (("Event", event), ("Expires", str(expires_s)))
    wire.give(wire.request("SUBSCRIBE", to_tag="ours", headers=headers))


def _notify(wire: Wire) -> Request:
    """The one NOTIFY among what was sent."""
    (notify,) = [m for m in wire.take() if isinstance(m, Request) and m.method == "NOTIFY"]
    return notify


def _told(wire: Wire, referral: Referral, status: int) -> Request:
    referral.notify(status, wire.now)
    wire.pump()
    return _notify(wire)


def test_progress_and_end(wire: Wire) -> None:
    referral = _refer(wire)
    assert wire.took() == ["202 REFER"]
    trying = _told(wire, referral, 100)
    assert trying.body == b"SIP/2.0 100 Trying\r\n"
    assert trying.headers.get("Subscription-State") == "active;expires=180"
    assert (trying.headers.get("Event"), trying.content_type) == ("refer", "message/sipfrag")
    wire.give(reply(trying, 200))
    done = _told(wire, referral, 200)
    assert done.headers.get("Subscription-State") == "terminated;reason=noresource"
    wire.give(reply(done, 200))
    referral.notify(486, wire.now)
    wire.pump()
    assert wire.took() == []


def test_news_wait_for_the_answer_and_the_last_does_not(wire: Wire) -> None:
    """Two NOTIFYs that overtake each other would be refused for their order; a BYE follows the last."""
    referral = _refer(wire)
    trying = _told(wire, referral, 100)
    for status in (180, 183):
        referral.notify(status, wire.now)
    wire.pump()
    assert wire.took() == []
    wire.give(reply(trying, 200))
    assert _notify(wire).body == b"SIP/2.0 183 Session Progress\r\n"
    assert _told(wire, referral, 486).body == b"SIP/2.0 486 Busy Here\r\n"


def test_a_refresh_is_granted_and_told_what_is_known(wire: Wire) -> None:
    referral = _refer(wire)
    wire.give(reply(_told(wire, referral, 180), 200))
    _subscribe(wire, 3600)
    sent = wire.take()
    accepted = [m for m in sent if not isinstance(m, Request)]
    assert [(m.status, m.expires) for m in accepted] == [(200, 180)]
    (notify,) = [m for m in sent if isinstance(m, Request)]
    assert notify.body == b"SIP/2.0 180 Ringing\r\n"


def test_too_short_a_refresh(wire: Wire) -> None:
    """RFC 6665 section 4.2.1.1: it must not run out before the transfer is decided."""
    _refer(wire)
    wire.take()
    _subscribe(wire, 30)
    (response,) = wire.take()
    assert not isinstance(response, Request)
    assert (response.status, response.headers.get("Min-Expires")) == (423, "120")


def test_whoever_unsubscribes_hears_no_more(wire: Wire) -> None:
    referral = _refer(wire)
    wire.give(reply(_told(wire, referral, 100), 200))
    _subscribe(wire, 0)
    sent = wire.take()
    (last,) = [m for m in sent if isinstance(m, Request)]
    assert last.headers.get("Subscription-State") == "terminated;reason=timeout"
    wire.give(reply(last, 200))
    referral.notify(200, wire.now)
    wire.pump()
    assert wire.took() == []
    _subscribe(wire, 180)
    assert wire.took() == ["481 SUBSCRIBE"]


def test_the_second_refer_of_a_dialog_has_an_id(wire: Wire) -> None:
    """RFC 3515 section 2.4.6."""
    first = _refer(wire)
    wire.give(reply(_told(wire, first, 200), 200))
    request = wire.request("REFER", to_tag="ours", headers=(TARGET,))
    wire.give(request)
    second = [event for event in wire.told if isinstance(event, events.LegTransferRequested)][-1].referral
    wire.take()
    assert _told(wire, second, 100).headers.get("Event") == f"refer;id={request.cseq.number}"
    _subscribe(wire, 180, "refer")
    assert wire.took() == ["481 SUBSCRIBE"]
    _subscribe(wire, 180, f"refer;id={request.cseq.number}")
    assert "200 SUBSCRIBE" in wire.took()


def test_no_subscription_was_wanted(wire: Wire) -> None:
    """RFC 4488: a 2xx with Refer-Sub: false, and no NOTIFY."""
    referral = _refer(wire, ("Refer-Sub", "false"), ("Require", "norefersub"))
    (response,) = wire.take()
    assert not isinstance(response, Request)
    assert (response.status, response.headers.get("Refer-Sub")) == (202, "false")
    for status in (100, 200):
        referral.notify(status, wire.now)
    wire.pump()
    assert wire.took() == []
    _subscribe(wire, 180)
    assert wire.took() == ["481 SUBSCRIBE"]


@pytest.mark.parametrize("status", [481, 408, 500])
def test_a_notify_that_nobody_takes_ends_the_subscription_and_not_the_call(wire: Wire, status: int) -> None:
    """RFC 5057 section 5.2: 481 to a NOTIFY ends that usage alone."""
    referral = _refer(wire)
    wire.give(reply(_told(wire, referral, 100), status))
    assert wire.ended() == []
    referral.notify(200, wire.now)
    wire.pump()
    assert wire.took() == []


def test_it_outlives_the_call(wire: Wire) -> None:
    """RFC 5057 section 4.2: the dialog stands as long as one of its usages."""
    referral = _refer(wire)
    wire.give(reply(_told(wire, referral, 100), 200))
    wire.give(wire.request("BYE", to_tag="ours"))
    assert wire.took() == ["200 BYE"]
    _subscribe(wire, 180)
    refreshed = wire.take()
    assert [m.status for m in refreshed if not isinstance(m, Request)] == [200]
    wire.give(reply(next(m for m in refreshed if isinstance(m, Request)), 200))
    wire.give(wire.request("INFO", to_tag="ours"))
    assert wire.took() == ["481 INFO"]
    wire.give(reply(_told(wire, referral, 200), 200))
    assert wire.signalling.dialogs == 0
    assert wire.signalling.owned_transactions == 0


def test_nothing_is_left_of_a_referral_when_we_hang_up(wire: Wire) -> None:
    referral = _refer(wire)
    wire.take()
    done = _told(wire, referral, 200)
    assert isinstance(wire.leg, IncomingLeg)
    wire.leg.hang_up(ours(Reason.TRANSFERRED), wire.now)
    wire.pump()
    (bye,) = wire.take()
    wire.give(reply(bye, 200))
    wire.give(reply(done, 200))
    assert wire.signalling.dialogs == 0
    assert wire.signalling.owned_transactions == 0
