"""A registration of ours with a carrier, answer by answer (RFC 3261 section 10.2, RFC 5626 section 4.5)."""

import itertools
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switch.base.clock import SECOND
from switch.base.rng import SplitMix64
from switch.base.tokens import SeededTokens
from switch.sip.digest import parse_digest
from switch.sip.flow import Address, Flow, Transport
from switch.sip.message import Request, Response
from switch.trunk.registration import (
    ASKING,
    TRANSITIONS,
    Line,
    Registration,
    RegistrationInput,
    RegistrationOutput,
    RegistrationState,
    SendRegister,
    seconds_of,
)
from switch.trunk.settings import (
    Credentials,
    Gateway,
    RegistrationLost,
    RegistrationRejected,
    RegistrationUnanswered,
    RegistrationUp,
)

FIRST = Gateway(Address("192.0.2.1", 5060))
OTHER = Gateway(Address("192.0.2.2", 5060), Transport.TCP)
FLOW = Flow(Transport.UDP, Address("198.51.100.1", 5070), FIRST.address)
LINE = Line("oak", "sip.oak.example", "33199000100", Credentials("maple", "sesame"), 600)
S = RegistrationState


class Carrier:
    """Answers by hand; `sent` is the last request."""

    def __init__(self, gateways: tuple[Gateway, ...] = (FIRST,), seed: int = 1) -> None:
        self.registration = Registration(LINE, SeededTokens(seed), SplitMix64(seed))
        self.registration.gateways = gateways
        self.sent: Request | None = None
        self.told: list[RegistrationOutput] = []
        self.asked: list[Gateway | None] = []
        self.registration.start(0)
        self.drain()

    def drain(self) -> None:
        for output in self.registration.poll():
            if isinstance(output, SendRegister):
                self.asked.append(output.gateway)
                self.sent = self.registration.request(FLOW)
            else:
                self.told.append(output)

    def answer(self, status: int, now: int = 0, *headers: tuple[str, str]) -> None:
        assert self.sent is not None
        self.registration.receive(self.sent.make_response(status, headers=headers), now)
        self.drain()

    def accept(self, now: int = 0, expires_s: int = 600) -> None:
        assert self.sent is not None
        contact = self.sent.headers.all("Contact")[0].partition(";expires")[0]
        self.answer(200, now, ("Contact", f"{contact};expires={expires_s}"))

    def challenge(self, now: int = 0, nonce: str = "n1", more: str = "", status: int = 401) -> None:
        name = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"
        self.answer(status, now, (name, f'Digest realm="oak", nonce="{nonce}", qop="auth"{more}'))

    def silence(self, now: int) -> None:
        self.registration.receive(None, now)
        self.drain()

    def wait(self) -> int:
        """Let the next timer fire; when it was."""
        due = self.registration.next_timer()
        assert due is not None
        self.registration.handle_timer(due)
        self.drain()
        return due

    @property
    def state(self) -> RegistrationState:
        return self.registration.state

    def credentials(self) -> dict[str, str]:
        assert self.sent is not None
        fields = self.sent.headers.fields("Authorization") + self.sent.headers.fields("Proxy-Authorization")
        return {} if not fields else parse_digest(fields[0]) or {}


def test_what_is_sent() -> None:
    """RFC 3261 section 10.2: no user in the Request-URI; the address of record in To and From."""
    carrier = Carrier()
    sent = carrier.sent
    assert sent is not None
    assert (sent.method, str(sent.uri)) == ("REGISTER", "sip:sip.oak.example")
    assert str(sent.to.uri) == str(sent.from_.uri) == "sip:33199000100@sip.oak.example"
    [contact] = sent.contacts
    assert (contact.uri.user, contact.uri.host, contact.uri.port) == ("33199000100", "198.51.100.1", 5070)
    assert contact.uri.param("line") == carrier.registration.token
    assert sent.expires == 600


def test_a_challenge_is_answered_and_the_nonce_used_again() -> None:
    """RFC 7616 section 3.4: the nonce count rises with each use."""
    carrier = Carrier()
    carrier.challenge()
    assert (carrier.credentials()["username"], carrier.credentials()["nc"]) == ("maple", "00000001")
    carrier.accept()
    assert carrier.told == [RegistrationUp("oak", 600)]
    now = carrier.wait()
    assert carrier.state is S.REFRESHING
    assert carrier.credentials()["nc"] == "00000002", "a refresh is one request"
    carrier.challenge(now, "n2")
    assert (carrier.credentials()["nonce"], carrier.credentials()["nc"]) == ("n2", "00000001")
    carrier.accept(now)
    assert len(carrier.told) == 1, "a refresh is no news"


def test_each_request_has_a_higher_number_in_one_call() -> None:
    """RFC 3261 section 10.2.4."""
    carrier = Carrier()
    seen = []
    for _ in range(3):
        assert carrier.sent is not None
        seen.append((carrier.sent.call_id, carrier.sent.cseq.number, carrier.sent.from_.tag))
        carrier.accept()
        carrier.wait()
    assert [number for _, number, _ in seen] == [1, 2, 3]
    assert len({(call_id, tag) for call_id, _, tag in seen}) == 1


def test_a_proxy_that_asks_is_answered_in_its_own_header() -> None:
    carrier = Carrier()
    carrier.challenge(status=407)
    assert carrier.sent is not None
    assert carrier.sent.headers.fields("Proxy-Authorization")
    assert not carrier.sent.headers.fields("Authorization")


def test_a_wrong_password_is_not_tried_again_and_again() -> None:
    carrier = Carrier()
    carrier.challenge(nonce="n1")
    carrier.challenge(nonce="n2")
    assert carrier.state is S.REJECTED
    [told] = carrier.told
    assert isinstance(told, RegistrationRejected)
    assert told.reason == "401 Unauthorized"
    assert 900 <= told.retry_s <= 1800
    due = carrier.registration.next_timer()
    assert due == told.retry_s * SECOND


def test_a_stale_nonce_is_replaced_once_within_a_round() -> None:
    carrier = Carrier()
    carrier.challenge(nonce="n1")
    carrier.challenge(nonce="n2", more=", stale=true")
    assert carrier.credentials()["nonce"] == "n2"
    carrier.challenge(nonce="n3", more=", stale=true")
    assert carrier.state is S.REJECTED, "a carrier whose every nonce is stale gets no endless round"


@pytest.mark.parametrize("challenge", ["Basic realm=x", 'Digest realm="x", nonce="n", algorithm=SHA-1'])
def test_a_challenge_that_nobody_can_meet_is_a_refusal(challenge: str) -> None:
    carrier = Carrier()
    carrier.answer(401, 0, ("WWW-Authenticate", challenge))
    assert carrier.state is S.REJECTED


def test_too_brief_is_asked_again_for_longer() -> None:
    """RFC 3261 section 10.2.8, and no further than a day."""
    carrier = Carrier()
    carrier.answer(423, 0, ("Min-Expires", "1200"))
    assert carrier.sent is not None
    assert carrier.sent.expires == 1200
    carrier.accept(0, 1200)
    carrier.wait()
    assert carrier.sent.expires == 1200, "kept for the next time"
    for text in ("99999999", "", "soon", "1200"):
        carrier.answer(423, 0, ("Min-Expires", text))
        assert carrier.state is S.REJECTED
        carrier.wait()


@pytest.mark.parametrize("status", [403, 404, 405, 302, 420, 603])
def test_a_refusal_is_told_and_tried_seldom(status: int) -> None:
    carrier = Carrier()
    carrier.accept()
    now = carrier.wait()
    carrier.answer(status, now)
    assert carrier.state is S.REJECTED
    assert [type(told) for told in carrier.told] == [RegistrationUp, RegistrationLost, RegistrationRejected]
    assert not carrier.registration.stands(now)


def test_the_back_off_doubles_with_jitter_up_to_half_an_hour() -> None:
    """RFC 5626 section 4.5."""
    carrier = Carrier()
    now, waits = 0, []
    for _ in range(9):
        carrier.silence(now)
        assert carrier.state is S.WAITING
        due = carrier.wait()
        waits.append((due - now) // SECOND)
        now = due
    longest = [60, 120, 240, 480, 960, 1800, 1800, 1800, 1800]
    assert all(most // 2 <= wait <= most for wait, most in zip(waits, longest, strict=True)), waits
    assert len({wait / most for wait, most in zip(waits, longest, strict=True)}) > 5, "not in step"
    carrier.accept(now)
    assert carrier.told[1:] == [RegistrationUp("oak", 600)]
    now = carrier.wait()
    carrier.silence(now)
    assert carrier.registration.due is not None
    assert carrier.registration.due - now <= 60 * SECOND, "a success forgives"


@pytest.mark.parametrize(
    ("status", "asked", "least_s"), [(503, "600", 600), (429, "90 (later)", 90), (500, "", 0)]
)
def test_retry_after_lengthens_the_wait(status: int, asked: str, least_s: int) -> None:
    carrier = Carrier()
    carrier.answer(status, 0, *([("Retry-After", asked)] if asked else []))
    assert carrier.state is S.WAITING
    assert carrier.registration.due is not None
    assert carrier.registration.due >= max(least_s, 30) * SECOND


def test_retry_after_that_is_nonsense() -> None:
    assert [seconds_of(text) for text in ("", "soon", "-1", "12;duration=5", "9" * 40)] == [0, 0, 0, 12, 3600]


def test_the_next_gateway_is_asked_at_once_and_the_first_again_after_the_wait() -> None:
    carrier = Carrier((FIRST, OTHER))
    carrier.answer(503)
    assert carrier.asked == [FIRST, OTHER]
    carrier.challenge()
    assert carrier.asked == [FIRST, OTHER, OTHER], "the same gateway gets the credentials"
    carrier.silence(0)
    assert carrier.state is S.WAITING
    carrier.wait()
    assert carrier.asked[-1] is FIRST


def test_a_failed_refresh_leaves_the_registration_standing_until_it_expires() -> None:
    carrier = Carrier()
    carrier.accept(0, 3600)
    now = carrier.wait()
    assert 1800 * SECOND <= now <= 2700 * SECOND
    carrier.silence(now)
    assert carrier.registration.stands(now)
    while carrier.registration.stands(now):
        assert carrier.told == [RegistrationUp("oak", 3600)]
        now = carrier.wait()
        if carrier.state in ASKING:
            carrier.silence(now)
    assert now == 3600 * SECOND
    assert carrier.told[1:] == [RegistrationLost("oak", "timeout")]


@pytest.mark.parametrize(
    ("headers", "granted_s"),
    [((), 600), ((("Expires", "300"),), 300), ((("Contact", "<sip:other@192.0.2.9>;expires=5"),), 600)],
)
def test_what_was_granted(headers: tuple[tuple[str, str], ...], granted_s: int) -> None:
    """RFC 3261 section 10.2.4: of our contact, else Expires, else what we asked for."""
    carrier = Carrier()
    carrier.answer(200, 0, *headers)
    assert carrier.registration.expires_at == granted_s * SECOND


def test_a_carrier_that_grants_nothing_does_not_keep_us_busy() -> None:
    carrier = Carrier()
    carrier.accept(0, 0)
    due = carrier.registration.due
    assert due is not None
    assert due >= 5 * SECOND


def test_stopping_takes_the_registration_back() -> None:
    """RFC 3261 section 10.2.2: an expiry of 0."""
    carrier = Carrier()
    carrier.challenge()
    carrier.accept()
    carrier.registration.stop(SECOND)
    carrier.drain()
    assert carrier.sent is not None
    assert carrier.sent.expires == 0
    assert carrier.sent.contacts[0].param("expires") == "0"
    carrier.challenge(SECOND, "n9")
    assert carrier.sent.expires == 0
    carrier.answer(200, SECOND)
    assert carrier.state is S.STOPPED
    assert not carrier.registration.stands(SECOND)
    assert carrier.registration.next_timer() is None
    assert carrier.told == [RegistrationUp("oak", 600)], "nobody is told of a loss that was wanted"


def test_stopping_where_the_carrier_does_not_know_us_says_nothing() -> None:
    carrier = Carrier()
    carrier.silence(0)
    asked = len(carrier.asked)
    carrier.registration.stop(SECOND)
    carrier.drain()
    assert (carrier.state, len(carrier.asked)) == (S.STOPPED, asked)


def test_the_table_has_no_dead_end() -> None:
    """Every state but STOPPED can be left, and every state leads to STOPPED."""
    leads: dict[RegistrationState, set[RegistrationState]] = {state: set() for state in S}
    for (state, _), after in TRANSITIONS.items():
        leads[state].add(after)
    assert [state for state in S if not leads[state]] == [S.STOPPED]
    for state in S:
        reached = {state}
        for _ in S:
            reached |= set(itertools.chain.from_iterable(leads[one] for one in reached))
        assert S.STOPPED in reached


def test_the_table_in_the_decision_is_this_one() -> None:
    page = Path(__file__).parents[2] / "docs" / "decisions" / "0020-trunks.md"
    section = page.read_text().partition("## Registration")[2]
    named = set(re.findall(r"\b[A-Z]{4,}\b", section.partition("WAITING lasts")[0]))
    assert {state.name for state in S} <= named


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(["200", "401", "stale", "423", "503", "403", "none", "time", "stop"]), max_size=40
    )
)
def test_whatever_comes_it_waits_for_an_answer_or_for_the_clock(steps: list[str]) -> None:
    """No state but STOPPED is stuck: either a request is out or a timer is set."""
    carrier, now = Carrier(), 0
    for number, given_ in enumerate(steps):
        if given_ == "time":
            due = carrier.registration.next_timer()
            now = now if due is None else max(now, due)
            carrier.registration.handle_timer(now)
            carrier.drain()
        elif given_ == "stop":
            carrier.registration.stop(now)
            carrier.drain()
        elif given_ == "none":
            carrier.silence(now)
        elif given_ == "200":
            carrier.accept(now)
        elif given_ in ("401", "stale"):
            carrier.challenge(now, f"n{number}", ", stale=true" if given_ == "stale" else "")
        else:
            carrier.answer(int(given_), now, ("Min-Expires", "900"))
        waits = carrier.state in ASKING
        assert waits or carrier.state is S.STOPPED or carrier.registration.next_timer() is not None


def test_an_answer_to_nothing_changes_nothing() -> None:
    carrier = Carrier()
    carrier.accept()
    before = carrier.registration.next_timer()
    carrier.registration.receive(Response(403, "Forbidden"), SECOND)
    assert (carrier.state, carrier.registration.next_timer()) == (S.REGISTERED, before)
    assert RegistrationInput.REFUSED not in {given_ for state, given_ in TRANSITIONS if state is S.REGISTERED}


def test_a_carrier_that_never_answers_is_told_once() -> None:
    """Nothing is lost that never was, and yet no call comes in."""
    carrier = Carrier()
    for _ in range(3):
        carrier.silence(carrier.wait() if carrier.told else 0)
    (told,) = carrier.told
    assert isinstance(told, RegistrationUnanswered)
    assert told.reason == "timeout"
