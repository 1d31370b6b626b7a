"""A peer who says anything at any moment: no order of messages breaks a leg, and it always ends once."""

import pytest

from switch.base.rng import SplitMix64
from switch.call.cause import Reason, ours
from switch.call.destination import Credentials
from switch.call.incoming import IncomingLeg
from switch.sdp.direction import Direction
from switch.sip.message import Message, Request, Response
from tests.call.bench import SDP, Bench

STEPS = 40
OFFER = SDP.format(direction="sendrecv")
BODIES = (
    "",
    OFFER,
    OFFER.replace("sendrecv", "inactive"),
    OFFER.replace("40000", "0"),
    OFFER.replace("AVP 8", "SAVP 8"),
    "x",
)
FIELDS = (
    "",
    "Supported: 100rel, timer\r\nAllow: UPDATE, PRACK\r\n",
    "Require: 100rel\r\n",
    "Session-Expires: 90;refresher=uac\r\nSupported: timer\r\n",
    "Session-Expires: 95;refresher=uas\r\nAllow: UPDATE\r\n",
    "Session-Expires: 10\r\nSupported: timer\r\n",
    "Session-Expires: x;refresher=me\r\nMin-SE: -1\r\n",
    "Retry-After: 3\r\n",
    "Retry-After: (soon)\r\nMin-SE: 400\r\n",
    'WWW-Authenticate: Digest realm="r", nonce="n", algorithm=MD5, qop="auth"\r\n',
    "Content-Type: text/plain\r\n",
)
STATUSES = (100, 180, 183, 199, 200, 200, 302, 401, 405, 408, 422, 481, 486, 488, 491, 500, 503, 603)
METHODS = ("INVITE", "UPDATE", "PRACK", "ACK", "BYE", "CANCEL", "INFO", "OPTIONS", "REFER", "NOTIFY")


class Game:
    """One leg and a peer that throws dice."""

    def __init__(self, seed: int) -> None:
        self.dice = SplitMix64(seed)
        self.bench = Bench()
        self.cseq = 1
        if self.dice.chance(1, 2):
            self.bench.outgoing(Credentials("us", "secret"))
        else:
            body, more = self.pick(BODIES[:3]), self.pick(FIELDS[:5])
            self.bench.receive(
                self.bench.request("INVITE", 1, to_tag="", body=body, more=more, branch="z9hG4bKfirst")
            )

    def pick(self, values: tuple[str, ...]) -> str:
        return values[self.dice.below(len(values))]

    def step(self) -> None:
        moves = (self._asks, self._asks, self._answers, self._answers, self._acts, self._waits)
        moves[self.dice.below(len(moves))]()
        self.bench.settle()

    def _asks(self) -> None:
        """A request, in a dialog that there is or one that there is not."""
        method = METHODS[self.dice.below(len(METHODS))]
        if method not in ("ACK", "CANCEL"):
            self.cseq += self.dice.below(3)
        more = self.pick(FIELDS)
        said = [m for m in self.bench.sent if isinstance(m, Response) and "RSeq" in m.headers]
        if method == "PRACK" and said and self.dice.chance(3, 4):
            more = f"RAck: {said[-1].headers.get('RSeq')} 1 INVITE\r\n"
        branch = "z9hG4bKfirst" if method == "CANCEL" else ""
        cseq = 1 if method == "CANCEL" else max(1, self.cseq - self.dice.below(2))
        text = self.bench.request(method, cseq, body=self.pick(BODIES), more=more, branch=branch)
        if method == "CANCEL" or (method != "INVITE" and self.dice.chance(1, 15)):
            text = text.replace(";tag=ours", "")
        if self.dice.chance(1, 10):
            text = text.replace("tag=theirs", "tag=two")
        self.bench.receive(text)

    def _answers(self) -> None:
        """A response to any request that the leg has sent, also to one long answered."""
        requests: list[Message] = [
            m for m in self.bench.sent if isinstance(m, Request) and m.method not in ("ACK", "CANCEL")
        ]
        if not requests:
            return
        request = requests[-1 - self.dice.below(min(3, len(requests)))]
        assert isinstance(request, Request)
        status = STATUSES[self.dice.below(len(STATUSES))]
        more = self.pick(FIELDS)
        if status < 200 and self.dice.chance(1, 2):
            more = f"Require: 100rel\r\nAllow: UPDATE\r\nRSeq: {1 + self.dice.below(4)}\r\n"
        tag = ("theirs", "two", "three")[self.dice.below(3)]
        self.bench.receive(self.bench.response(status, request, tag=tag, body=self.pick(BODIES), more=more))

    def _acts(self) -> None:
        """What the switch itself does with the leg."""
        leg, now = self.bench.leg, self.bench.now
        if leg is None:
            return
        act = self.dice.below(6)
        if act == 0:
            leg.propose(tuple(Direction)[self.dice.below(4)], now)
        elif act == 1 and self.dice.chance(1, 4):
            leg.hang_up(ours(Reason.NORMAL), now)
        elif isinstance(leg, IncomingLeg):
            (leg.ring, leg.early_media, leg.answer)[self.dice.below(3)](now)

    def _waits(self) -> None:
        self.bench.run((0, 0.1, 0.6, 5, 40)[self.dice.below(5)])


@pytest.mark.parametrize("seed", range(300))
def test_no_order_of_messages_breaks_a_leg(seed: int) -> None:
    game = Game(seed)
    for _ in range(STEPS):
        game.step()
    assert game.bench.leg is not None
    game.bench.leg.hang_up(ours(Reason.NORMAL), game.bench.now)
    game.bench.run(100)
    game.bench.nothing_is_left()
