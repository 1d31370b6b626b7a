"""Who calls, by whole calls: every row of the table in docs/decisions/0021-identity-and-stir.md."""

import pytest

from switch.dialplan.centre import load_centre
from switch.dialplan.plan import Centre
from switch.journal import events
from switch.sim.phone import Phone
from switch.sim.phone_call import CallState
from switch.sip.message import Request
from tests.sim import centres
from tests.sim.scene import CALLER, SHOP, Scene

DIRECT = "+33199000102"
AWAY = "+33199000103"
OUTSIDE = "+33612345678"
EVE = "+33687654321"
ASSERTED = ("P-Asserted-Identity", f'"Eve" <sip:{EVE}@carrier>')
PRIVATE = ("Privacy", "id")


def centre(identity: str = "", trunk: str = "", account: str = "", outside: str = "") -> Centre:
    shop = centres.SHOP.replace('"601": to_desk}', f'"601": to_desk, "{DIRECT}": direct, "{AWAY}": away}}')
    away = f'  away: [{{dial: {{outside: "{OUTSIDE}"}}}}, hangup]\n'
    flows = 'flows:\n  direct: [{dial: {extension: "110"}}, hangup]\n' + away
    shop = shop.replace("flows:\n", flows).replace('"110": {name: Desk}', f'"110": {{name: Desk{account}}}')
    shop = shop.replace("outside: {", f"outside: {{{outside}")
    trunks = centres.TRUNKS + f"    caller_identity: {{{identity}}}\n{trunk}"
    return load_centre({"centre.yaml": trunks, "shop.yaml": shop})


def asked(phone: Phone) -> Request:
    """The INVITE that rang the phone last."""
    return phone.calls[-1].invite


def ring(scene: Scene, phone: Phone, number: str, caller: str = "", *more: tuple[str, str]) -> None:
    phone.call(number, scene.world.now, caller, more)
    scene.world.touch()
    scene.run(1)


def known(scene: Scene) -> events.CallerIdentified:
    event = scene.told(events.CallerIdentified)[-1]
    assert isinstance(event, events.CallerIdentified)
    return event


# To phones.


def test_an_assertion_of_a_trusted_trunk_is_what_the_phone_shows() -> None:
    scene = Scene(centre("accept: [pai, from]"), agents=())
    ring(scene, scene.carrier, DIRECT, "+33100000000", ASSERTED)
    invite = asked(scene.desk)
    assert (invite.from_.display, invite.from_.uri.user) == ("Eve", EVE)
    assert "P-Asserted-Identity" not in invite.headers
    assert known(scene).source == "pai"
    scene.nothing_is_left()
    assert (scene.records()[-1].caller, scene.records()[-1].caller_name) == (EVE, "Eve")


def test_an_assertion_of_any_other_trunk_is_not_looked_at() -> None:
    scene = Scene(centre(), agents=())
    ring(scene, scene.carrier, DIRECT, CALLER, ASSERTED)
    assert asked(scene.desk).from_.uri.user == CALLER
    assert not scene.told(events.CallerIdentified)
    scene.nothing_is_left()


@pytest.mark.parametrize("header", [ASSERTED, ("Remote-Party-ID", f'"Eve" <sip:{EVE}@x>;privacy=off')])
def test_a_withheld_number_is_in_the_journals_one_entry_and_nowhere_else(header: tuple[str, str]) -> None:
    scene = Scene(centre("accept: [pai, rpid, from]"))
    wanted = scene.wire.seen
    call = scene.carrier.call(SHOP, scene.world.now, "anonymous", (header, PRIVATE))
    scene.world.touch()
    scene.run(0.1)
    call.press("1", scene.world.now)
    scene.run(3)
    assert call.state is CallState.TALKING
    invite = asked(scene.anna)
    assert str(invite.from_.with_tag(None)) == '"Anonymous" <sip:anonymous@anonymous.invalid>'
    scene.hang_up(call)
    scene.run(1)
    assert scene.records()[-1].caller == "anonymous"
    assert scene.records()[-1].caller_name == ""
    assert (known(scene).number, known(scene).withheld) == (EVE, True)
    telling = [e.event.KIND for e in scene.world.journal if EVE in str(e.event) or "Eve" in str(e.event)]
    assert telling == ["caller-identified"]
    to_others = [d.data for _, d in wanted if centres.CARRIER not in (d.target.host, d.source.host)]
    assert not [data for data in to_others if EVE.encode() in data or b"Eve" in data]
    scene.nothing_is_left()


def test_a_phone_that_asks_for_privacy_is_anonymous_to_its_colleagues_too() -> None:
    scene = Scene(agents=())
    ring(scene, scene.desk, "101", "", PRIVATE)
    assert asked(scene.anna).from_.uri.host == "anonymous.invalid"
    ring(scene, scene.ben, "101")
    assert asked(scene.anna).from_.uri.user == "102"
    scene.nothing_is_left()


# To carriers.


@pytest.mark.parametrize(
    ("send", "name", "value"),
    [
        ("pai", "P-Asserted-Identity", '"The Shop" <sip:+33199000100@192.0.2.1>'),
        ("ppi", "P-Preferred-Identity", '"The Shop" <sip:+33199000100@192.0.2.1>'),
        (
            "rpid",
            "Remote-Party-ID",
            '"The Shop" <sip:+33199000100@192.0.2.1>;party=calling;screen=yes;privacy=off',
        ),
    ],
)
def test_our_number_is_told_as_the_carrier_wants_it(send: str, name: str, value: str) -> None:
    scene = Scene(centre(f"send: {send}", outside="caller_name: The Shop, "), agents=())
    ring(scene, scene.desk, OUTSIDE)
    invite = asked(scene.carrier)
    assert invite.headers.fields(name) == [value]
    assert str(invite.from_.with_tag(None)) == '"The Shop" <sip:+33199000100@192.0.2.1>'
    assert "Privacy" not in invite.headers
    scene.nothing_is_left()


@pytest.mark.parametrize("how", ["asks", "requires", "set"])
def test_a_phone_that_withholds_is_known_to_our_carrier_alone(how: str) -> None:
    scene = Scene(centre("send: [pai, rpid]", account=", withhold: true" if how == "set" else ""), agents=())
    wishes: dict[str, list[tuple[str, str]]] = {
        "set": [],
        "asks": [PRIVATE],
        "requires": [PRIVATE, ("Proxy-Require", "privacy")],
    }
    ring(scene, scene.desk, OUTSIDE, "", *wishes[how])
    invite = asked(scene.carrier)
    assert str(invite.from_.with_tag(None)) == '"Anonymous" <sip:anonymous@anonymous.invalid>'
    assert invite.headers.fields("Privacy") == ["id"]
    assert invite.headers.fields("P-Asserted-Identity") == ["<sip:+33199000100@192.0.2.1>"]
    assert invite.headers.fields("Remote-Party-ID")[0].endswith(";privacy=full")
    scene.nothing_is_left()


@pytest.mark.parametrize(
    ("wish", "shown"),
    [("+33199000102", "+33199000102"), ("0199000102", "+33199000102"), ("+33142000000", "+33199000100")],
)
def test_rfc3325_section_9_2_a_preferred_identity_is_a_wish(wish: str, shown: str) -> None:
    scene = Scene(centre("send: pai", account=', may_present: ["+33199000102"]'), agents=())
    ring(scene, scene.desk, OUTSIDE, "", ("P-Preferred-Identity", f"<sip:{wish}@x>"))
    assert asked(scene.carrier).from_.uri.user == shown
    ring(scene, scene.ben, OUTSIDE, "", ("P-Preferred-Identity", "<sip:+33199000102@x>"))
    assert asked(scene.carrier).from_.uri.user == "+33199000100", "Ben may present nothing else"
    scene.nothing_is_left()


def test_numbers_are_marked_as_numbers_and_prefixed_as_the_carrier_wants_it() -> None:
    scene = Scene(centre("send: pai", trunk='    user_phone: true\n    prefix: "99"\n'), agents=())
    ring(scene, scene.desk, OUTSIDE)
    invite = asked(scene.carrier)
    assert str(invite.uri) == "sip:99+33612345678@203.0.113.9:5060"
    ring(scene, scene.desk, OUTSIDE)
    assert invite.headers.fields("P-Asserted-Identity") == ["<sip:+33199000100@192.0.2.1;user=phone>"]
    scene.nothing_is_left()


def test_a_carriers_prefix_is_stripped_from_numbers_that_come_in() -> None:
    scene = Scene(centre(trunk='    strip: ["99", "9"]\n'), agents=())
    ring(scene, scene.carrier, "99" + DIRECT, "99" + EVE)
    assert asked(scene.desk).from_.uri.user == EVE
    scene.nothing_is_left()


# Customers who are forwarded.


def test_a_forwarded_customer_is_our_call_with_our_number() -> None:
    scene = Scene(centre("accept: pai, send: pai"), agents=())
    ring(scene, scene.carrier, AWAY, "anonymous", ASSERTED, PRIVATE)
    invite = asked(scene.carrier)
    assert invite.from_.uri.user == "+33199000100"
    assert EVE not in str(invite.to_bytes())
    scene.nothing_is_left()


def test_a_forwarded_customer_may_be_shown_with_the_customers_number() -> None:
    scene = Scene(centre("accept: pai, send: pai, forwarded: caller"), agents=())
    ring(scene, scene.carrier, AWAY, CALLER, ASSERTED)
    invite = asked(scene.carrier)
    assert str(invite.from_.with_tag(None)) == f'"Eve" <sip:{EVE}@192.0.2.1>'
    assert invite.headers.fields("P-Asserted-Identity") == ["<sip:+33199000100@192.0.2.1>"]
    scene.nothing_is_left()


@pytest.mark.parametrize("trusted", [True, False])
def test_rfc3325_section_7_a_withheld_customer_is_told_to_a_trusted_carrier_alone(trusted: bool) -> None:
    trust = f"trusted: {'true' if trusted else 'false'}"
    scene = Scene(centre(f"accept: pai, send: pai, forwarded: caller, {trust}"), agents=())
    ring(scene, scene.carrier, AWAY, "anonymous", ASSERTED, PRIVATE)
    invite = asked(scene.carrier)
    assert invite.from_.uri.host == "anonymous.invalid"
    assert invite.headers.fields("Privacy") == ["id"]
    assert (EVE in invite.headers.fields("P-Asserted-Identity")[0]) is trusted
    assert (EVE.encode() in invite.to_bytes()) is trusted
    scene.nothing_is_left()


def test_the_carrier_is_told_who_forwarded_by_diversion_and_by_history() -> None:
    before = ("Diversion", "<sip:+33155555555@x>;reason=user-busy;privacy=full")
    scene = Scene(centre("tell_forwarding: [diversion, history-info]"), agents=())
    ring(scene, scene.carrier, AWAY, CALLER, before)
    invite = asked(scene.carrier)
    assert invite.headers.fields("Diversion") == [
        f"<sip:{AWAY}@192.0.2.1>;reason=unconditional;counter=1;privacy=off",
        "<sip:anonymous@anonymous.invalid>;reason=user-busy;counter=1;privacy=full",
    ]
    assert invite.headers.fields("History-Info") == [
        "<sip:anonymous@anonymous.invalid>;index=1",
        f"<sip:{AWAY}@192.0.2.1;cause=486>;index=1.1;mp=1",
        f"<sip:{OUTSIDE}@192.0.2.1;cause=302>;index=1.1.1;mp=1.1",
    ]
    scene.nothing_is_left()
    assert scene.records()[-1].forwarded_by == "anonymous (user-busy)"
    assert known(scene).forwarded == ("anonymous (user-busy)",)


def test_a_transfer_to_the_outside_is_told_as_a_deflection() -> None:
    scene = Scene(centre("tell_forwarding: diversion"), agents=())
    ring(scene, scene.carrier, DIRECT, CALLER)
    scene.run(1)
    scene.desk.calls[-1].refer(OUTSIDE, scene.world.now)
    scene.world.touch()
    scene.run(2)
    (value,) = asked(scene.carrier).headers.fields("Diversion")
    assert value.startswith(f"<sip:{DIRECT}@192.0.2.1>;reason=deflection")
    scene.nothing_is_left()


def test_a_call_of_our_own_was_forwarded_by_nobody() -> None:
    scene = Scene(centre("tell_forwarding: [diversion, history-info]"), agents=())
    ring(scene, scene.desk, OUTSIDE)
    assert "Diversion" not in asked(scene.carrier).headers
    assert "History-Info" not in asked(scene.carrier).headers
    scene.nothing_is_left()


# Numbers in other forms.


@pytest.mark.parametrize(
    "uri", ["tel:+33-687-654-321", "tel:687654321;phone-context=+33", f"sip:{EVE};isub=1@x"]
)
def test_rfc3966_a_caller_may_stand_as_tel(uri: str) -> None:
    scene = Scene(centre("accept: pai"), agents=())
    ring(scene, scene.carrier, DIRECT, CALLER, ("P-Asserted-Identity", f"<{uri}>"))
    assert asked(scene.desk).from_.uri.user == EVE
    scene.nothing_is_left()


def test_rfc3966_a_number_may_be_dialled_as_tel() -> None:
    scene = Scene(agents=())
    call = scene.carrier.call(SHOP, scene.world.now, CALLER)
    wire = scene.carrier.outbox[-1].replace(
        f"INVITE sip:{SHOP}@192.0.2.1:5060".encode(), f"INVITE tel:{SHOP}".encode()
    )
    assert wire.startswith(b"INVITE tel:+")
    scene.carrier.outbox[-1] = wire
    scene.world.touch()
    scene.run(1)
    assert call.state is CallState.TALKING
    scene.nothing_is_left()


def test_an_emergency_call_is_never_anonymous() -> None:
    """Who answers it must be able to call back, though the phone withholds its number from all others."""
    scene = Scene(centre("send: [pai]", account=", withhold: true"), agents=())
    ring(scene, scene.desk, "112")
    invite = asked(scene.carrier)
    assert invite.from_.uri.user == "+33199000100"
    assert "Privacy" not in invite.headers
