"""Dialogs (RFC 3261 section 12): what two user agents remember of each other between their requests.

A dialog builds requests and judges incoming ones. It sends nothing, and it does not know its usages: whoever
owns it decides when it is confirmed and when it is over. The route set is kept as text, for it is only ever
copied.
"""

from collections.abc import Iterable
from enum import StrEnum

from switch.sip.message import Headers, NameAddr, Request, Response, Uri

DialogKey = tuple[str, str, str]
"""Call-ID, local tag, remote tag. A tag that an RFC 2543 peer leaves out is ""."""

_WITH_CONTACT = frozenset({"INVITE", "UPDATE", "SUBSCRIBE", "REFER", "NOTIFY"})
"""Requests that refresh the remote target, and so must say where we are (RFC 3261 section 12.2, RFC 6665)."""

_MAX_FORWARDS = "70"


class DialogState(StrEnum):
    """RFC 3261 section 12."""

    EARLY = "Early"
    CONFIRMED = "Confirmed"
    TERMINATED = "Terminated"


class Dialog:
    """One side of one dialog. `local` and `remote` carry the tags; `local_cseq` is the last number used."""

    __slots__ = (
        "call_id",
        "local",
        "local_contact",
        "local_cseq",
        "remote",
        "remote_cseq",
        "remote_target",
        "route_set",
        "state",
    )

    def __init__(
        self,
        call_id: str,
        *,
        local: NameAddr,
        remote: NameAddr,
        remote_target: Uri,
        local_contact: NameAddr,
    ) -> None:
        self.call_id = call_id
        self.local = local
        self.remote = remote
        self.remote_target = remote_target
        self.local_contact = local_contact
        self.route_set: tuple[NameAddr, ...] = ()
        self.local_cseq = 0
        self.remote_cseq: int | None = None
        self.state = DialogState.EARLY

    @classmethod
    def as_uas(cls, request: Request, local_tag: str, local_contact: NameAddr | Uri) -> "Dialog":
        """The dialog that answering `request` with `local_tag` makes (RFC 3261 section 12.1.1); EARLY.

        Where an RFC 2543 peer sent no Contact, its From is the target.
        """
        contact = request.contact
        dialog = cls(
            request.call_id,
            local=request.to.with_tag(local_tag),
            remote=request.from_,
            remote_target=request.from_.uri if contact is None else contact.uri,
            local_contact=_as_contact(local_contact),
        )
        dialog.route_set = request.record_routes
        dialog.remote_cseq = request.cseq.number
        return dialog

    @classmethod
    def as_uac(cls, request: Request, response: Response, local_contact: NameAddr | Uri) -> "Dialog":
        """The dialog that `response` makes of our `request` (section 12.1.2): EARLY for 1xx, else
        CONFIRMED."""
        dialog = cls(
            request.call_id,
            local=request.from_,
            remote=response.to,
            remote_target=request.uri,
            local_contact=_as_contact(local_contact),
        )
        dialog.local_cseq = request.cseq.number
        dialog._learn(response)
        if response.status >= 200:
            dialog.state = DialogState.CONFIRMED
        return dialog

    @property
    def key(self) -> DialogKey:
        return (self.call_id, self.local.tag or "", self.remote.tag or "")

    @property
    def next_hop(self) -> Uri:
        """Where requests of this dialog are sent first: the first route, or the remote target."""
        return self.route_set[0].uri if self.route_set else self.remote_target

    def confirm(self, response: Response | None = None) -> None:
        """A 2xx was sent, or came. The caller's side learns routes and target anew from it (section
        13.2.2.4)."""
        if self.state is DialogState.TERMINATED:
            return
        if response is not None and self.state is DialogState.EARLY:
            self._learn(response)
        self.state = DialogState.CONFIRMED

    def terminate(self) -> None:
        self.state = DialogState.TERMINATED

    def refresh(self, message: Request | Response) -> None:
        """Take the peer's new Contact from a target refresh request or its 2xx (section 12.2); else
        nothing."""
        contact = message.contact
        if contact is not None:
            self.remote_target = contact.uri

    def check(self, request: Request) -> int | None:
        """Judge a request of the peer in this dialog: None and its CSeq noted, or the status that refuses it.

        481 when the dialog is over; 500 when the CSeq is not above the last (section 12.2.2). An ACK carries
        the number of its INVITE and is not counted. A repeated number is refused too: real retransmissions
        end in the transaction layer, so this one is a second request under the first one's number.
        """
        if self.state is DialogState.TERMINATED:
            return 481
        if request.method == "ACK":
            return None
        number = request.cseq.number
        if self.remote_cseq is not None and number <= self.remote_cseq:
            return 500
        self.remote_cseq = number
        return None

    def request(
        self,
        method: str,
        *,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        content_type: str | None = None,
    ) -> Request:
        """The next request of our side (section 12.2.1.1); the CSeq counts up. ACK is `ack`, CANCEL the
        layer's."""
        assert method not in ("ACK", "CANCEL"), "ACK and CANCEL take the number of their INVITE"
        self.local_cseq += 1
        return self._build(method, self.local_cseq, headers, body, content_type)

    def ack(
        self,
        cseq_number: int,
        *,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        content_type: str | None = None,
    ) -> Request:
        """The ACK of a 2xx to our INVITE of that number (section 13.2.2.4), with the INVITE's credentials."""
        return self._build("ACK", cseq_number, headers, body, content_type)

    def _build(
        self,
        method: str,
        number: int,
        headers: Iterable[tuple[str, str]],
        body: bytes,
        content_type: str | None,
    ) -> Request:
        uri, routes = self._targets()
        items = [("Route", str(route)) for route in routes]
        items += [
            ("Max-Forwards", _MAX_FORWARDS),
            ("From", str(self.local)),
            ("To", str(self.remote)),
            ("Call-ID", self.call_id),
            ("CSeq", f"{number} {method}"),
        ]
        if method in _WITH_CONTACT:
            items.append(("Contact", str(self.local_contact)))
        items.extend(headers)
        if content_type is not None:
            items.append(("Content-Type", content_type))
        return Request(method, uri, Headers(items), body)

    def _targets(self) -> tuple[Uri, tuple[NameAddr, ...]]:
        """Request-URI and Route (section 12.2.1.1). A first route without `lr` is a strict router of RFC
        2543.

        It wants itself in the Request-URI and the real target at the end of the route.
        """
        target = self.remote_target
        if target.headers:
            # Header fields of a Contact are for whoever follows it, not for a Request-URI (section 19.1.1).
            target = _without_headers(target)
        if not self.route_set or self.route_set[0].uri.param("lr") is not None:
            return target, self.route_set
        first = _without_headers(self.route_set[0].uri)
        return first, (*self.route_set[1:], NameAddr("", target))

    def _learn(self, response: Response) -> None:
        self.route_set = tuple(reversed(response.record_routes))
        self.refresh(response)


def key_of_request(request: Request) -> DialogKey:
    """The dialog that a request from the peer names: its To tag is ours."""
    return (request.call_id, request.to.tag or "", request.from_.tag or "")


def key_of_response(response: Response) -> DialogKey:
    """The dialog that a response to our request names: its From tag is ours."""
    return (response.call_id, response.from_.tag or "", response.to.tag or "")


def _as_contact(contact: NameAddr | Uri) -> NameAddr:
    return NameAddr("", contact) if isinstance(contact, Uri) else contact


def _without_headers(uri: Uri) -> Uri:
    if not uri.headers:
        return uri
    return Uri(uri.scheme, uri.user, uri.password, uri.host, uri.port, uri.params)
