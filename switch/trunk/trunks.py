"""All carriers: who calls, how numbers look there, which gateway is next, how many channels are left."""

from collections.abc import Iterable

from switch.sip.flow import Flow
from switch.sip.message import Request, Response
from switch.trunk.settings import Gateway, GatewayOutcome, RouteChoice, TrunkEvent, TrunkSettings


class Trunks:
    """One owner, mutated in place; `poll()` drains the events."""

    def __init__(self, trunks: Iterable[TrunkSettings]) -> None:
        """Raises `ConfigurationError`: a name twice, a bad network, one network claimed by two trunks."""

    def set_trunks(self, trunks: Iterable[TrunkSettings]) -> None:
        """Replace the settings at a reload; channels in use and the health of kept gateways stay."""

    def settings(self, trunk: str) -> TrunkSettings | None: ...

    def identify(self, flow: Flow) -> str | None:
        """The trunk that a request came from: its network, the narrowest first, one with a port first."""

    def normalise(self, trunk: str, text: str) -> str:
        """A number as the carrier wrote it, in E.164; digits as they are where it is no such number."""

    def present(self, trunk: str, number: str) -> str:
        """A number of ours (E.164, or a short one) in the carrier's form."""

    def routes(self, trunk: str, number: str, caller_id: str, now: int) -> tuple[RouteChoice, ...]:
        """Ways to reach a number, best first: gateways that are up by priority, then those that rest.

        Empty only where the trunk is unknown: with every gateway down, trying is better than refusing.
        """
        return ()

    def acquire(self, trunk: str) -> bool:
        """Take a channel for a call in either direction; False where none is left."""
        return False

    def release(self, trunk: str) -> None:
        """Give the channel of an ended call back."""

    def in_use(self, trunk: str) -> int:
        """Channels taken."""
        return 0

    def report(
        self, trunk: str, gateway: Gateway, outcome: GatewayOutcome, now: int, retry_after_s: int = 0
    ) -> None:
        """How an attempt ended. A 503 with Retry-After takes the gateway out for that long at once."""

    def answer_challenge(self, trunk: str, request: Request, response: Response) -> tuple[str, str] | None:
        """Header name and value that answer a 401 or 407, or None: no credentials, or they were refused."""

    def handle_timer(self, now: int) -> None:
        """Let gateways that rested enough be tried again."""

    def next_timer(self) -> int | None: ...

    def poll(self) -> list[TrunkEvent]:
        """Everything that happened since the last call, in order."""
        return []
