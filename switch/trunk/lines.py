"""All registrations of ours: which there are, and which trunk a line belongs to."""

from collections.abc import Callable, Mapping

from switch.base.rng import SplitMix64
from switch.base.tokens import TokenSource
from switch.sip.message import Response
from switch.trunk.registration import Line, Registration, RegistrationState, SendRegister
from switch.trunk.settings import Gateway, NamedGateway, TrunkEvent, TrunkSettings


class Lines:
    """One registration a trunk. `ask` sends a registration's request to a gateway, `tell` takes events."""

    __slots__ = ("_ask", "_by_token", "_rng", "_tell", "_tokens", "by_trunk")

    def __init__(
        self,
        tokens: TokenSource,
        rng: SplitMix64,
        ask: Callable[[Registration, Gateway], int],
        tell: Callable[[TrunkEvent], None],
    ) -> None:
        self._tokens = tokens
        self._rng = rng
        self._ask = ask
        self._tell = tell
        self.by_trunk: dict[str, Registration] = {}
        self._by_token: dict[str, str] = {}

    def want(self, wanted: Mapping[str, tuple[Line, tuple[Gateway, ...]]], now: int) -> None:
        """Register these, by trunk, and no others. What has changed is taken back first."""
        for name, registration in list(self.by_trunk.items()):
            if name not in wanted or wanted[name][0] != registration.line:
                registration.stop(now)
                self.settle(registration, now)
        for name, (line, gateways) in wanted.items():
            known = self.by_trunk.get(name)
            if known is None:
                known = self.by_trunk[name] = Registration(line, self._tokens, self._rng)
                self._by_token[known.token] = name
            if known.line == line:
                known.gateways = gateways
                if gateways:
                    known.start(now)
                    self.settle(known, now)

    def stop(self, now: int) -> None:
        """Take all back."""
        self.want({}, now)

    def of(self, trunk: str) -> Registration | None:
        return self.by_trunk.get(trunk)

    def trunk_of(self, token: str) -> str | None:
        """The trunk whose Contact names this line."""
        return self._by_token.get(token)

    @property
    def unregistering(self) -> bool:
        return any(r.state is RegistrationState.UNREGISTERING for r in self.by_trunk.values())

    def answered(self, registration: Registration, response: Response | None, now: int, failure: str) -> None:
        registration.receive(response, now, failure)
        self.settle(registration, now)

    def handle_timer(self, now: int) -> None:
        for registration in list(self.by_trunk.values()):
            due = registration.next_timer()
            if due is not None and due <= now:
                registration.handle_timer(now)
                self.settle(registration, now)

    def next_timer(self) -> int | None:
        times = [at for r in self.by_trunk.values() if (at := r.next_timer()) is not None]
        return min(times, default=None)

    def settle(self, registration: Registration, now: int) -> None:
        """Carry out what a registration wants; forget it when it has stopped."""
        while outputs := registration.poll():
            for output in outputs:
                if not isinstance(output, SendRegister):
                    self._tell(output)
                elif output.gateway is not None:
                    self._ask(registration, output.gateway)
                else:
                    registration.receive(None, now, "no address")
        trunk = registration.line.trunk
        if registration.state is RegistrationState.STOPPED and self.by_trunk.get(trunk) is registration:
            del self.by_trunk[trunk]
            del self._by_token[registration.token]


def line_of(settings: TrunkSettings) -> Line | None:
    """Whom a trunk registers as; None where it does not."""
    wish, credentials = settings.registration, settings.credentials
    if wish is None or credentials is None or not settings.gateways:
        return None
    first = settings.gateways[0]
    domain = settings.host or (first.host if isinstance(first, NamedGateway) else first.address.host)
    return Line(settings.name, domain, wish.user or credentials.username, credentials, wish.expires_s)
