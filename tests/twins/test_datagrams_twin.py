"""Both halves of a UDP socket give and take the same: sizes, order, batches, sources, errors."""

import errno
import importlib
import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from switch.base.rng import SplitMix64
from switch.net.datagrams import BATCH, Datagrams, datagrams

# Compiled at every installation: where it is missing, that is a failure and no reason to look away.
importlib.import_module("switch.net._net")
FAMILIES = {"IPv4": (socket.AF_INET, "127.0.0.1"), "IPv6": (socket.AF_INET6, "::1")}
LONGEST = 65_507
"""65,535 less the headers of IPv4 and UDP."""


@pytest.fixture(params=list(FAMILIES))
def pair(request: pytest.FixtureRequest) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Ours, which does not block, and a peer's."""
    family, host = FAMILIES[request.param]
    with (
        closing(socket.socket(family, socket.SOCK_DGRAM)) as ours,
        closing(socket.socket(family, socket.SOCK_DGRAM)) as peer,
    ):
        for made in (ours, peer):
            made.bind((host, 0))
        ours.setblocking(False)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        peer.settimeout(30)
        yield ours, peer


@pytest.fixture(params=["c", "python"])
def subject(request: pytest.FixtureRequest, pair: tuple[socket.socket, socket.socket]) -> Datagrams:
    return datagrams(pair[0], prefer_c=request.param == "c")


def test_what_came_in_order_and_whole(pair: tuple[socket.socket, socket.socket], subject: Datagrams) -> None:
    ours, peer = pair
    rng = SplitMix64(7)
    sizes = [0, 1, LONGEST, *(rng.below(3_000) for _ in range(40))]
    sent = [bytes(rng.below(256) for _ in range(min(size, 64))) + bytes(max(0, size - 64)) for size in sizes]
    for data in sent:
        peer.sendto(data, ours.getsockname())
    received = []
    while batch := subject.receive():
        assert len(batch) <= BATCH
        received += batch
    assert [data for data, _ in received] == sent
    assert {subject.name(source) for _, source in received} == {peer.getsockname()[:2]}
    assert len({source for _, source in received}) == 1, "a source is a key"
    assert subject.receive() == []


def test_an_answer_goes_where_the_question_came_from(
    pair: tuple[socket.socket, socket.socket], subject: Datagrams
) -> None:
    ours, peer = pair
    peer.sendto(b"ask", ours.getsockname())
    ((_, source),) = subject.receive()
    subject.send(b"answer", source)
    assert peer.recvfrom(100) == (b"answer", ours.getsockname())


def test_what_is_too_long_is_the_socket_s_error(
    pair: tuple[socket.socket, socket.socket], subject: Datagrams
) -> None:
    ours, peer = pair
    peer.sendto(b"ask", ours.getsockname())
    ((_, source),) = subject.receive()
    with pytest.raises(OSError) as told:  # noqa: PT011 - the number is what counts
        subject.send(bytes(70_000), source)
    assert told.value.errno == errno.EMSGSIZE


def test_an_error_of_the_network_is_told_once_and_loses_nothing(
    pair: tuple[socket.socket, socket.socket], subject: Datagrams
) -> None:
    """With IP_RECVERR, as the listener has it: a port where nobody listens any more."""
    ours, peer = pair
    level, option = (socket.IPPROTO_IP, 11) if ours.family == socket.AF_INET else (socket.IPPROTO_IPV6, 25)
    ours.setsockopt(level, option, 1)
    peer.sendto(b"before", ours.getsockname())
    ((_, source),) = subject.receive()
    with closing(socket.socket(ours.family, socket.SOCK_DGRAM)) as gone:
        gone.bind((peer.getsockname()[0], 0))
        nowhere = gone.getsockname()
    ours.sendto(b"to nobody", nowhere)
    peer.sendto(b"after", ours.getsockname())
    received, errors = [], []
    for _ in range(4):
        try:
            received += [data for data, _ in subject.receive()]
        except OSError as error:
            errors.append(error.errno)
    assert received == [b"after"]
    assert errors == [errno.ECONNREFUSED]
    subject.send(b"still there", source)
    assert peer.recv(100) == b"still there"


@pytest.mark.parametrize("words", [(), (1, b"x"), (1, "x", b"y"), (1, b"x", bytes(200)), ("1", b"x", b"y")])
def test_the_c_half_refuses_what_is_no_datagram(words: tuple[object, ...]) -> None:
    module = importlib.import_module("switch.net._net")
    with pytest.raises(TypeError):
        module.send(*words)
    with pytest.raises(TypeError):
        module.name(b"")
