"""What the caller is told of what was answered by whom we rang for it (RFC 3261 sections 13.3.1, 16.7)."""

import pytest

from switch.sip.message import Request, Response, Uri
from tests.exchange.bench import HERE, Bench, Phone, udp

CALLER, CALLED = udp(5070), udp(5080)


def answered(*statuses: int) -> list[Response]:
    """What a caller hears when the phone that it dials answers so."""
    bench = Bench()
    phone, called = Phone(bench, "maple-101"), Phone(bench, "maple-102")
    phone.register(CALLER)
    called.register(CALLED)
    phone.invite(CALLER, Uri(user="102", host=HERE.host))
    invite = bench.request(CALLED, "INVITE")
    for status in statuses:
        called.answer(CALLED, invite, status)
    return [message for message in bench.heard[CALLER] if isinstance(message, Response)]


@pytest.mark.parametrize("status", [401, 405, 407, 415, 420, 421, 422, 423, 494])
def test_what_the_called_side_said_of_our_own_request_is_not_told(status: int) -> None:
    """A 407 without its challenge would have the caller's phone ask for a password (section 22.3)."""
    assert [answer.status for answer in answered(status)] == [500]


@pytest.mark.parametrize("status", [403, 404, 480, 486, 488, 600, 603])
def test_what_it_said_of_the_call_is_told(status: int) -> None:
    assert [answer.status for answer in answered(status)] == [status]


def test_a_181_is_told_and_rings() -> None:
    """Section 21.1.3; a phone that rings for 180 alone is not left in silence."""
    answers = answered(181, 180, 486)
    assert [answer.status for answer in answers] == [181, 180, 180, 486]
    assert "History-Info" not in answers[0].headers


def test_the_challenge_of_a_call_to_a_phone_stays_between_the_two() -> None:
    """And whoever is challenged for nothing sends no credentials: there are none for phones."""
    bench = Bench()
    phone, called = Phone(bench, "maple-101"), Phone(bench, "maple-102")
    phone.register(CALLER)
    called.register(CALLED)
    phone.invite(CALLER, Uri(user="102", host=HERE.host))
    challenge = [("Proxy-Authenticate", 'Digest realm="softswitch", nonce="x", qop="auth"')]
    invite = bench.request(CALLED, "INVITE")
    bench.give(invite.make_response(407, to_tag="phone", headers=challenge), CALLED)
    assert all("Authenticate" not in name for name in _names(bench.response(CALLER, 500)))
    assert [message.method for message in bench.heard[CALLED] if isinstance(message, Request)] == ["ACK"]


def _names(message: Response) -> list[str]:
    return [name for name, _ in message.headers]
