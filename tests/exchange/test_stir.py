"""Signed numbers by whole calls: signed on the way out, verified on the way in (RFC 8224, 8588)."""

from dataclasses import replace

import pytest

from switch.base.clock import SECOND
from switch.exchange.stir import WAITING_MAX
from switch.sim.phone_call import PhoneCall
from switch.sip.message import Response, parse
from switch.trunk.stir import identity_header
from switch.trunk.stir.certificates import Anchors
from switch.trunk.stir.passport import Passport, is_signed_by, sign
from switch.trunk.stir.settings import CertificateWanted, Signer, StirSettings, VerifyPolicy
from tests.exchange.test_identities import AWAY, DIRECT, OUTSIDE, asked, centre, known, ring
from tests.sim.scene import CALLER, Scene
from tests.trunk.stir.authority import Authority, one

HOME = Authority()
URL = "https://cr.example/sp.pem"
SIGNER = Signer(URL, "origin-of-tests", HOME.key)


def scene(verify: str = "off", signer: Signer | None = None, identity: str = "") -> Scene:
    made = Scene(centre(identity), agents=())
    trunks = made.world.exchange.office.parts.trunks
    settings = trunks.settings("carrier")
    assert settings is not None
    stir = StirSettings(VerifyPolicy(verify), signer, Anchors.from_pem(HOME.root_pem()))
    trunks.set_trunks([replace(settings, stir=stir)])
    made.world.certificates[URL] = HOME.chain()
    return made


def wall_s(made: Scene) -> int:
    return made.world.exchange.office.journal.wall(made.world.now) // SECOND


def signed(
    made: Scene, *, caller: str = CALLER, called: str = DIRECT, url: str = URL, age_s: int = 0
) -> tuple[str, str]:
    passport = Passport(url, caller[1:], (called[1:],), wall_s(made) - age_s, "shaken", "A", "theirs")
    return "Identity", identity_header.write(sign(passport, HOME.key), passport)


def call(made: Scene, *headers: tuple[str, str], caller: str = CALLER) -> PhoneCall:
    ring(made, made.carrier, DIRECT, caller, *headers)
    return made.carrier.calls[-1] if made.carrier.calls else made.person(made.carrier).over[-1]


# Out.


@pytest.mark.parametrize(("who", "attest"), [("own", "A"), ("other", "B"), ("customer", "C")])
def test_rfc8588_section_4_attestation_says_how_well_we_know_the_number(who: str, attest: str) -> None:
    made = scene(signer=SIGNER, identity="forwarded: caller")
    if who == "other":
        made.world.reload(centre(account=', may_present: ["+33142000000"]'))
        trunks = made.world.exchange.office.parts.trunks
        settings = trunks.settings("carrier")
        assert settings is not None
        trunks.set_trunks([replace(settings, stir=StirSettings(signer=SIGNER))])
    if who == "customer":
        ring(made, made.carrier, AWAY, CALLER)
    else:
        ring(made, made.desk, OUTSIDE, "", ("P-Preferred-Identity", "<sip:+33142000000@x>"))
    invite = asked(made.carrier)
    (value,) = invite.headers.fields("Identity")
    token = identity_header.read(value)
    shown = {"own": "+33199000100", "other": "+33142000000", "customer": CALLER}[who]
    assert invite.from_.uri.user == shown
    assert (token.passport.orig, token.passport.dest) == (shown[1:], (OUTSIDE[1:],))
    assert (token.passport.attest, token.passport.origid, token.passport.x5u) == (
        attest,
        "origin-of-tests",
        URL,
    )
    assert abs(token.passport.iat - wall_s(made)) <= 2
    assert invite.headers.get("Date") == "Wed, 04 Mar 2026 09:00:02 GMT"
    assert is_signed_by(token, HOME.key.public_key())
    made.nothing_is_left()


def test_an_emergency_number_is_signed_as_it_is_dialled() -> None:
    made = scene(signer=SIGNER)
    ring(made, made.desk, "112")
    token = identity_header.read(asked(made.carrier).headers.fields("Identity")[0])
    assert token.passport.dest == ("112",)
    made.nothing_is_left()


# In.


def test_a_right_one_is_marked_in_record_and_journal_and_on_the_phone() -> None:
    made = scene("mark")
    call(made, signed(made))
    assert asked(made.desk).headers.fields("P-Asserted-Identity") == [
        f"<sip:{CALLER};verstat=TN-Validation-Passed@192.0.2.1;user=phone>"
    ]
    assert known(made).verification == "passed A"
    made.nothing_is_left()
    assert made.records()[-1].verification == "passed A"
    assert made.world.fetched == [CertificateWanted(URL, frozenset(), False)]


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("none", 428),
        ("stale", 403),
        ("caller", 438),
        ("called", 438),
        ("url", 436),
        ("chain", 437),
        ("noise", 438),
        ("certificate", 437),
    ],
)
def test_rfc8224_section_6_2_2_what_is_not_right_is_refused_or_marked(fault: str, status: int) -> None:
    for verify in ("require", "mark"):
        made = scene(verify)
        header = {
            "stale": signed(made, age_s=100),
            "caller": signed(made, caller="+33600000000"),
            "called": signed(made, called="+33199000103"),
            "url": signed(made, url="https://nowhere.example/x.pem"),
            "noise": ("Identity", "noise;info=<https://x/y>"),
        }.get(fault, signed(made))
        if fault == "certificate":
            made.world.certificates[URL] = b"no certificate"
        if fault == "chain":
            made.world.certificates[URL] = HOME.chain(HOME.signer(one("33600000000")))
        placed = call(made, *([] if fault == "none" else [header]))
        if verify == "require":
            assert placed.status == status
            answers = [parse(d.data) for _, d in made.wire.seen if d.target == made.carrier.address]
            (answer,) = [a for a in answers if isinstance(a, Response) and a.status == status]
            assert (answer.headers.get("Reason") or "").startswith(f"STIR;cause={status};text=")
            assert not made.records()
        else:
            word = "none" if fault == "none" else f"failed {status}"
            verstat = "No-TN-Validation" if fault == "none" else "TN-Validation-Failed"
            assert known(made).verification == word
            assert f"verstat={verstat}" in asked(made.desk).headers.fields("P-Asserted-Identity")[0]
        made.nothing_is_left()


def test_a_withheld_number_is_verified_and_not_shown() -> None:
    made = scene("mark", identity="accept: pai")
    asserted = (("P-Asserted-Identity", f"<sip:{CALLER}@x>"), ("Privacy", "id"))
    call(made, signed(made), *asserted, caller="anonymous")
    assert known(made).verification == "passed A"
    assert "P-Asserted-Identity" not in asked(made.desk).headers
    assert CALLER.encode() not in asked(made.desk).to_bytes()
    made.nothing_is_left()


def test_a_certificate_is_fetched_once_for_all_who_wait_and_kept() -> None:
    made = scene("require")
    for number in range(3):
        caller = f"+3361234567{number}"
        made.carrier.call(DIRECT, made.world.now, caller, (signed(made, caller=caller),))
    made.world.touch()
    made.run(1)
    assert len(made.world.fetched) == 1
    assert len(made.desk.calls) == 3
    call(made, signed(made))
    assert len(made.world.fetched) == 1
    made.nothing_is_left()


def test_a_token_that_was_used_for_another_call_is_a_replay() -> None:
    made = scene("require")
    header = signed(made)
    call(made, header)
    assert len(made.desk.calls) == 1
    call(made, header)
    assert made.person(made.carrier).over[-1].status == 438
    assert len(made.desk.calls) == 1
    made.nothing_is_left()


def test_a_caller_waits_two_seconds_for_a_certificate_and_no_longer() -> None:
    made = scene("mark")
    made.world.exchange.certificate = lambda *_: None  # type: ignore[method-assign]  # nobody ever answers
    made.carrier.call(DIRECT, made.world.now, CALLER, (signed(made),))
    made.world.touch()
    made.run(1.9)
    assert made.desk.calls == []
    made.run(0.3)
    assert len(made.desk.calls) == 1
    assert known(made).verification == "failed 436"
    made.nothing_is_left()


def test_a_caller_who_gives_up_while_waiting_leaves_nothing() -> None:
    made = scene("require")
    made.world.exchange.certificate = lambda *_: None  # type: ignore[method-assign]  # nobody ever answers
    placed = made.carrier.call(DIRECT, made.world.now, CALLER, (signed(made),))
    made.world.touch()
    made.run(0.5)
    made.hang_up(placed)
    made.run(3)
    assert placed.status == 487
    assert not made.records()
    made.nothing_is_left()


def test_no_more_calls_wait_than_there_is_room_for() -> None:
    made = scene("require")
    made.world.exchange.certificate = lambda *_: None  # type: ignore[method-assign]  # nobody ever answers
    calls = []
    for number in range(WAITING_MAX + 3):
        caller = f"+33612{number:06}"
        calls.append(made.carrier.call(DIRECT, made.world.now, caller, (signed(made, caller=caller),)))
    made.world.touch()
    made.run(0.5)
    assert [placed.status for placed in calls].count(436) == 3
    made.run(3)
    assert [placed.status for placed in calls].count(436) == WAITING_MAX + 3
    made.nothing_is_left()
