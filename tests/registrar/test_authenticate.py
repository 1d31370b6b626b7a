"""Who speaks: digest by phones, and what strangers can learn (nothing)."""

import time

import pytest

from switch.base.clock import SECOND
from switch.registrar.registrar import Registrar
from switch.registrar.values import Account, AuthenticationFailed, RegistrarLimits
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


def test_an_unknown_user_and_a_wrong_password_take_the_same_time(registrar: Registrar) -> None:
    """Least times over many runs: what is left is work, not the machine's mood."""
    flow = FLOW

    def least_s(user: str) -> float:
        phone = Phone(user, password="guess")
        phone.register(registrar, flow, 0, CONTACT)
        best = 1.0
        for _ in range(300):
            request = phone.request(CONTACT)
            start = time.perf_counter()
            registrar.register(request, flow, 0)
            best = min(best, time.perf_counter() - start)
        return best

    ratio = least_s("maple-101") / least_s("maple-999")
    assert 0.7 < ratio < 1.4, ratio


def test_an_old_nonce_is_stale_not_wrong(registrar: Registrar) -> None:
    phone = Phone(NAME)
    phone.register(registrar, FLOW, 0, CONTACT)
    registrar.poll()
    response = registrar.register(phone.request(CONTACT), FLOW, 3600 * SECOND)
    assert response.status == 401
    assert "stale=true" in (response.headers.get("WWW-Authenticate") or "")
    assert registrar.poll() == []


def test_failures_are_counted_by_source_until_a_success(registrar: Registrar) -> None:
    bad = Phone(NAME, password="guess")
    for _ in range(3):
        bad.register(registrar, FLOW, 0, CONTACT)
    Phone("maple-999").register(registrar, FLOW, 0, CONTACT)
    Phone(NAME, call_id="good").register(registrar, FLOW, 0, CONTACT)
    bad.register(registrar, FLOW, 0, CONTACT)
    failures = [event for event in registrar.poll() if isinstance(event, AuthenticationFailed)]
    assert [(event.account, event.failures) for event in failures] == [
        # The third attempts carry credentials at once and are then challenged and tried again.
        *((NAME, count) for count in range(1, 6)),
        ("", 6),
        (NAME, 1),
        (NAME, 2),
    ]


def test_the_table_of_failing_sources_is_bounded() -> None:
    registrar = make_registrar(NAME, limits=RegistrarLimits(failure_sources=2))
    counts = []
    for host in ("192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.1"):
        Phone(NAME, password="guess").register(registrar, udp(host), 0, CONTACT)
        counts += [event.failures for event in registrar.poll() if isinstance(event, AuthenticationFailed)]
    assert counts == [1, 1, 1, 1]


def test_one_tenants_password_opens_no_other_tenants_account() -> None:
    registrar = make_registrar("maple-101", "birch-101")
    assert Phone("maple-101", aor_user="birch-101").register(registrar, FLOW, 0, CONTACT).status == 403
    assert Phone("maple-101", aor_user="101").register(registrar, FLOW, 0, CONTACT).status == 200
    assert registrar.bindings("birch-101", 0) == []


def test_500_agents_register_at_once() -> None:
    """Five hundred phones, a challenge and an answer each: below a second of work where ten are allowed."""
    names = [f"maple-{number}" for number in range(1000, 1500)]
    registrar = make_registrar(*names)
    phones = [Phone(name, call_id=name) for name in names]
    first = [phone.request(CONTACT) for phone in phones]
    start = time.process_time()
    responses = [registrar.register(request, FLOW, 0) for request in first]
    spent_s = time.process_time() - start
    for phone, response in zip(phones, responses, strict=True):
        phone.challenges = response.headers.fields("WWW-Authenticate")
    second = [phone.request(CONTACT) for phone in phones]
    start = time.process_time()
    assert all(registrar.register(request, FLOW, 0).status == 200 for request in second)
    spent_s += time.process_time() - start
    assert registrar.binding_count() == 500
    assert spent_s < 1.0, spent_s
