"""Busy lamps, presence, registrations, messages: what phones are told of others (docs/decisions/0018)."""

import re
from xml.etree import ElementTree

import pytest

from switch.base.clock import SECOND
from switch.dialplan.actions import AgentVerb
from switch.dialplan.centre import load_centre
from switch.journal import events
from switch.notifier import notifier as notifier_module
from switch.notifier.limits import ADRIFT_S
from switch.sim.phone import Phone
from switch.sim.phone_call import CallState
from switch.sim.phone_request import PhoneRequest
from switch.sip import digest
from switch.sip.flow import Address, Flow, Transport
from switch.sip.message import Request, Uri, parse
from tests.exchange.bench import HERE, PASSWORD, Bench, tcp, udp
from tests.exchange.bench import Phone as BenchPhone
from tests.sim.centres import SHOP, TRUNKS
from tests.sim.scene import Scene

_DIALOGS = "{urn:ietf:params:xml:ns:dialog-info}"
_PIDF = "{urn:ietf:params:xml:ns:pidf}"


def _watch(
    scene: Scene, phone: Phone, user: str, event: str = "dialog", expires_s: int = 300, accept: str = ""
) -> PhoneRequest:
    headers = (("Event", event), ("Expires", str(expires_s)), *((("Accept", accept),) if accept else ()))
    asked = phone.ask("SUBSCRIBE", user, scene.world.now, headers)
    scene.world.touch()
    scene.run(0.2)
    return asked


def _ask(
    scene: Scene,
    phone: Phone,
    method: str,
    user: str,
    *headers: tuple[str, str],
    body: bytes = b"",
    content_type: str | None = None,
) -> PhoneRequest:
    asked = phone.ask(method, user, scene.world.now, headers, body, content_type)
    scene.world.touch()
    scene.run(0.3)
    return asked


def _phases(asked: PhoneRequest) -> list[list[str]]:
    """What each NOTIFY says: direction and state of each dialog."""
    said = []
    for notify in asked.notified:
        root = ElementTree.fromstring(notify.body)
        said.append([f"{d.get('direction', '')} {d.findtext(f'{_DIALOGS}state')}".strip() for d in root])
    return said


def _shown(asked: PhoneRequest) -> tuple[str, str]:
    root = ElementTree.fromstring(asked.notified[-1].body)
    return (root.findtext(f".//{_PIDF}basic") or "", root.findtext(f".//{_PIDF}note") or "")


def _closed(asked: PhoneRequest) -> str | None:
    return asked.notified[-1].headers.get("Subscription-State")


def test_a_lamp_follows_a_call_to_the_extension() -> None:
    """RFC 4235: early while it rings, confirmed while it talks, terminated then; versions rise."""
    scene = Scene()
    lamp = _watch(scene, scene.ben, "101")
    assert (lamp.status, _phases(lamp)) == (200, [[]])
    call = scene.dial(scene.desk, "101")
    scene.run(2)
    scene.hang_up(call)
    scene.run(0.5)
    assert _phases(lamp)[1:] == [
        ["recipient trying"],
        ["recipient early"],
        ["recipient confirmed"],
        ["terminated"],
    ]
    roots = [ElementTree.fromstring(notify.body) for notify in lamp.notified]
    assert [root.get("version") for root in roots] == ["0", "1", "2", "3", "4"]
    assert {root.get("state") for root in roots} == {"full"}
    scene.nothing_is_left()


def test_a_lamp_of_whoever_calls() -> None:
    scene = Scene()
    scene.person(scene.anna).after_us = None
    lamp = _watch(scene, scene.ben, "110")
    call = scene.dial(scene.desk, "101")
    scene.run(0.5)
    assert _phases(lamp)[-1] == ["initiator early"]
    scene.hang_up(call)
    scene.run(0.5)
    assert _phases(lamp)[-1] == ["terminated"]
    scene.nothing_is_left()


def test_a_lamp_that_is_lit_late_shows_what_is() -> None:
    scene = Scene()
    scene.customer()
    scene.run(2)
    assert _phases(_watch(scene, scene.ben, "101")) == [["recipient confirmed"]]
    scene.nothing_is_left()


def test_the_key_of_a_lamp_takes_the_call() -> None:
    """Directed pickup with what the NOTIFY says; no Call-ID or tag of a call is told to anybody."""
    scene = Scene()
    scene.person(scene.anna).after_us = None
    lamp = _watch(scene, scene.ben, "101")
    call = scene.dial(scene.desk, "101")
    scene.run(0.5)
    (dialog,) = ElementTree.fromstring(lamp.notified[-1].body)
    named = f"{dialog.get('call-id')};to-tag={dialog.get('remote-tag')};from-tag={dialog.get('local-tag')}"
    taken = scene.ben.call("101", scene.world.now, extra=(("Replaces", named),))
    scene.world.touch()
    scene.run(0.5)
    assert scene.talk_between(call, taken)
    wire_ids = {parse(d.data).call_id for _, d in scene.wire.seen}
    assert not any(known.encode() in notify.body for notify in lamp.notified for known in wire_ids)
    assert _phases(lamp)[-1] == ["terminated"]
    scene.nothing_is_left()


def test_a_queues_call_that_rings_cannot_be_taken_by_its_lamp() -> None:
    scene = Scene(agents=("anna",))
    scene.person(scene.anna).after_us = None
    lamp = _watch(scene, scene.ben, "101")
    scene.customer()
    (dialog,) = ElementTree.fromstring(lamp.notified[-1].body)
    assert dialog.get("call-id") is None
    scene.nothing_is_left()


def test_an_attended_transfer_puts_the_transferors_lamp_out() -> None:
    scene = Scene(agents=("anna",))
    scene.customer()
    scene.run(2)
    lamp, target = _watch(scene, scene.ben, "101"), _watch(scene, scene.ben, "110")
    scene.person(scene.desk).after_us = SECOND // 2
    second = scene.dial(scene.anna, "110")
    scene.run(1.5)
    assert scene.anna.calls[0].refer_to_call(second, scene.world.now)
    scene.world.touch()
    scene.run(0.5)
    assert _phases(lamp)[-1] == ["terminated"]
    assert _phases(target)[-1] == ["recipient confirmed"]
    scene.nothing_is_left()


def test_the_state_of_an_agent() -> None:
    """RFC 3856 and 3863, with what is shown of the agent as the note."""
    scene = Scene()
    seen = _watch(scene, scene.desk, "101", "presence")
    assert _shown(seen) == ("open", "available")
    scene.verb("anna", AgentVerb.PAUSE, "lunch")
    scene.run(0.2)
    assert _shown(seen) == ("open", "paused: lunch")
    assert b"<rpid:away/>" in seen.notified[-1].body
    scene.verb("anna", AgentVerb.RESUME)
    scene.customer()
    scene.run(2)
    assert _shown(seen) == ("open", "busy")
    scene.hang_up(scene.carrier.calls[0])
    scene.run(1)
    assert _shown(seen) == ("open", "wrap-up")
    scene.anna.unregister(scene.world.now)
    scene.world.touch()
    scene.run(0.5)
    assert _shown(seen)[0] == "closed"
    scene.nothing_is_left()


def test_a_registration_is_told_to_its_own_account_alone() -> None:
    """RFC 3680."""
    scene = Scene()
    own = _watch(scene, scene.anna, "101", "reg")
    assert f"sip:shop-101@{scene.anna.address}".encode() in own.notified[-1].body
    assert _watch(scene, scene.ben, "101", "reg").status == 403
    scene.anna.unregister(scene.world.now)
    scene.world.touch()
    scene.run(0.5)
    assert b'state="terminated"' in own.notified[-1].body
    scene.nothing_is_left()


def test_no_voice_mail_is_waiting() -> None:
    """RFC 3842: nothing is taken yet, and the phone is told so."""
    scene = Scene()
    for user in ("101", ""):
        asked = _watch(scene, scene.anna, user, "message-summary")
        assert asked.status == 200
        assert b"Messages-Waiting: no\r\n" in asked.notified[-1].body
        assert b"Voice-Message: 0/0 (0/0)\r\n" in asked.notified[-1].body
    assert _watch(scene, scene.ben, "101", "message-summary").status == 403
    scene.nothing_is_left()


@pytest.mark.parametrize(
    ("user", "event", "expires_s", "accept", "status"),
    [
        ("101", "weather", 300, "", 489),
        ("101", "", 300, "", 489),
        ("101", "refer", 300, "", 489),
        ("101", "dialog", 5, "", 423),
        ("101", "dialog", 300, "text/plain", 406),
        ("101", "dialog", 300, "application/dialog-info+xml", 200),
        ("199", "dialog", 300, "", 404),
        ("600", "dialog", 300, "", 404),
    ],
)
def test_what_is_refused(user: str, event: str, expires_s: int, accept: str, status: int) -> None:
    """RFC 6665 section 4.2.1.1."""
    scene = Scene()
    asked = _watch(scene, scene.ben, user, event, expires_s, accept)
    assert asked.status == status
    answer = asked.answers[-1]
    if status == 489:
        assert "dialog" in (answer.headers.get("Allow-Events") or "")
    if status == 423:
        assert answer.headers.get("Min-Expires") == "60"
    scene.nothing_is_left()


def test_nobody_watches_without_proof_or_from_beyond_a_trunk() -> None:
    scene = Scene()
    assert _watch(scene, scene.carrier, "101").status == 403
    scene.ben.identity = type(scene.ben.identity)("shop-102", "")
    assert _watch(scene, scene.ben, "101").status == 401
    assert not scene.ben.calls


def test_the_tenant_says_who_may_watch() -> None:
    rule = 'watch: {busy_lamps: ["110"], presence: none}\n'
    scene = Scene(load_centre({"centre.yaml": TRUNKS, "shop.yaml": SHOP + rule}))
    assert _watch(scene, scene.desk, "101").status == 200
    assert _watch(scene, scene.ben, "101").status == 403
    assert _watch(scene, scene.desk, "101", "presence").status == 403
    assert _watch(scene, scene.ben, "102").status == 200, "its own, always"
    scene.nothing_is_left()


def test_a_subscription_is_refreshed_ends_when_asked_and_runs_out() -> None:
    scene = Scene()
    asked = _watch(scene, scene.ben, "101", expires_s=120)
    scene.run(60)
    asked.again(scene.world.now, (("Event", "dialog"), ("Expires", "120")))
    scene.world.touch()
    scene.run(100)
    assert _closed(asked) == "active;expires=120"
    scene.run(30)
    assert _closed(asked) == "terminated;reason=timeout"
    asked.again(scene.world.now, (("Event", "dialog"), ("Expires", "120")))
    scene.world.touch()
    scene.run(0.5)
    assert asked.status == 481
    other = _watch(scene, scene.ben, "101")
    other.again(scene.world.now, (("Event", "dialog"), ("Expires", "0")))
    scene.world.touch()
    scene.run(0.5)
    assert (_closed(other), len(other.notified)) == ("terminated;reason=timeout", 2)
    scene.nothing_is_left()


def test_a_subscription_of_a_process_that_was_killed_is_made_anew() -> None:
    """RFC 6665 section 4.1.2.2: its refresh gets 481, and the phone subscribes again."""
    scene = Scene()
    before = _watch(scene, scene.ben, "101")
    assert before.dialog is not None
    before.dialog.call_id = "of-the-process-before"
    before.again(scene.world.now, (("Event", "dialog"), ("Expires", "300")))
    scene.world.touch()
    scene.run(0.5)
    assert (before.status, len(before.notified)) == (481, 1)
    assert before.sent is not None
    assert before.sent.to.tag, "a refresh in its dialog, and no new subscription"
    lamp = _watch(scene, scene.ben, "101")
    assert (lamp.status, len(lamp.notified)) == (200, 1)
    scene.nothing_is_left()


def test_a_question_that_is_no_subscription() -> None:
    """RFC 6665 section 4.4.3: Expires 0 fetches the state once."""
    scene = Scene()
    asked = _watch(scene, scene.ben, "101", expires_s=0)
    assert (asked.status, len(asked.notified), _closed(asked)) == (200, 1, "terminated;reason=timeout")
    scene.nothing_is_left()


def test_a_phone_that_refuses_is_told_no_more() -> None:
    scene = Scene()
    asked = _watch(scene, scene.ben, "101")
    asked.refuses = 481
    scene.dial(scene.desk, "101")
    scene.run(2)
    notifies = [d for _, d in scene.wire.seen if d.data.startswith(b"NOTIFY")]
    assert len(notifies) == 2, "the first, and the one that was refused"
    scene.nothing_is_left()


def test_a_phone_that_vanished_is_told_no_more() -> None:
    scene = Scene()
    _watch(scene, scene.ben, "101")
    scene.ben.vanish(scene.world.now)
    scene.world.touch()
    scene.dial(scene.desk, "101")
    scene.run(40 + ADRIFT_S)
    assert scene.world.exchange.office.watching is not None
    assert len(scene.world.exchange.office.watching.notifier) == 0
    scene.nothing_is_left()


def test_what_happens_while_a_notify_is_under_way_is_told_by_one() -> None:
    scene = Scene()
    lamp = _watch(scene, scene.ben, "101")
    scene.wire.losing = [(scene.ben.address.host, "SIP/2.0 200")]
    call = scene.dial(scene.desk, "101")
    scene.run(3)
    heard = len(lamp.notified)
    scene.wire.losing = []
    scene.run(8)
    assert scene.talk_between(call, scene.anna.calls[0])
    assert len(lamp.notified) == heard + 1, "one NOTIFY for all of it"
    assert _phases(lamp)[-1] == ["recipient confirmed"]
    scene.nothing_is_left()


def test_too_many_subscriptions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifier_module, "PER_ACCOUNT_MAX", 2)
    scene = Scene()
    assert [_watch(scene, scene.ben, "101").status for _ in range(3)] == [200, 200, 503]
    assert _watch(scene, scene.desk, "101").status == 200
    scene.nothing_is_left()


def test_a_reload_that_takes_the_right_or_the_account_away() -> None:
    scene = Scene()
    lamp, other = _watch(scene, scene.ben, "101"), _watch(scene, scene.ben, "110")
    less = SHOP.replace(', "110": {name: Desk}', "").replace(', "601": to_desk', "")
    less = re.sub(r"\n  to_desk:.*", "", less)
    rule = "watch: {busy_lamps: none}\n"
    scene.world.reload(load_centre({"centre.yaml": TRUNKS, "shop.yaml": less + rule}))
    scene.run(0.5)
    assert _closed(lamp) == "terminated;reason=rejected"
    assert _closed(other) == "terminated;reason=noresource"


def test_published_state_is_not_taken() -> None:
    """RFC 3903 section 6: 489 to a package for which there is no publication."""
    scene = Scene()
    for event in ("presence", "dialog", "weather"):
        assert _ask(scene, scene.ben, "PUBLISH", "102", ("Event", event)).status == 489
    scene.nothing_is_left()


def test_a_message_to_a_colleague_is_passed_on_and_in_the_journal() -> None:
    """RFC 3428."""
    scene = Scene()
    sent = _ask(
        scene, scene.ben, "MESSAGE", "101", body="Café?".encode(), content_type="text/plain;charset=utf-8"
    )
    assert sent.status == 202
    arrived = [parse(d.data) for _, d in scene.wire.seen if d.target == scene.anna.address]
    (message,) = [m for m in arrived if isinstance(m, Request) and m.method == "MESSAGE"]
    assert (message.body.decode(), message.from_.uri.user) == ("Café?", "shop-102")
    (told,) = scene.told(events.MessageReceived)
    assert told == events.MessageReceived("102", "101", "102", "Café?")
    scene.anna.unregister(scene.world.now)
    scene.world.touch()
    scene.run(0.3)
    assert _ask(scene, scene.ben, "MESSAGE", "101", body=b"?").status == 480
    scene.nothing_is_left()


def test_a_message_from_a_carrier_is_the_tenants() -> None:
    scene = Scene()
    sent = _ask(scene, scene.carrier, "MESSAGE", "+33199000100", body=b"open?", content_type="text/plain")
    assert sent.status == 200
    (told,) = scene.told(events.MessageReceived)
    assert isinstance(told, events.MessageReceived)
    assert (told.called, told.source, told.text) == ("+33199000100", "carrier", "open?")
    assert _ask(scene, scene.carrier, "MESSAGE", "101", body=b"x").status == 404
    scene.nothing_is_left()


def test_messages_that_are_refused() -> None:
    scene = Scene()
    assert _ask(scene, scene.ben, "MESSAGE", "101", body=b"x" * 1301).status == 413
    assert _ask(scene, scene.ben, "MESSAGE", "101", body=b"x", content_type="text/html").status == 415
    assert _ask(scene, scene.ben, "MESSAGE", "199", body=b"x").status == 404
    statuses = [_ask(scene, scene.ben, "MESSAGE", "600", body=b"x").status for _ in range(40)]
    assert statuses.count(200) < 40
    assert 503 in statuses
    scene.nothing_is_left()


def test_nothing_is_made_where_nobody_watches() -> None:
    scene = Scene()
    scene.customer()
    scene.run(2)
    assert scene.anna.calls[0].state is CallState.TALKING
    assert scene.world.exchange.office.watching is None
    scene.nothing_is_left()


def test_rfc7118_section_5_a_browser_is_told_ws_whatever_carries_it() -> None:
    """The Contact of a subscription is that of a call by the same listener."""
    bench = Bench()
    web = Flow(Transport.WSS, HERE, Address("192.0.2.10", 40_009), 9)

    def subscribe(number: int, *more: tuple[str, str]) -> Request:
        fields = [
            ("Via", f"SIP/2.0/WSS {web.remote};branch=z9hG4bKsub{number}"),
            ("From", "<sip:maple-101@x>;tag=a"),
            ("To", "<sip:102@x>"),
            ("Call-ID", "watch"),
            ("CSeq", f"{number} SUBSCRIBE"),
            ("Contact", "<sip:x@invalid.invalid;transport=ws>"),
            ("Event", "dialog"),
            *more,
        ]
        return Request("SUBSCRIBE", Uri(user="102", host=HERE.host), fields)

    bench.give(subscribe(1), web)
    challenge = bench.response(web, 401).headers.fields("WWW-Authenticate")[0]
    proof = digest.answer(challenge, "SUBSCRIBE", f"sip:102@{HERE.host}", "maple-101", PASSWORD, "cn")
    bench.give(subscribe(2, ("Authorization", proof)), web)
    (contact,) = bench.response(web, 200).contacts
    assert str(contact.uri) == f"sip:{HERE};transport=ws"
    bench.request(web, "NOTIFY")


class TestPhonesThatMove:
    """A lamp follows its phone to another connection (RFC 5626), as calls do."""

    def lamp(self, bench: Bench, phone: BenchPhone, flow: Flow) -> None:
        for _ in range(2):
            fields = phone._fields(flow, "SUBSCRIBE", "lamp", f"sip:101@{HERE.host}")
            fields += [("Contact", f"<sip:maple-102@{flow.remote}>"), ("Event", "dialog"), ("Expires", "600")]
            request = Request("SUBSCRIBE", Uri(user="101", host=HERE.host), fields)
            if bench.heard.get(flow):
                challenge = bench.response(flow, 401).headers.fields("WWW-Authenticate")[0]
                value = digest.answer(challenge, "SUBSCRIBE", str(request.uri), phone.user, PASSWORD, "cn")
                request.headers.add("Authorization", value)
            bench.give(request, flow)
        bench.response(flow, 200)
        self.taken(bench, flow)

    def taken(self, bench: Bench, flow: Flow) -> bytes:
        notify = bench.request(flow, "NOTIFY")
        bench.give(notify.make_response(200), flow)
        return notify.body

    def test_to_another_connection(self) -> None:
        bench = Bench()
        caller, phone = BenchPhone(bench, "maple-101"), BenchPhone(bench)
        old, new, desk = tcp(1), tcp(2), udp(5070)
        caller.register(desk)
        phone.register(old)
        self.lamp(bench, phone, old)
        bench.close(old)
        phone.register(new)
        caller.invite(desk, Uri(user="600", host=HERE.host))
        assert b"initiator" in self.taken(bench, new)

    def test_what_the_closed_connection_lost_is_told_by_the_new_one(self) -> None:
        bench = Bench()
        caller, phone = BenchPhone(bench, "maple-101"), BenchPhone(bench)
        old, new, desk = tcp(1), tcp(2), udp(5070)
        caller.register(desk)
        phone.register(old)
        self.lamp(bench, phone, old)
        caller.invite(desk, Uri(user="600", host=HERE.host))
        assert "NOTIFY" in bench.methods(old)
        bench.close(old)  # before the NOTIFY is answered
        phone.register(new)
        assert b"terminated" in self.taken(bench, new), "the phone that was rung is gone: what is now"
