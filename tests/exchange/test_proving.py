"""Requests in a dialog that a carrier challenges go again with credentials (RFC 3261 section 22)."""

from switch.base.clock import SECOND
from switch.sdp.direction import Direction
from switch.sip.digest import parse_digest
from switch.sip.message import Request
from tests.exchange.test_late_answers import Carrier
from tests.sim.centres import TRUNKS

CREDENTIALS = "\n    username: maple\n    password_env: SECRET"
CHALLENGE = 'Digest realm="carrier", nonce="n{number}", algorithm=MD5, qop="auth"'


class Challenging(Carrier):
    def __init__(self, *, credentials: bool = True, direction: bytes = b"sendrecv") -> None:
        super().__init__(
            TRUNKS.replace(
                "    country: FR", f"    country: FR{CREDENTIALS}" if credentials else "    country: FR"
            )
        )
        self.call = self.dial()
        self.answer(200, "first", direction=direction)
        self.world.run(SECOND)

    def challenge(self, method: str, number: int = 1, *, status: int = 401, stale: bool = False) -> None:
        field = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"
        value = CHALLENGE.format(number=number) + (", stale=true" if stale else "")
        self.say(self.requests(method)[-1].make_response(status, headers=[(field, value)]))

    def byes(self) -> list[Request]:
        """Without copies."""
        return list({bye.via.branch: bye for bye in self.requests("BYE")}.values())


def test_a_bye_that_is_challenged_goes_again_and_ends_the_call() -> None:
    carrier = Challenging()
    carrier.hang_up(carrier.call)
    carrier.challenge("BYE", status=407)
    first, second = carrier.byes()
    assert second.cseq.number == first.cseq.number + 1
    given = parse_digest(second.headers.get("Proxy-Authorization") or "")
    assert given is not None
    assert (given["username"], given["nonce"], given["uri"]) == ("maple", "n1", str(second.uri))
    assert len(second.vias) == 1
    assert carrier.world.exchange.office.legs, "it is not over before it is answered"
    carrier.answer(200, "first", "BYE")
    assert not carrier.world.exchange.office.legs
    carrier.world.run(70 * SECOND)
    assert carrier.world.remains().none()


def test_a_stale_nonce_is_answered_once_more_and_then_no_further() -> None:
    carrier = Challenging()
    carrier.hang_up(carrier.call)
    for number in range(1, 9):
        carrier.challenge("BYE", number, stale=number == 2)
    assert 3 <= len(carrier.byes()) <= 4
    assert not carrier.world.exchange.office.legs
    carrier.world.run(70 * SECOND)
    assert carrier.world.remains().none()


def test_an_unanswered_repeat_ends_the_leg_as_the_first_would() -> None:
    carrier = Challenging()
    carrier.hang_up(carrier.call)
    carrier.challenge("BYE")
    carrier.world.run(110 * SECOND)
    assert carrier.world.remains().none()


def test_without_credentials_or_with_a_challenge_that_cannot_be_met_it_is_an_answer() -> None:
    carrier = Challenging(credentials=False)
    carrier.hang_up(carrier.call)
    carrier.challenge("BYE")
    assert len(carrier.byes()) == 1
    assert not carrier.world.exchange.office.legs
    carrier = Challenging()
    carrier.hang_up(carrier.call)
    bye = carrier.requests("BYE")[-1]
    carrier.say(bye.make_response(401, headers=[("WWW-Authenticate", "Bearer x")]))
    assert len(carrier.byes()) == 1
    assert not carrier.world.exchange.office.legs


def test_the_probe_of_a_standing_call_is_proved_and_the_call_goes_on() -> None:
    carrier = Challenging(direction=b"sendonly")
    carrier.world.run(100 * SECOND)
    probes = carrier.requests("OPTIONS")
    assert probes
    carrier.challenge("OPTIONS")
    carrier.answer(200, "first", "OPTIONS")
    assert carrier.requests("OPTIONS")[-1].headers.get("Authorization")
    assert carrier.world.exchange.office.legs
    count = len(carrier.requests("OPTIONS"))
    carrier.world.run(100 * SECOND)
    assert len(carrier.requests("OPTIONS")) > count, "it is asked again later"


def test_a_challenged_reinvite_that_nobody_answers_is_called_off_as_it_was_repeated() -> None:
    """The CANCEL is of the INVITE with credentials: the first one has had its answer."""
    carrier = Challenging()
    leg = next(leg for leg in carrier.world.exchange.office.legs.values() if leg.trunk)
    leg.propose(Direction.SENDONLY, carrier.world.now)
    carrier.world.touch()
    carrier.world.run(SECOND)
    carrier.challenge("INVITE")
    repeated = carrier.requests("INVITE")[-1]
    assert repeated.headers.get("Authorization")
    carrier.answer(100, "first")
    carrier.hang_up(carrier.call)
    carrier.world.run(SECOND)
    assert {cancel.via.branch for cancel in carrier.requests("CANCEL")} == {repeated.via.branch}
