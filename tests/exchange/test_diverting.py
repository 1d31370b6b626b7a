"""Phones that forward their calls by 302 (RFC 3261 sections 8.1.3.4 and 21.3): whom that rings."""

import pytest

from switch.dialplan.centre import load_centre
from switch.dialplan.plan import Centre
from switch.journal import events
from switch.sim.phone import Phone
from switch.sim.phone_call import CallState
from switch.sip.message import NameAddr, Request, Response, parse
from tests.sim import centres
from tests.sim.scene import CALLER, Scene

OUTSIDE = "0612345678"
DIRECT = "+33199000110"


def centre(limits: str = "", identity: str = "") -> Centre:
    """101 may have limits; a number of its own rings 101 alone."""
    text = centres.SHOP.replace('"101": {name: Anna}', f'"101": {{name: Anna, limits: {{{limits}}}}}')
    text = text.replace('"601": to_desk}', f'"601": to_desk, "{DIRECT}": to_anna}}')
    text = text.replace("flows:\n", 'flows:\n  to_anna: [{dial: {extension: "101"}}, hangup]\n')
    trunks = centres.TRUNKS + f"    caller_identity: {{{identity}}}\n"
    return load_centre({"centre.yaml": trunks, "shop.yaml": text})


def forwards(scene: Scene, phone: Phone, contact: str, status: int = 302) -> None:
    """The phone is set to forward: whatever it is sent is answered so."""
    person = scene.person(phone)
    person.after_us = None
    scene.run(0.1)
    phone.calls[-1].decline(status, scene.world.now, contact)
    scene.world.touch()
    scene.run(0.2)


def outcomes(scene: Scene) -> list[tuple[str, str]]:
    told = [event for event in scene.told(events.Transferred) if isinstance(event, events.Transferred)]
    return [(event.target, event.outcome) for event in told]


def told(scene: Scene, phone: Phone) -> list[Response]:
    """What the phone was answered to its INVITEs, but for 100."""
    seen = [parse(d.data) for _, d in scene.wire.seen if d.target == phone.address]
    answers = [message for message in seen if isinstance(message, Response)]
    return [answer for answer in answers if answer.cseq.method == "INVITE" and answer.status > 100]


def still(scene: Scene, *phones: Phone) -> None:
    for phone in phones:
        scene.person(phone).after_us = None


@pytest.mark.parametrize("status", [300, 301, 302])
@pytest.mark.parametrize("contact", ["<sip:102@192.0.2.1>", "sip:shop-102@elsewhere.example;q=0.9"])
def test_a_colleague_is_rung_in_its_place_and_talks(status: int, contact: str) -> None:
    scene = Scene(agents=())
    still(scene, scene.anna)
    call = scene.dial(scene.desk, "101")
    forwards(scene, scene.anna, contact, status)
    assert call.state is CallState.CALLING
    scene.run(2)
    assert scene.talk_between(call, scene.ben.calls[0])
    assert [target for target, _ in outcomes(scene)] == [contact.partition("sip:")[2].partition("@")[0]]
    assert [outcome for _, outcome in outcomes(scene)] == ["forwarded"]
    scene.nothing_is_left()


@pytest.mark.parametrize("knows", [False, True])
@pytest.mark.parametrize("withholds", [False, True])
def test_the_caller_is_told_by_181(knows: bool, withholds: bool) -> None:
    """RFC 3261 section 21.1.3, before the 180 of whom it goes to; RFC 7044 section 9.3 where it is known."""
    more = "withhold: true" if withholds else "name: Anna"
    text = centres.SHOP.replace('"101": {name: Anna}', f'"101": {{{more}}}')
    scene = Scene(load_centre({"centre.yaml": centres.TRUNKS, "shop.yaml": text}), agents=())
    still(scene, scene.anna, scene.ben)
    scene.desk.call("101", scene.world.now, extra=(("Supported", "histinfo"),) if knows else ())
    scene.world.touch()
    forwards(scene, scene.anna, "<sip:102@x>")
    answers = told(scene, scene.desk)
    assert [answer.status for answer in answers] == [407, 180, 181, 180]
    (history,) = [answer.headers.fields("History-Info") for answer in answers if answer.status == 181]
    if knows:
        first, last = (NameAddr.parse(value) for value in history)
        assert (first.uri.user, first.param("index")) == ("anonymous" if withholds else "101", "1")
        assert (last.uri.user, last.param("index"), last.param("mp")) == ("102", "1.1", "1")
        assert last.uri.param("cause") == "302"
    else:
        assert history == []
    scene.nothing_is_left()


@pytest.mark.parametrize("identity", ["", "tell_forwarding: history-info"])
def test_a_customer_is_told_by_181_and_who_forwards_where_the_trunk_says_so(identity: str) -> None:
    scene = Scene(centre(identity=identity), agents=())
    still(scene, scene.anna, scene.ben)
    scene.carrier.call(DIRECT, scene.world.now, CALLER, extra=(("Supported", "histinfo"),))
    scene.world.touch()
    forwards(scene, scene.anna, "<sip:102@x>")
    (told_by,) = [answer for answer in told(scene, scene.carrier) if answer.status == 181]
    users = [NameAddr.parse(value).uri.user for value in told_by.headers.fields("History-Info")]
    assert users == (["+33199000100", "anonymous"] if identity else [])
    scene.nothing_is_left()


def test_who_is_answered_already_is_not_told() -> None:
    """It hears the ringing tone."""
    scene = Scene(agents=())
    still(scene, scene.desk)
    call = scene.dial(scene.anna, "601")
    forwards(scene, scene.desk, "<sip:102@x>")
    assert call.state is CallState.TALKING
    assert [answer.status for answer in told(scene, scene.anna)] == [407, 200]
    scene.nothing_is_left()


def test_one_forwards_to_the_next_and_nobody_in_a_circle() -> None:
    scene = Scene(agents=())
    still(scene, scene.anna, scene.ben)
    call = scene.dial(scene.desk, "101")
    forwards(scene, scene.anna, "<sip:102@x>")
    forwards(scene, scene.ben, "<sip:101@x>")
    assert call.state is CallState.ENDED
    assert call.status == 480
    assert outcomes(scene) == [("102", "forwarded"), ("101", "refused")]
    assert len(scene.anna.calls) + len(scene.person(scene.anna).over) >= 1
    scene.nothing_is_left()


@pytest.mark.parametrize(
    ("contact", "status"),
    [
        ("<sip:199@x>", 480),
        ("<sip:110@x>", 480),
        ("<sip:101@x>", 480),
        ("<sip:*11@x>", 480),
        ("<sip:112@x>", 480),
        ("<sip:0041441234567@x>", 480),
        ("<mailto:x@y>", 480),
        ("", 480),
    ],
    ids=[
        "nobody",
        "the caller",
        "itself",
        "a code",
        "emergency",
        "not allowed",
        "no phone",
        "none",
    ],
)
def test_what_is_refused_counts_as_a_refusal(contact: str, status: int) -> None:
    scene = Scene(agents=())
    still(scene, scene.anna, scene.desk)
    call = scene.dial(scene.desk, "101")
    forwards(scene, scene.anna, contact)
    assert (call.state, call.status) == (CallState.ENDED, status)
    assert not scene.carrier.calls
    assert [outcome for _, outcome in outcomes(scene)] == ["refused"]
    scene.nothing_is_left()


@pytest.mark.parametrize("status", [305, 380])
def test_a_proxy_or_a_service_is_nobody_to_ring(status: int) -> None:
    scene = Scene(agents=())
    call = scene.dial(scene.desk, "101")
    forwards(scene, scene.anna, "<sip:102@x>", status)
    assert (call.state, call.status) == (CallState.ENDED, 480)
    assert not scene.ben.calls
    scene.nothing_is_left()


def test_a_queues_offer_is_never_forwarded() -> None:
    """The router reserved that agent: it counts as declined, and the next agent is offered the caller."""
    scene = Scene(agents=("anna", "ben"))
    still(scene, scene.anna)
    call = scene.customer()
    forwards(scene, scene.anna, "<sip:110@x>")
    assert not scene.desk.calls
    scene.run(3)
    assert scene.talk_between(call, scene.ben.calls[0])
    assert outcomes(scene) == []
    ends = [event.outcome for event in scene.told(events.OfferEnded) if isinstance(event, events.OfferEnded)]
    assert ends[0] == "declined"
    scene.nothing_is_left()


def test_the_number_of_a_queue_takes_the_caller() -> None:
    scene = Scene(agents=("ben",))
    still(scene, scene.anna)
    call = scene.dial(scene.desk, "101")
    forwards(scene, scene.anna, "<sip:600@x>")
    scene.run(3)
    assert scene.talk_between(call, scene.ben.calls[0])
    scene.nothing_is_left()


def test_the_target_of_a_transfer_forwards() -> None:
    scene = Scene(agents=("anna",))
    call = scene.customer()
    scene.run(2)
    still(scene, scene.desk)
    scene.anna.calls[0].refer("110", scene.world.now)
    scene.world.touch()
    scene.run(0.2)
    forwards(scene, scene.desk, "<sip:102@x>")
    scene.run(2)
    assert scene.talk_between(call, scene.ben.calls[0])
    assert scene.person(scene.anna).news[-1] == 200
    scene.nothing_is_left()


def test_to_the_outside_under_the_limits_of_who_forwards() -> None:
    """RFC 5806: the carrier is told whose phone forwards, and shown who calls."""
    scene = Scene(centre("calls: 1", "tell_forwarding: diversion"), agents=())
    still(scene, scene.anna)
    call = scene.dial(scene.desk, "101")
    forwards(scene, scene.anna, f"<sip:{OUTSIDE}@x>")
    scene.run(2)
    assert scene.talk_between(call, scene.carrier.calls[0])
    (counted,) = scene.told(events.OutsideCounted)
    assert isinstance(counted, events.OutsideCounted)
    assert counted.account == "101"
    invite = scene.carrier.calls[0].invite
    assert isinstance(invite, Request)
    (diversion,) = invite.headers.fields("Diversion")
    assert "reason=unconditional" in diversion
    # One at a time is all that this account may have outside.
    second = scene.dial(scene.ben, "101")
    forwards(scene, scene.anna, f"<sip:{OUTSIDE}@x>")
    assert (second.state, second.status) == (CallState.ENDED, 480)
    assert scene.records()[-1].limit == "account:calls"
    assert len(scene.carrier.calls) == 1
    scene.nothing_is_left()


def test_the_outside_is_shown_who_calls() -> None:
    """The colleague's own number; and where that one may not dial out, the number of who forwards."""
    own = {"101": "+33199000101", "110": "+33199000110"}
    text = centres.SHOP.replace('"101": {name: Anna}', f'"101": {{name: Anna, caller_id: "{own["101"]}"}}')
    text = text.replace('"110": {name: Desk}', f'"110": {{name: Desk, caller_id: "{own["110"]}"}}')
    trunks = centres.TRUNKS + "    caller_identity: {tell_forwarding: diversion}\n"
    scene = Scene(load_centre({"centre.yaml": trunks, "shop.yaml": text}), agents=())
    still(scene, scene.anna)
    scene.dial(scene.desk, "101")
    forwards(scene, scene.anna, f"<sip:{OUTSIDE}@x>")
    scene.run(1)
    invite = scene.carrier.calls[0].invite
    assert invite.from_.uri.user == own["110"]
    (diversion,) = invite.headers.fields("Diversion")
    assert own["101"] in diversion
    scene.nothing_is_left()


def test_a_customer_whom_the_dialplan_puts_through_is_forwarded_too() -> None:
    scene = Scene(centre(), agents=())
    still(scene, scene.anna)
    call = scene.dial(scene.carrier, DIRECT, CALLER)
    forwards(scene, scene.anna, "<sip:102@x>")
    scene.run(2)
    assert scene.talk_between(call, scene.ben.calls[0])
    scene.nothing_is_left()


def test_a_trunk_redirects_nobody() -> None:
    """Its Contact would choose whom we dial at the tenant's cost."""
    scene = Scene(agents=())
    still(scene, scene.carrier)
    call = scene.dial(scene.desk, OUTSIDE)
    forwards(scene, scene.carrier, "<sip:102@192.0.2.1>")
    assert call.state is CallState.ENDED
    assert not scene.ben.calls
    assert outcomes(scene) == []
    scene.nothing_is_left()
