"""Who speaks: digest by phones, and what strangers can learn (nothing)."""

import sys
from collections import Counter
from types import FrameType
from typing import Any

import pytest

from switch.base.clock import SECOND
from switch.registrar.guard import FORGET_US
from switch.registrar.registrar import Registrar
from switch.registrar.values import Account, AuthenticationFailed, RegistrarLimits
from switch.sip.digest import parse_digest, userhash
from switch.sip.flow import Flow
from switch.sip.message import Response
from tests.registrar.phone import REALM, Phone, make_registrar, udp

NAME = "maple-101"
FLOW = udp("192.0.2.10")
CONTACT = "Contact: <sip:maple-101@192.0.2.10:5060>"


@pytest.fixture
def registrar() -> Registrar:
    return make_registrar(NAME)


def test_sha_256_is_offered_first_and_md5_is_accepted(registrar: Registrar) -> None:
    response = registrar.register(Phone(NAME).request(CONTACT), FLOW, 0)
    challenges = response.headers.fields("WWW-Authenticate")
    assert response.status == 401
    assert ["SHA-256" in challenges[0], "MD5" in challenges[1]] == [True, True]
    assert all(f'realm="{REALM}"' in challenge for challenge in challenges)
    for algorithm in ("SHA-256", "MD5"):
        assert (
            Phone(NAME, algorithm=algorithm, call_id=algorithm).register(registrar, FLOW, 0, CONTACT).status
            == 200
        )


@pytest.mark.parametrize(("proxy", "status"), [(False, 401), (True, 407)])
def test_requests_other_than_register(registrar: Registrar, proxy: bool, status: int) -> None:
    phone = Phone(NAME)
    header = "Proxy-Authorization" if proxy else "Authorization"
    challenge = registrar.authenticate(phone.request(method="INVITE"), FLOW, 0, proxy=proxy)
    assert isinstance(challenge, Response)
    assert challenge.status == status
    phone.challenges = challenge.headers.fields("Proxy-Authenticate" if proxy else "WWW-Authenticate")
    request = phone.request(method="INVITE", authorization=header)
    who = registrar.authenticate(request, FLOW, 0, proxy=proxy)
    assert isinstance(who, Account)
    assert (who.tenant, who.account) == ("maple", "101")
    # The other header is for somebody else.
    request = phone.request(method="INVITE", authorization=header)
    assert isinstance(registrar.authenticate(request, FLOW, 0, proxy=not proxy), Response)


def shape(response: Response) -> tuple[int, str, list[tuple[str, int]]]:
    return response.status, response.reason, [(name, len(value)) for name, value in response.headers]


def test_an_unknown_user_and_a_wrong_password_look_the_same(registrar: Registrar) -> None:
    wrong = Phone("maple-101", password="guess").register(registrar, FLOW, 0, CONTACT)
    nobody = Phone("maple-999", password="guess").register(registrar, FLOW, 0, CONTACT)
    assert shape(wrong) == shape(nobody)
    assert wrong.status == 401
    assert registrar.binding_count() == 0


def work(registrar: Registrar, user: str, one_address: bool) -> Counter[str]:
    """Every function that forty wrong passwords call, with how often: time that no machine's mood changes."""
    done: Counter[str] = Counter()

    def note(frame: FrameType, event: str, argument: Any) -> None:
        if event == "call":
            done[f"{frame.f_code.co_filename}:{frame.f_code.co_qualname}"] += 1
        elif event == "c_call":
            done[f"{getattr(argument, '__module__', '')}.{argument.__qualname__}"] += 1

    for number in range(40):
        phone = Phone(user, password="guess", call_id=f"{user}-{number}")
        flow = udp("192.0.2.77" if one_address else f"198.51.100.{number}", 5060 + number)
        phone.challenges = registrar.register(phone.request(CONTACT), flow, number).headers.fields(
            "WWW-Authenticate"
        )
        request = phone.request(CONTACT)
        sys.setprofile(note)
        try:
            registrar.register(request, flow, number)
        finally:
            sys.setprofile(None)
    del done["sys.setprofile"]
    return done


@pytest.mark.parametrize("one_address", [True, False], ids=["until it must wait", "judged each time"])
def test_an_unknown_user_and_a_wrong_password_cost_the_same_work(one_address: bool) -> None:
    known = work(make_registrar("maple-101"), "maple-101", one_address)
    unknown = work(make_registrar("maple-101"), "maple-999", one_address)
    judged = sum(count for name, count in known.items() if name.endswith(":Challenger.judge"))
    assert judged == (40 if not one_address else pytest.approx(20, abs=15))
    # A known account has its hash fetched; everything else, the decoy with it, is done for both.
    known -= Counter({name: count for name, count in known.items() if name.endswith("HashedSecrets.ha1")})
    assert known == unknown


def test_an_old_nonce_is_stale_not_wrong(registrar: Registrar) -> None:
    phone = Phone(NAME)
    phone.register(registrar, FLOW, 0, CONTACT)
    registrar.poll()
    response = registrar.register(phone.request(CONTACT), FLOW, 3600 * SECOND)
    assert response.status == 401
    assert "stale=true" in (response.headers.get("WWW-Authenticate") or "")
    assert registrar.poll() == []


def failures_of(registrar: Registrar) -> list[tuple[str, int]]:
    events = [event for event in registrar.poll() if isinstance(event, AuthenticationFailed)]
    return [(event.account, event.failures) for event in events]


def test_failures_are_counted_by_source(registrar: Registrar) -> None:
    bad = Phone(NAME, password="guess")
    for _ in range(3):
        bad.register(registrar, FLOW, 0, CONTACT)
    Phone("maple-999").register(registrar, FLOW, 0, CONTACT)
    # A success of an account that a guesser may own himself forgives him no other account's failures.
    Phone(NAME, call_id="good").register(registrar, FLOW, 0, CONTACT)
    bad.register(registrar, FLOW, 0, CONTACT)
    # The third attempts carry credentials at once and are then challenged and tried again.
    accounts = [*[NAME] * 5, "", *[NAME] * 2]
    assert failures_of(registrar) == [(account, number) for number, account in enumerate(accounts, 1)]
    late = 2 * FORGET_US
    bad.challenges = []
    bad.register(registrar, FLOW, late, CONTACT)
    assert failures_of(registrar) == [(NAME, 1)]


def test_the_tables_of_failures_are_bounded() -> None:
    registrar = make_registrar(NAME, limits=RegistrarLimits(failure_entries=2))
    counts = []
    for host in ("192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.1"):
        Phone(NAME, password="guess").register(registrar, udp(host), 0, CONTACT)
        counts += [count for _, count in failures_of(registrar)]
    assert counts == [1, 1, 1, 1]
    assert len(registrar._guard) <= 2 * 3


def guess(registrar: Registrar, times: int, flow: Flow = FLOW, name: str = NAME, now: int = 0) -> None:
    """A guesser with a dictionary, who asks for a new challenge each time, as svcrack does."""
    for number in range(times):
        Phone(name, password=f"guess-{number}", call_id="svcrack").register(registrar, flow, now, CONTACT)


def test_a_guesser_who_hits_learns_nothing(registrar: Registrar) -> None:
    guess(registrar, 30)
    hit = Phone(NAME, call_id="svcrack").register(registrar, FLOW, 0, CONTACT)
    wrong = Phone(NAME, password="guess", call_id="svcrack").register(registrar, FLOW, 0, CONTACT)
    assert shape(hit) == shape(wrong)
    assert hit.status == 401
    assert registrar.binding_count() == 0
    # And is heard again once he was silent for the pause.
    assert Phone(NAME, call_id="again").register(registrar, FLOW, 40 * SECOND, CONTACT).status == 200


def test_a_guesser_gets_few_guesses_a_minute(registrar: Registrar) -> None:
    for second in range(600):
        guess(registrar, 3, now=second * SECOND)
    judged = [count for _, count in failures_of(registrar) if count]
    assert 20 < len(judged) < 35, len(judged)


def test_the_real_phone_registers_while_a_guesser_works(registrar: Registrar) -> None:
    """From elsewhere; beside him behind one NAT; and on the flow by which it is registered already."""
    home = udp("198.51.100.20", 5060)
    phone = Phone(NAME, call_id="real")
    assert phone.register(registrar, home, 0, CONTACT).status == 200
    for second in range(20):
        guess(registrar, 20, now=second * SECOND)
        guess(registrar, 20, udp(home.remote.host, 9999), now=second * SECOND)
    now = 20 * SECOND
    assert phone.register(registrar, home, now, CONTACT).status == 200
    assert Phone(NAME, call_id="b").register(registrar, udp("203.0.113.5"), now, CONTACT).status == 200
    assert (
        Phone(NAME, call_id="c").register(registrar, udp(FLOW.remote.host, 7777), now, CONTACT).status == 200
    )


def test_a_registered_phone_is_judged_however_many_ports_a_guesser_beside_it_takes(
    registrar: Registrar,
) -> None:
    home = udp("198.51.100.20", 5060)
    phone = Phone(NAME, call_id="real")
    phone.register(registrar, home, 0, CONTACT)
    for port in range(10_000, 10_200):
        guess(registrar, 2, udp(home.remote.host, port))
    assert Phone(NAME, call_id="x").register(registrar, udp(home.remote.host, 999), 0, CONTACT).status == 401
    assert phone.register(registrar, home, 0, CONTACT).status == 200


def test_an_account_attacked_from_everywhere_still_judges_each_first_try(registrar: Registrar) -> None:
    """A hundred addresses that guess leave each further one a single guess, and the owner needs no second."""
    for number in range(1, 120):
        guess(registrar, 2, udp(f"203.0.113.{number}"))
    assert Phone(NAME, call_id="owner").register(registrar, udp("192.0.2.77"), 0, CONTACT).status == 200
    fresh = udp("192.0.2.88")
    guess(registrar, 1, fresh)
    assert Phone(NAME, call_id="x").register(registrar, fresh, 0, CONTACT).status == 401


def test_an_address_that_tries_many_accounts_waits_with_all_of_them() -> None:
    names = [f"maple-{number}" for number in range(1000, 1150)]
    registrar = make_registrar(*names)
    for name in names[:120]:
        guess(registrar, 1, name=name)
    assert Phone(names[130]).register(registrar, FLOW, 0, CONTACT).status == 401
    assert Phone(names[130]).register(registrar, udp("192.0.2.200"), 0, CONTACT).status == 200


def test_forged_sources_put_no_failures_on_others(registrar: Registrar) -> None:
    """Who cannot receive the challenge at an address has no nonce for it: its password is not looked at."""
    attacker = Phone(NAME, password="guess")
    attacker.challenges = registrar.register(attacker.request(CONTACT), udp("203.0.113.9"), 0).headers.fields(
        "WWW-Authenticate"
    )
    for _ in range(50):
        response = registrar.register(attacker.request(CONTACT), FLOW, 0)
        assert "stale=true" in (response.headers.get("WWW-Authenticate") or "")
    assert failures_of(registrar) == []
    assert Phone(NAME, call_id="real").register(registrar, FLOW, 0, CONTACT).status == 200


def test_a_phone_that_hides_its_name(registrar: Registrar) -> None:
    """RFC 7616 section 3.4.4 `userhash`."""
    for algorithm in ("SHA-256", "MD5"):
        phone = Phone(NAME, algorithm=algorithm, call_id=algorithm)
        phone.challenges = registrar.register(phone.request(CONTACT), FLOW, 0).headers.fields(
            "WWW-Authenticate"
        )
        value = phone.request(CONTACT).headers.get("Authorization") or ""
        hidden = value.replace(f'username="{NAME}"', f'username="{userhash(algorithm, NAME, REALM)}"')
        request = phone.request(CONTACT)
        request.headers.set("Authorization", hidden + ", userhash=true")
        assert registrar.register(request, FLOW, 0).status == 200
        request.headers.set("Authorization", hidden + ", userhash=false")
        assert registrar.register(request, FLOW, 0).status == 401


def test_a_phone_learns_that_we_know_its_secret_and_the_next_nonce(registrar: Registrar) -> None:
    phone = Phone(NAME)
    first = phone.register(registrar, FLOW, 0, CONTACT)
    info = first.headers.get("Authentication-Info") or ""
    assert "rspauth=" in info
    assert "nextnonce" not in info
    later = phone.register(registrar, FLOW, 500 * SECOND, CONTACT)
    info = later.headers.get("Authentication-Info") or ""
    nonce = (parse_digest("Digest " + info) or {})["nextnonce"]
    for index, challenge in enumerate(phone.challenges):
        old = (parse_digest(challenge) or {})["nonce"]
        phone.challenges[index] = challenge.replace(old, nonce)
    # Without any challenge, long after the first nonce is dead.
    assert registrar.register(phone.request(CONTACT), FLOW, 1_300 * SECOND).status == 200


def test_auth_int_is_offered_where_asked_for_and_covers_the_body(registrar: Registrar) -> None:
    registrar.challenger.offer(("SHA-256",), ("auth-int",))
    phone = Phone(NAME)
    assert phone.register(registrar, FLOW, 0, CONTACT).status == 200
    request = phone.request(CONTACT)
    request.body = b"something else"
    assert registrar.register(request, FLOW, 0).status == 401


def test_one_tenants_password_opens_no_other_tenants_account() -> None:
    registrar = make_registrar("maple-101", "birch-101")
    assert Phone("maple-101", aor_user="birch-101").register(registrar, FLOW, 0, CONTACT).status == 403
    assert Phone("maple-101", aor_user="101").register(registrar, FLOW, 0, CONTACT).status == 200
    assert registrar.bindings("birch-101", 0) == []


def test_500_agents_register_at_once() -> None:
    """A challenge and an answer each; the cost is printed by `make bench ONE=registrations`."""
    names = [f"maple-{number}" for number in range(1000, 1500)]
    registrar = make_registrar(*names)
    phones = [Phone(name, call_id=name) for name in names]
    first = [phone.request(CONTACT) for phone in phones]
    responses = [registrar.register(request, FLOW, 0) for request in first]
    for phone, response in zip(phones, responses, strict=True):
        phone.challenges = response.headers.fields("WWW-Authenticate")
    second = [phone.request(CONTACT) for phone in phones]
    assert all(registrar.register(request, FLOW, 0).status == 200 for request in second)
    assert registrar.binding_count() == 500
