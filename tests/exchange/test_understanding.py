"""What a request may ask that we do not understand, from a carrier that may call (RFC 3261 section 8.2)."""

import pytest

from switch.base.clock import SECOND
from switch.sim.world import Setting, World
from switch.sip.message import Response
from tests.exchange.test_rare_peers import AUDIO, DIRECT, Peer, centre, sdp
from tests.sim.story import Answers

NUMBER = "+33199000100"


def world_and_peer() -> tuple[World, Peer]:
    world = World(Setting(centre(), slots=8))
    world.phone("shop", "110", Answers(world)).register(world.now)
    world.touch()
    world.run(SECOND)
    return world, Peer(world)


def final(peer: Peer) -> Response:
    found = [m for m in peer.wire.heard if isinstance(m, Response) and m.status >= 200]
    return found[-1]


def multipart(*pieces: tuple[str, bytes], disposition: str = "") -> bytes:
    extra = f"Content-Disposition: {disposition}\r\n" if disposition else ""
    data = b""
    for kind, piece in pieces:
        data += f"--xx\r\nContent-Type: {kind}\r\n{extra if kind != 'application/sdp' else ''}\r\n".encode()
        data += piece + b"\r\n"
    return data + b"--xx--\r\n"


@pytest.mark.parametrize(
    ("headers", "status", "field", "value"),
    [
        ((("Require", "nothing-known, neither-this"),), 420, "Unsupported", "nothing-known, neither-this"),
        ((("Proxy-Require", "no-proxy-knows"),), 420, "Unsupported", "no-proxy-knows"),
        ((("Accept", "text/plain"),), 406, "", ""),
        ((("Accept", "application/sdp;q=0"),), 406, "", ""),
        ((("Content-Encoding", "gzip"),), 415, "Accept-Encoding", "identity"),
        ((("Max-Forwards", "0"),), 483, "", ""),
    ],
)
def test_what_is_not_understood_is_refused_with_what_would_be(
    headers: tuple[tuple[str, str], ...], status: int, field: str, value: str
) -> None:
    _, peer = world_and_peer()
    peer.say("INVITE", NUMBER, body=sdp(), headers=headers)
    assert final(peer).status == status
    if field:
        assert final(peer).headers.get(field) == value


@pytest.mark.parametrize("accept", ["application/sdp", "text/plain, application/*", "*/*;q=0.1"])
def test_an_accept_that_has_a_session_in_it_is_no_obstacle(accept: str) -> None:
    _, peer = world_and_peer()
    peer.say("INVITE", NUMBER, body=sdp(), headers=(("Accept", accept),))
    assert final(peer).status == 200


@pytest.mark.parametrize("method", ["BYE", "INFO", "INVITE", "UPDATE"])
def test_require_is_looked_at_inside_a_dialog_too(method: str) -> None:
    _, peer = world_and_peer()
    peer.say("INVITE", NUMBER, body=sdp())
    tag = peer.last(200).to.tag or ""
    peer.say("ACK", NUMBER, to_tag=tag, cseq=1, headers=(("Require", "ignored-in-an-ack"),))
    peer.say(method, NUMBER, to_tag=tag, cseq=2, headers=(("Require", "nothing-known"),))
    assert final(peer).status == 420


def test_the_session_of_a_multipart_invite_is_understood() -> None:
    """RFC 5621; the way of carriers with ISUP beside the session (RFC 3372)."""
    world, peer = world_and_peer()
    body = multipart(("application/isup;version=itu-t92+", b"\x01\x00\x49"), ("application/sdp", sdp()))
    peer.say("INVITE", DIRECT, body=body, content_type="multipart/mixed;boundary=xx")
    world.run(2 * SECOND)
    answer = peer.last(200)
    assert answer.content_type == "application/sdp"
    peer.say("ACK", DIRECT, to_tag=answer.to.tag or "", cseq=1)
    desk = next(phone for phone in world.phones.values() if phone.calls)
    (call,) = desk.calls
    assert world.engine.hears(call.remote_port) == AUDIO


def test_a_part_that_must_be_understood_and_is_not_is_refused() -> None:
    _, peer = world_and_peer()
    body = multipart(
        ("application/x-odd", b"?"), ("application/sdp", sdp()), disposition="x;handling=required"
    )
    peer.say("INVITE", NUMBER, body=body, content_type="multipart/mixed;boundary=xx")
    assert final(peer).status == 415


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("multipart/mixed;boundary=xx", multipart(("text/plain", b"no session")), 415),
        ("multipart/mixed", multipart(("application/sdp", b"")), 400),
        ("multipart/mixed;boundary=other", multipart(("application/sdp", b"")), 400),
    ],
)
def test_a_multipart_without_a_session_or_that_cannot_be_read(
    content_type: str, body: bytes, status: int
) -> None:
    _, peer = world_and_peer()
    peer.say("INVITE", NUMBER, body=body, content_type=content_type)
    assert final(peer).status == status


def test_the_session_of_a_multipart_ack_is_understood() -> None:
    world, peer = world_and_peer()
    peer.say("INVITE", DIRECT)
    world.run(2 * SECOND)
    tag = peer.last(200).to.tag or ""
    body = multipart(("text/plain", b"hello"), ("application/sdp", sdp()))
    peer.say("ACK", DIRECT, to_tag=tag, cseq=1, body=body, content_type="multipart/mixed;boundary=xx")
    desk = next(phone for phone in world.phones.values() if phone.calls)
    (call,) = desk.calls
    assert world.engine.hears(call.remote_port) == AUDIO
