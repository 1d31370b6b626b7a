"""Calls of carriers whose callers' numbers are to be verified: they wait for a certificate, and not for long.

| a call | input | next |
| --- | --- | --- |
| ARRIVED | nothing to fetch, or the certificate is known | goes on in the same step |
| ARRIVED | the certificate is unknown | WAITING; one fetch a URL |
| ARRIVED | WAITING_MAX wait already | goes on as not verified (436) |
| WAITING | the certificate, or word that there is none | goes on |
| WAITING | WAIT_US | goes on as not verified (436) |
| WAITING | CANCEL, or its transaction is gone | 487, forgotten |
"""

from collections import OrderedDict
from collections.abc import Callable

from cryptography import x509

from switch.base.clock import SECOND
from switch.call.signalling import LegInputMessage
from switch.exchange.office import Office
from switch.sip.outputs import CancelReceived, RequestReceived, TransactionFailed
from switch.trunk.stir.certificates import CertificateError, read_chain
from switch.trunk.stir.passport import SignedPassport
from switch.trunk.stir.settings import CertificateWanted, StirSettings
from switch.trunk.stir.verify import UNREACHABLE, ReplayGuard, Verdict, conclude, examine

WAITING_MAX = 200
"""Calls that wait for certificates: a hundred new ones a second with every certificate unknown."""

WAIT_US = 2 * SECOND
"""A caller hears nothing meanwhile; who signs keeps a certificate where it can be had in a tenth of this."""

URLS_MAX = 500
"""Certificates kept; a country has some hundred providers."""

KEPT_US = 3600 * SECOND
FAILURE_KEPT_US = 30 * SECOND
"""A URL that gave no certificate is not asked again at once: nobody uses us to knock at a door."""

GoOn = Callable[[Verdict, int], None]


class _Waiting:
    """One call that waits: the owner of its transaction, so that its CANCEL is heard."""

    __slots__ = ("desk", "go_on", "message", "office", "settings", "token")

    def __init__(
        self,
        desk: "StirDesk",
        office: Office,
        message: RequestReceived,
        settings: StirSettings,
        token: SignedPassport,
        go_on: GoOn,
    ) -> None:
        self.desk = desk
        self.office = office
        self.message = message
        self.settings = settings
        self.token = token
        self.go_on = go_on

    def receive(self, message: LegInputMessage, now: int) -> None:
        if isinstance(message, CancelReceived):
            self.office.signalling.respond(
                self.message.transaction, self.message.request.make_response(487), now
            )
            self.desk.forget(self)
        elif isinstance(message, TransactionFailed):
            self.desk.forget(self)


def desk(office: Office) -> "StirDesk":
    """The office's, made when the first call is to be verified."""
    if office.stir_desk is None:
        office.stir_desk = StirDesk()
    return office.stir_desk


class StirDesk:
    """What is known of certificates, and who waits for one. One for a switch."""

    __slots__ = ("_chains", "_replays", "_waiting")

    def __init__(self) -> None:
        self._chains: OrderedDict[str, tuple[int, tuple[x509.Certificate, ...] | None]] = OrderedDict()
        self._replays = ReplayGuard()
        self._waiting: dict[str, _Waiting] = {}

    def verify(
        self,
        office: Office,
        message: RequestReceived,
        settings: StirSettings,
        caller: str,
        called: str,
        go_on: GoOn,
        now: int,
    ) -> None:
        """Call `go_on` with the verdict, in this step or later; numbers are E.164."""
        headers = message.request.headers
        wall_s = office.journal.wall(now) // SECOND
        found = examine(headers.fields("Identity"), caller, called, headers.get("Date"), wall_s)
        if isinstance(found, Verdict):
            go_on(found, now)
            return
        if self._replays.is_replayed(found, message.request.call_id, wall_s):
            go_on(Verdict(438, reason="this token was used for another call"), now)
            return
        url = found.passport.x5u
        known = self._chains.get(url)
        waiting = _Waiting(self, office, message, settings, found, go_on)
        if known is not None and known[0] > now:
            self._conclude(waiting, known[1], now)
        elif len(self._waiting) >= WAITING_MAX:
            go_on(UNREACHABLE, now)
        else:
            if all(other.token.passport.x5u != url for other in self._waiting.values()):
                office.outputs.append(CertificateWanted(url, settings.hosts, settings.insecure))
            self._waiting[message.transaction] = waiting
            office.signalling.adopt(message.transaction, waiting)
            office.timers.set(("stir", message.transaction), now + WAIT_US)

    def fetched(self, url: str, pem: bytes | None, now: int) -> None:
        """What was found at a URL; whoever waits for it goes on."""
        chain = None
        if pem is not None:
            try:
                chain = read_chain(pem)
            except CertificateError:
                chain = ()
        self._chains.pop(url, None)
        self._chains[url] = (now + (KEPT_US if chain else FAILURE_KEPT_US), chain)
        if len(self._chains) > URLS_MAX:
            self._chains.popitem(last=False)
        for waiting in [one for one in self._waiting.values() if one.token.passport.x5u == url]:
            self.forget(waiting)
            self._conclude(waiting, chain, now)

    def timed_out(self, transaction: str, now: int) -> None:
        """Nobody came with the certificate in time."""
        waiting = self._waiting.get(transaction)
        if waiting is not None:
            self.forget(waiting)
            waiting.go_on(UNREACHABLE, now)

    def forget(self, waiting: _Waiting) -> None:
        transaction = waiting.message.transaction
        self._waiting.pop(transaction, None)
        waiting.office.signalling.forget_transaction(transaction)
        waiting.office.timers.cancel(("stir", transaction))

    def _conclude(self, waiting: _Waiting, chain: tuple[x509.Certificate, ...] | None, now: int) -> None:
        """Without a chain 436: nothing could be fetched. An empty one is 437: it was no certificate."""
        if chain is None:
            waiting.go_on(UNREACHABLE, now)
        elif not chain:
            waiting.go_on(Verdict(437, reason="no certificate"), now)
        else:
            wall_s = waiting.office.journal.wall(now) // SECOND
            waiting.go_on(conclude(waiting.token, chain, waiting.settings.anchors, wall_s), now)
