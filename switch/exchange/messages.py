"""MESSAGE (RFC 3428): an event for the tenant in the journal, and passed on to the phones that it is for.

Nothing is kept for a phone that is not there, which the sender is told (480): this is no mailbox.
"""

from switch.base.clock import MINUTE
from switch.call.signalling import LegInputMessage, Signalling
from switch.exchange.office import Office
from switch.exchange.senders import Sender, sender
from switch.journal import events as journal
from switch.sip.message import NameAddr, Request, Response, Uri
from switch.sip.outputs import RequestReceived, ResponseReceived, TransactionFailed
from switch.tenant.entry import ExtensionDestination, Unknown
from switch.tenant.names import wire_name

TEXT_BYTES_MAX = 1300
"""RFC 3428 section 8: more may not travel outside a session."""

PER_MINUTE_MAX = 30
"""Of one sender: a person types less; a phone that loops fills no journal."""

SENDERS_MAX = 10_000
"""Senders counted in one minute; who comes after is refused until it is over."""

PHONES_MAX = 8


class MessageBook:
    """How many messages each sender sent in the minute that runs."""

    __slots__ = ("_counts", "_until")

    def __init__(self) -> None:
        self._counts: dict[Sender, int] = {}
        self._until = 0

    def admits(self, who: Sender, now: int) -> bool:
        """Count one; False where it is too many."""
        if now >= self._until:
            self._counts, self._until = {}, now + MINUTE
        count = self._counts.get(who, 0)
        if count >= PER_MINUTE_MAX or (not count and len(self._counts) >= SENDERS_MAX):
            return False
        self._counts[who] = count + 1
        return True


class Delivery:
    """The owner of what is passed on: its answers concern nobody any more."""

    __slots__ = ("_signalling",)

    def __init__(self, signalling: Signalling) -> None:
        self._signalling = signalling

    def receive(self, message: LegInputMessage, now: int) -> None:
        del now
        if isinstance(message, ResponseReceived) and message.response.status < 200:
            return
        if isinstance(message, ResponseReceived | TransactionFailed):
            self._signalling.forget_transaction(message.transaction)


OURS = ("Softswitch", "softswitch")
"""Who the switch itself is, as a phone shows it."""


def answer(office: Office, message: RequestReceived, now: int) -> Response:
    """The answer to a MESSAGE outside any call."""
    request = message.request
    kind = (request.content_type or "text/plain").partition(";")[0].strip().lower()
    if kind != "text/plain":
        return request.make_response(415, headers=[("Accept", "text/plain")])
    if len(request.body) > TEXT_BYTES_MAX:
        return request.make_response(413)
    who = sender(office, message, now)
    if isinstance(who, Response):
        return who
    if office.messages is None:
        office.messages = MessageBook()
    if not office.messages.admits(who, now):
        return request.make_response(503, headers=[("Retry-After", "60")])
    return _to_tenant(office, request, who, now) if who.trunk else _from_account(office, request, who, now)


def _to_tenant(office: Office, request: Request, who: Sender, now: int) -> Response:
    """From a carrier: to a public number, for the journal."""
    trunks = office.parts.trunks
    called = trunks.normalise(who.trunk, request.uri.user or "")
    owner = office.parts.directory.by_number(called)
    if owner is None:
        return request.make_response(404)
    caller = trunks.normalise(who.trunk, request.from_.uri.user or "")
    _write(office, owner[0], who.trunk, caller, called, request, now)
    return request.make_response(200)


def _from_account(office: Office, request: Request, who: Sender, now: int) -> Response:
    named = request.uri.user or ""
    destination = office.parts.directory.resolve(who.tenant, named, who.account)
    if named and isinstance(destination, Unknown):
        return request.make_response(destination.status)
    status = 200
    if isinstance(destination, ExtensionDestination):
        status = 202 if _deliver(office, request, who, destination.account, now) else 480
    _write(office, who.tenant, who.account, who.account, named, request, now)
    return request.make_response(status)


def _deliver(office: Office, request: Request, who: Sender, account: str, now: int) -> bool:
    """To every phone of the account; False where there is none."""
    shown, user = _name(office, who), wire_name(who.tenant, who.account)
    kind = request.headers.get("Content-Type") or "text/plain"
    return _send(office, (shown, user), wire_name(who.tenant, account), kind, request.body, now)


def tell(office: Office, tenant: str, account: str, text: str, now: int) -> bool:
    """A text of the switch's own to every phone of the account; False where there is none."""
    return _send(office, OURS, wire_name(tenant, account), "text/plain;charset=UTF-8", text.encode(), now)


def _send(office: Office, sent_by: tuple[str, str], name: str, kind: str, body: bytes, now: int) -> bool:
    tokens = office.parts.tokens
    bindings = office.parts.registrar.bindings(name, now)[:PHONES_MAX]
    for binding in bindings:
        host = binding.flow.local.host
        from_ = NameAddr(sent_by[0], Uri(user=sent_by[1], host=host))
        headers = [
            *(("Route", route) for route in binding.path),
            ("Max-Forwards", "70"),
            ("From", str(from_.with_tag(tokens.token(10)))),
            ("To", str(NameAddr("", Uri(user=name, host=host)))),
            ("Call-ID", f"{tokens.token(20)}@{host}"),
            ("CSeq", "1 MESSAGE"),
            ("Content-Type", kind),
        ]
        passed_on = Request("MESSAGE", binding.contact, headers, body)
        office.signalling.open(passed_on, binding.flow, Delivery(office.signalling), now)
    return bool(bindings)


def _name(office: Office, who: Sender) -> str:
    plan = office.parts.tenancies[who.tenant].plan.accounts.get(who.account)
    return "" if plan is None else plan.display


def _write(
    office: Office, tenant: str, source: str, sent_by: str, sent_to: str, request: Request, now: int
) -> None:
    text = request.body.decode("utf-8", "replace")
    office.journal.write(journal.MessageReceived(sent_by, sent_to[:64], source, text), now, tenant=tenant)
