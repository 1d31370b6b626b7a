"""INVITE with Replaces (RFC 3891), and REFER outside a dialog (RFC 4538): who may take over what."""

import pytest

from switch.call.outgoing import OutgoingLeg
from switch.exchange.replacing import ringing_name
from switch.journal import events
from switch.sim.phone import Phone
from switch.sim.phone_call import CallState, PhoneCall
from switch.sip.message import Request, parse
from switch.sip.uri import Uri
from tests.exchange.bench import HERE, PLAN, Bench, udp
from tests.exchange.bench import Phone as BenchPhone
from tests.sim.scene import CALLER, SHOP, Scene


def _rings_the_desk(scene: Scene) -> PhoneCall:
    """Ben calls the desk, which rings and rings."""
    scene.person(scene.desk).after_us = None
    call = scene.dial(scene.ben, "110")
    scene.run(0.5)
    assert scene.desk.calls[0].state is CallState.RINGING
    return call


def _ringing(scene: Scene) -> str:
    office = scene.world.exchange.office
    leg = next(leg for leg in office.legs.values() if isinstance(leg, OutgoingLeg) and not leg.over)
    return f"{ringing_name(leg)};to-tag=x;from-tag=y"


def _take(scene: Scene, phone: Phone, named: str, *more: str) -> PhoneCall:
    headers = tuple(("Replaces", value) for value in (named, *more))
    call = phone.call("110", scene.world.now, extra=headers)
    scene.world.touch()
    scene.run(0.5)
    return call


def test_directed_pickup_of_a_phone_that_rings() -> None:
    scene = Scene()
    caller = _rings_the_desk(scene)
    taken = _take(scene, scene.anna, _ringing(scene))
    assert scene.talk_between(caller, taken)
    assert not scene.desk.calls
    assert scene.shown("anna") == "busy"
    cancel = [parse(d.data) for _, d in scene.wire.seen if d.data.startswith(b"CANCEL")]
    assert "completed elsewhere" in (cancel[-1].headers.get("Reason") or "")
    scene.hang_up(taken)
    scene.run(0.5)
    (record,) = scene.records()
    assert (record.caller, record.called, record.cause) == ("102", "110", "normal")
    scene.nothing_is_left()


def test_pickup_of_what_was_answered_meanwhile() -> None:
    scene = Scene()
    caller = _rings_the_desk(scene)
    named = _ringing(scene)
    scene.desk.calls[0].answer(scene.world.now)
    scene.world.touch()
    scene.run(0.5)
    assert _take(scene, scene.anna, named).status == 603
    assert _take(scene, scene.anna, named + ";early-only").status == 486
    assert scene.talk_between(caller, scene.desk.calls[0])
    scene.hang_up(caller)
    scene.run(0.1)
    assert _take(scene, scene.anna, named).status in (481, 603)
    scene.nothing_is_left()


def test_an_agent_who_rings_for_a_queue_is_the_routers_choice() -> None:
    scene = Scene(agents=("anna",))
    scene.person(scene.anna).after_us = None
    scene.customer()
    scene.run(0.5)
    assert scene.anna.calls
    assert _take(scene, scene.desk, _ringing(scene)).status == 403
    refusals = [d.data for _, d in scene.wire.seen if d.data.startswith(b"SIP/2.0 403")]
    assert b'"a queue offers this call to that agent alone"' in refusals[-1], "phones show a Warning's text"
    assert scene.anna.calls
    scene.nothing_is_left()


def test_what_rings_outside_is_not_the_tenants_phone() -> None:
    scene = Scene()
    scene.person(scene.carrier).after_us = None
    scene.dial(scene.ben, "0612345678")
    scene.run(0.5)
    assert _take(scene, scene.desk, _ringing(scene)).status == 403
    scene.nothing_is_left()


def test_the_own_talk_is_taken_over_by_another_phone_of_the_account() -> None:
    """From the desk phone to the softphone: the caller goes on talking."""
    scene = Scene()
    call = scene.dial(scene.desk, "101")
    scene.run(2)
    anna = scene.anna.calls[0]
    second = _take(scene, scene.anna, anna.replaces())
    assert scene.talk_between(call, second)
    assert anna.state is CallState.ENDED
    assert scene.shown("anna") == "busy"
    scene.hang_up(call)
    scene.run(0.5)
    assert second.state is CallState.ENDED
    assert scene.shown("anna") == "available"
    scene.nothing_is_left()


def test_an_agent_takes_a_queues_call_to_another_phone_and_the_visit_goes_on() -> None:
    scene = Scene(agents=("anna",))
    customer = scene.customer()
    scene.run(2)
    anna = scene.anna.calls[0]
    second = _take(scene, scene.anna, anna.replaces())
    assert scene.talk_between(customer, second)
    assert scene.shown("anna") == "busy"
    assert not scene.told(events.VisitEnded)
    scene.hang_up(second)
    scene.run(0.5)
    assert scene.shown("anna") == "wrap-up"
    scene.nothing_is_left()


def test_a_caller_in_the_queue_takes_the_place_to_another_phone() -> None:
    scene = Scene(agents=())
    waiting = scene.dial(scene.desk, "600")
    scene.run(2)
    second = _take(scene, scene.desk, waiting.replaces())
    assert second.state is CallState.TALKING
    assert scene.world.engine.playing(second.remote_port), "the music of the queue"
    assert len(scene.told(events.Queued)) == 1
    scene.nothing_is_left()


@pytest.mark.parametrize(
    ("whose", "flags", "status"),
    [("colleague", "", 403), ("own", ";early-only", 486), ("nobody", "", 481), ("broken", "", 400)],
)
def test_what_may_not_be_taken(whose: str, flags: str, status: int) -> None:
    scene = Scene()
    call = scene.dial(scene.desk, "101")
    scene.run(2)
    anna = scene.anna.calls[0]
    named = {"nobody": "x;to-tag=1;from-tag=2", "broken": "x;to-tag=1"}.get(whose, anna.replaces())
    phone = scene.ben if whose == "colleague" else scene.anna
    refused = _take(scene, phone, named + flags)
    assert (refused.state, refused.status) == (CallState.ENDED, status)
    assert scene.talk_between(call, anna)
    scene.nothing_is_left()


def test_two_replaces_are_one_too_many() -> None:
    """RFC 3891 section 3: 400."""
    scene = Scene()
    _rings_the_desk(scene)
    assert _take(scene, scene.anna, _ringing(scene), _ringing(scene)).status == 400
    scene.nothing_is_left()


def test_an_invite_that_we_have_not_answered() -> None:
    """RFC 3891 section 3: an early dialog that was not initiated by this user agent is not replaced."""
    scene = Scene()
    caller = _rings_the_desk(scene)
    assert _take(scene, scene.ben, caller.replaces()).status == 481
    assert scene.desk.calls
    scene.nothing_is_left()


def test_nobody_breaks_in_from_beyond_a_trunk_or_from_another_tenant() -> None:
    scene = Scene()
    call = scene.dial(scene.desk, "101")
    scene.run(2)
    anna = scene.anna.calls[0]
    broken_in = scene.carrier.call(SHOP, scene.world.now, CALLER, (("Replaces", anna.replaces()),))
    scene.world.touch()
    scene.run(0.5)
    assert broken_in.status == 403
    assert scene.talk_between(call, anna)
    assert len(scene.told(events.CallStarted)) == 1
    scene.nothing_is_left()


def _target_dialog(call: PhoneCall) -> tuple[str, str]:
    assert call.dialog is not None
    call_id, local, remote = call.dialog.key
    return ("Target-Dialog", f"{call_id};local-tag={local};remote-tag={remote}")


def test_a_refer_outside_a_dialog_that_names_a_call_of_its_own() -> None:
    """RFC 4538: its NOTIFYs come in the dialog that it made."""
    scene = Scene()
    customer = scene.customer()
    scene.run(2)
    refer = ("Refer-To", f"<sip:110@{scene.anna.switch}>")
    asked = scene.anna.ask("REFER", "", scene.world.now, (refer, _target_dialog(scene.anna.calls[0])))
    scene.world.touch()
    scene.run(2)
    assert asked.status == 202
    assert [str(n.body, "ascii").split()[1] for n in asked.notified] == ["100", "180", "200"]
    assert asked.notified[-1].headers.get("Subscription-State") == "terminated;reason=noresource"
    assert scene.talk_between(customer, scene.desk.calls[0])
    scene.nothing_is_left()


def test_a_refer_outside_a_dialog_that_names_none_or_anothers() -> None:
    scene = Scene()
    customer = scene.customer()
    scene.run(2)
    refer = ("Refer-To", f"<sip:110@{scene.anna.switch}>")
    named = _target_dialog(scene.anna.calls[0])
    for phone, headers, status in (
        (scene.anna, (refer,), 403),
        (scene.ben, (refer, named), 481),
        (scene.carrier, (refer, named), 403),
        (scene.anna, (refer, ("Target-Dialog", "x")), 481),
        (scene.anna, (named,), 400),
    ):
        asked = phone.ask("REFER", "", scene.world.now, headers)
        scene.world.touch()
        scene.run(0.3)
        assert asked.status == status
    assert scene.talk_between(customer, scene.anna.calls[0])
    scene.nothing_is_left()


@pytest.mark.parametrize("who", ["agent", "customer"])
def test_who_asked_is_told_to_the_target_and_not_what_a_trunk_claims(who: str) -> None:
    """RFC 3892. The `cid` names a body that is not carried."""
    scene = Scene()
    customer = scene.customer()
    scene.run(2)
    call = scene.anna.calls[0] if who == "agent" else customer
    call.refer("110", scene.world.now, (("Referred-By", '"Anna" <sip:101@shop.example>;cid="x@y"'),))
    scene.world.touch()
    scene.run(2)
    sent = [parse(d.data) for _, d in scene.wire.seen if d.target == scene.desk.address]
    invite = [m for m in sent if isinstance(m, Request) and m.method == "INVITE"][-1]
    told = invite.headers.all("Referred-By")
    assert told == (['"Anna" <sip:101@shop.example>'] if who == "agent" else [])
    scene.nothing_is_left()


def test_who_takes_over_keeps_to_the_encryption_of_its_account() -> None:
    """`encrypted_media: required` holds for every call of the account, however it comes to it."""
    bench = Bench(plan=PLAN.replace('"103": {}', '"103": {encrypted_media: required}'))
    caller = BenchPhone(bench, "maple-101", instance="")
    caller.register(udp(5_060, "192.0.2.50"))
    desk = BenchPhone(bench)
    desk.register(udp(41_000))
    caller.invite(udp(5_060, "192.0.2.50"), Uri(user="102", host=HERE.host))
    desk.answer(udp(41_000), bench.request(udp(41_000), "INVITE"), 180)
    (leg,) = [leg for leg in bench.exchange.office.legs.values() if isinstance(leg, OutgoingLeg)]
    named = (("Replaces", f"{ringing_name(leg)};to-tag=x;from-tag=y"),)
    taker = BenchPhone(bench, "maple-103", instance="", extra=named)
    taker.invite(udp(42_000), Uri(user="102", host=HERE.host), "take")
    bench.response(udp(42_000), 488)
    assert not leg.over
