"""The transaction layer: every transaction of one switch, in one table with one heap of timers.

What it does for its user (RFC 3261 sections 8.2, 9, 17 and 18, RFC 3581, RFC 6026):
- gives each new request once, each response in order, and a failure where none comes;
- answers what needs no user: malformed requests, unknown methods and URI schemes, merged requests, CANCEL,
  overload;
- repeats on UDP what must be repeated, acknowledges failed INVITEs, absorbs what the peer repeats.

It leaves to the user, as RFC 3261 does: repeating a 2xx to INVITE until its ACK (section 13.3.1.4), the ACK
of a 2xx (`send_ack`), and choosing the flow of a request (section 8.1.2).
"""

from collections.abc import Callable, Collection
from hashlib import blake2s

from switch.base.clock import SECOND
from switch.base.tokens import TokenSource
from switch.sip.flow import Address, Flow, Transport
from switch.sip.message import MAGIC_COOKIE, MessageError, Request, Response, parse, reason_phrase
from switch.sip.outputs import AckReceived, CancelReceived, MessageDropped, Output, StrayAnswer
from switch.sip.transaction.keys import client_key, merge_key, server_base
from switch.sip.transaction.machines import (
    INVITE_CLIENT_ROWS,
    INVITE_SERVER_ROWS,
    NON_INVITE_CLIENT_ROWS,
    NON_INVITE_SERVER_ROWS,
    Sink,
    Timing,
    Transaction,
    make_cancel,
    set_timer,
    settle,
    step,
    stop_timers,
)
from switch.sip.transaction.tables import Input, State
from switch.sip.transport import note_source, response_flow

KNOWN_METHODS = (
    "INVITE",
    "ACK",
    "CANCEL",
    "BYE",
    "OPTIONS",
    "REGISTER",
    "INFO",
    "UPDATE",
    "PRACK",
    "REFER",
    "NOTIFY",
    "SUBSCRIBE",
    "MESSAGE",
    "PUBLISH",
)
"""Methods that are passed to the user, who may still refuse one with 405. Every other is answered 501
here."""

KNOWN_SCHEMES = frozenset({"sip", "sips", "tel"})
"""Request-URIs of other schemes are answered 416 (RFC 3261 section 8.2.2.1)."""

TRANSACTIONS_MAX = 100_000
"""A transaction takes about 4 KB and lingers 32 s on UDP: 400 MB, or some 700 two-leg calls a second."""

UDP_REQUEST_MAX = 1_300
"""Bytes; RFC 3261 section 18.1.1, for a path whose MTU is not known: 1500 less what a tunnel and the answer's
Via fields may take."""

UNSTREAMED_S = 600
"""A peer that refused a stream is not asked again for so long: each of its large requests would wait."""

UNSTREAMED_MAX = 1_000

StreamFor = Callable[[Request, Flow], Flow | None]

RETRY_AFTER_S = 5
"""What an overloaded switch asks of its peers: long enough for a burst to pass, short enough for a caller."""

RETRY_SPREAD_S = 10
"""Over so many seconds what was refused comes back."""

_BRANCH_LENGTH = 20
"""Of 36 letters: 103 bits, so that no stranger guesses a branch of ours (RFC 3261 section 26.1 assumes
it)."""

_KNOWN = frozenset(KNOWN_METHODS)

_OTHER = "OTHER"
_STATELESS_LENGTH = 16
"""Of the To tags that are made from the request alone."""
_EMPTY_LINES = b"\r\n\0"
"""Keep-alives over UDP: empty lines (RFC 3261 section 7.5) and, from some phones, zero bytes."""


class TransactionLayer:
    """RFC 3261 section 17 for one switch. `extensions`: option tags that a Require may name; None leaves it
    to the user."""

    __slots__ = (
        "_allow",
        "_awaiting",
        "_by_key",
        "_extensions",
        "_max_transactions",
        "_merge",
        "_server_name",
        "_sink",
        "_smaller",
        "_unstreamed",
        "drops",
        "pending",
        "stream_for",
        "tokens",
    )

    def __init__(
        self,
        tokens: TokenSource,
        *,
        timing: Timing = Timing(),  # noqa: B008 - frozen, so sharing one default is safe
        server_name: str = "softswitch",
        max_transactions: int = TRANSACTIONS_MAX,
        extensions: Collection[str] | None = None,
    ) -> None:
        self.tokens = tokens
        self._sink = Sink(timing)
        self.pending = self._sink.outputs
        """What `poll` would give: always the same list, so that it is looked at without asking."""
        self._server_name = server_name
        self._max_transactions = max_transactions
        self._extensions = None if extensions is None else frozenset(extensions)
        self._allow = ", ".join(KNOWN_METHODS)
        self._by_key: dict[str, Transaction] = {}
        self._awaiting: dict[str, Transaction] = {}
        """Client transactions that a transport failure can still end: few, so that they can be searched."""
        self._merge: dict[tuple[str, ...], str] = {}
        """Requests without a To tag by From tag, Call-ID and CSeq (RFC 3261 section 8.2.2.2)."""
        self.drops: dict[str, int] = {}
        self.stream_for: StreamFor | None = None
        """Finds the stream for a request that is too large for UDP; its user's, who knows the peers."""
        self._smaller: dict[str, Flow] = {}
        """By transaction that took a stream for its size: the flow that it falls back to."""
        self._unstreamed: dict[Address, int] = {}
        """Peers that refused a stream, and until when they are not asked again."""

    # The endpoint's contract.

    def receive(self, data: bytes, flow: Flow, now: int) -> None:
        """Take one datagram or one framed message of a stream."""
        if not data.strip(_EMPTY_LINES):
            return
        try:
            message = parse(data)
        except MessageError as error:
            self._refuse_malformed(error, flow)
            return
        if isinstance(message, Response):
            self._receive_response(message, flow, now)
        else:
            self._receive_request(message, flow, now)

    def handle_timer(self, now: int) -> None:
        """Fire every timer that is due."""
        timers = self._sink.timers
        while (due := timers.pop(now)) is not None:
            key, timer = due
            transaction = self._by_key[key]
            transaction.timers.remove(timer)
            self._step(transaction, timer, None, transaction.flow, now)

    def next_timer(self) -> int | None:
        """When `handle_timer` is wanted, in microseconds of `now`, or None."""
        return self._sink.timers.next()

    def poll(self) -> list[Output]:
        """What happened since the last poll, in order."""
        pending = self.pending
        outputs = pending[:]
        pending.clear()
        return outputs

    # Verbs of the user.

    def open(self, request: Request, flow: Flow, now: int) -> str:
        """Start a client transaction and send; returns its key. The caller's request is not touched.

        Never refused: whoever makes calls bounds them. ACK and CANCEL have their own verbs.
        """
        assert request.method not in ("ACK", "CANCEL"), "use send_ack and cancel"
        sent = self._with_via(request, flow)
        if flow.transport is Transport.UDP and len(sent.to_bytes()) > UDP_REQUEST_MAX:
            stream = self._stream(request, flow, now)
            if stream is not None:
                key = self._open(self._with_via(request, stream), stream, now).key
                self._smaller[key] = flow
                return key
        return self._open(sent, flow, now).key

    def respond(self, transaction: str, response: Response, now: int) -> None:
        """Answer a request. Harmless if its transaction is gone or has had its final answer.

        A To tag that is missing is filled in. A 2xx to INVITE may be handed in again, until its ACK comes.
        """
        found = self._by_key.get(transaction)
        if found is None:
            return
        self._complete(found, response)
        if response.status < 200:
            event = Input.RESPOND_1XX
        elif response.status < 300:
            event = Input.RESPOND_2XX
        else:
            event = Input.RESPOND_ERROR
        self._step(found, event, response, found.flow, now)

    def turn_away(self, transaction: str, response: Response, now: int) -> None:
        """Answer somebody who has proved nothing: once, and nothing is kept (RFC 3261 section 26.3.2.4).

        Whoever forges a source address would else have us send one answer eleven times to it, and fill the
        table with what lingers. A peer that misses the answer repeats its request and gets another.
        """
        found = self._by_key.get(transaction)
        if found is None or found.data:
            # A peer that has our 100 repeats nothing.
            self.respond(transaction, response, now)
            return
        self._complete(found, response)
        self._sink.send(found.flow, response.to_bytes(), found.method, response.status)
        self._forget(found)

    def cancel(self, transaction: str, now: int, headers: tuple[tuple[str, str], ...] = ()) -> None:
        """Cancel an INVITE of ours (RFC 3261 section 9.1); harmless if it is gone or has its final answer.

        The CANCEL waits for a provisional response. `headers` go into it, such as a Reason. If no final
        answer has come 64*T1 after the CANCEL, the INVITE fails with TIMEOUT.
        """
        found = self._by_key.get(transaction)
        if found is None or found.cancelled:
            return
        assert found.rows is INVITE_CLIENT_ROWS, "only an INVITE of ours can be cancelled"
        if found.state in (State.CALLING, State.PROCEEDING):
            found.cancelled = True
            found.cancel_headers = headers
            self._send_due_cancel(found, now)

    def send_ack(self, request: Request, flow: Flow, now: int) -> None:
        """Send the ACK of a 2xx: a fresh branch, no transaction (RFC 3261 section 13.2.2.4)."""
        del now
        assert request.method == "ACK", "send_ack sends ACKs"
        self._sink.send(flow, self._with_via(request, flow).to_bytes(), "ACK", 0)

    def refuse(self, data: bytes, flow: Flow, now: int) -> None:
        """The same for a switch that is overloaded: a request that opens something new is answered 503 and
        nothing is kept. One that is known already goes its way, because its first copy was taken."""
        try:
            message = parse(data)
        except MessageError as error:
            self._refuse_malformed(error, flow)
            return
        if isinstance(message, Response):
            self._receive_response(message, flow, now)
            return
        if f"{server_base(message)}|{message.method}" in self._by_key:
            self._receive_request(message, flow, now)
            return
        self._sink.count("in", _counted(message.method), 0)
        note_source(message, flow)
        self._answer(message, 503, response_flow(message.via, flow), _spread_retry(message))

    def transport_failed(self, flow: Flow, now: int, branch: str = "") -> None:
        """Bytes cannot go by `flow`: client transactions that await an answer by it fail; where the `branch`
        is known, that of one alone."""
        if branch:
            for method in KNOWN_METHODS:
                found = self._awaiting.get(client_key(branch, method))
                if found is not None and _same_way(found.flow, flow):
                    self._step(found, Input.TRANSPORT_ERROR, None, flow, now)
            return
        for transaction in [t for t in self._awaiting.values() if _same_way(t.flow, flow)]:
            if transaction.key in self._smaller and transaction.state in (State.CALLING, State.TRYING):
                self._fall_back(transaction, now)
                continue
            self._step(transaction, Input.TRANSPORT_ERROR, None, flow, now)

    # For metrics and for tests that count what is left.

    @property
    def open_transactions(self) -> int:
        """Transactions that are not yet terminated."""
        return len(self._by_key)

    @property
    def pending_timers(self) -> int:
        return len(self._sink.timers)

    @property
    def messages(self) -> dict[tuple[str, str, int], int]:
        """Messages by (`in` or `out`, method, status); status 0 for requests, `OTHER` for unknown methods."""
        return self._sink.messages

    # Receiving.

    def _receive_response(self, response: Response, flow: Flow, now: int) -> None:
        method = response.cseq.method
        counts, counted = self._sink.messages, ("in", method if method in _KNOWN else _OTHER, response.status)
        counts[counted] = counts.get(counted, 0) + 1
        vias = response.vias
        if len(vias) > 1:
            # RFC 3261 section 8.1.3.3: it was meant for somebody behind a proxy, which we are not.
            self._drop("several-vias", flow)
            return
        found = self._by_key.get(client_key(vias[0].branch or "", method))
        if found is None:
            self._stray(response, vias[0].branch or "", flow)
            return
        if flow.connection and not found.flow.connection:
            # `net` has opened the connection that was asked for; ACK and CANCEL go by the same one.
            found.flow = flow
        if response.status < 200:
            event = Input.RESPONSE_1XX
        elif response.status < 300:
            event = Input.RESPONSE_2XX
        else:
            event = Input.RESPONSE_ERROR
        self._step(found, event, response, flow, now)

    def _receive_request(self, request: Request, flow: Flow, now: int) -> None:
        method = request.method
        counts, counted = self._sink.messages, ("in", method if method in _KNOWN else _OTHER, 0)
        counts[counted] = counts.get(counted, 0) + 1
        base = server_base(request)
        if method == "ACK":
            self._receive_ack(base, request, flow, now)
            return
        key = f"{base}|{method}"
        found = self._by_key.get(key)
        if found is not None:
            self._step(found, Input.REQUEST, request, flow, now)
            return
        note_source(request, flow)
        back = response_flow(request.via, flow)
        if method == "CANCEL":
            self._receive_cancel(base, request, back, flow, now)
            return
        if not self._refused(request, back):
            self._open_server(key, request, back, flow, now)

    def _receive_ack(self, base: str, request: Request, flow: Flow, now: int) -> None:
        invite = self._by_key.get(f"{base}|INVITE")
        if invite is not None:
            self._step(invite, Input.ACK, request, flow, now)
            return
        tag = request.to.tag
        if tag is None or len(tag) != _STATELESS_LENGTH or tag != _stateless_tag(request):
            self._sink.outputs.append(AckReceived(request, flow))

    def _receive_cancel(self, base: str, request: Request, back: Flow, flow: Flow, now: int) -> None:
        """RFC 3261 section 9.2. The CANCEL gets a transaction of its own, of which the layer is the user."""
        invite = self._by_key.get(f"{base}|INVITE")
        if self._full(request):
            self._answer(request, 503, back, (("Retry-After", str(RETRY_AFTER_S)),))
            return
        cancel = self._open_server(f"{base}|CANCEL", request, back, flow, now, silent=True)
        if invite is None:
            self.respond(cancel.key, request.make_response(481), now)
            return
        # Section 9.2: the answers to the CANCEL and to its INVITE should have the same To tag.
        tag = invite.to_tag or _stateless_tag(invite.request)
        self.respond(cancel.key, request.make_response(200, to_tag=tag), now)
        if invite.state is State.PROCEEDING and not invite.cancelled:
            invite.cancelled = True
            self._sink.outputs.append(CancelReceived(invite.key, request))

    def _open_server(
        self, key: str, request: Request, back: Flow, flow: Flow, now: int, *, silent: bool = False
    ) -> Transaction:
        rows = INVITE_SERVER_ROWS if request.method == "INVITE" else NON_INVITE_SERVER_ROWS
        transaction = Transaction(key, rows, request, back, request.method)
        transaction.silent = silent
        tag = request.to.tag
        if tag:
            transaction.to_tag = tag
        elif not silent:
            transaction.merge_key = merge_key(request)
            self._merge[transaction.merge_key] = key
        self._by_key[key] = transaction
        self._step(transaction, Input.REQUEST, request, flow, now)
        return transaction

    # Answers that need no user.

    def _refused(self, request: Request, back: Flow) -> bool:
        """RFC 3261 section 8.2, as far as a transaction layer can judge: method, URI, merging, Require,
        overload."""
        if request.method not in _KNOWN:
            self._answer(request, 501, back, (("Allow", self._allow),))
        elif request.uri.scheme not in KNOWN_SCHEMES:
            self._answer(request, 416, back)
        elif not request.to.tag and self._merge and merge_key(request) in self._merge:
            self._answer(request, 482, back)
        elif self._extensions is not None and (unknown := set(request.require) - self._extensions):
            self._answer(request, 420, back, (("Unsupported", ", ".join(sorted(unknown))),))
        elif self._full(request):
            self._answer(request, 503, back, (("Retry-After", str(RETRY_AFTER_S)),))
        else:
            return False
        return True

    def _full(self, request: Request) -> bool:
        """A quarter more is kept for what ends calls: refusing a BYE would only keep the switch full."""
        bound = self._max_transactions
        if request.to.tag or request.method == "CANCEL":
            bound += bound // 4
        return len(self._by_key) >= bound

    def _refuse_malformed(self, error: MessageError, flow: Flow) -> None:
        request = error.request
        if error.status is None or request is None:
            self._drop("malformed", flow)
            return
        self._sink.count("in", _counted(request.method), 0)
        back = flow
        try:
            note_source(request, flow)
            back = response_flow(request.via, flow)
        except MessageError:
            # The Via itself is the trouble: then the source is all that is known of the way back.
            pass
        self._answer(request, error.status, back, reason=f"{reason_phrase(error.status)} - {error.reason}")

    def _answer(
        self,
        request: Request,
        status: int,
        back: Flow,
        headers: tuple[tuple[str, str], ...] = (),
        reason: str | None = None,
    ) -> None:
        """Answer without keeping state (RFC 3261 section 8.2.7): the same request gets the same To tag."""
        response = request.make_response(status, reason, to_tag=_stateless_tag(request), headers=headers)
        response.headers.add("Server", self._server_name)
        self._sink.send(back, response.to_bytes(), _counted(request.method), status)

    def _stray(self, response: Response, branch: str, flow: Flow) -> None:
        """Too late, or invented. A 2xx to an INVITE is somebody who waits to be heard (section 13.2.2.4)."""
        ours = branch.startswith(MAGIC_COOKIE) and len(branch) == len(MAGIC_COOKIE) + _BRANCH_LENGTH
        if ours and 200 <= response.status < 300 and response.cseq.method == "INVITE":
            self._sink.outputs.append(StrayAnswer(response, flow))
        else:
            self._drop("stray-response", flow)

    def _drop(self, reason: str, flow: Flow) -> None:
        self.drops[reason] = self.drops.get(reason, 0) + 1
        self._sink.outputs.append(MessageDropped(reason, flow))

    # Sending.

    def _stream(self, request: Request, flow: Flow, now: int) -> Flow | None:
        if self.stream_for is None:
            return None
        until = self._unstreamed.get(flow.remote)
        if until is not None and until > now:
            return None
        return self.stream_for(request, flow)

    def _fall_back(self, transaction: Transaction, now: int) -> None:
        """The peer takes no stream (RFC 3261 section 18.1.1): the same request by UDP after all."""
        flow = self._smaller.pop(transaction.key)
        if len(self._unstreamed) >= UNSTREAMED_MAX:
            del self._unstreamed[next(iter(self._unstreamed))]
        self._unstreamed[flow.remote] = now + UNSTREAMED_S * SECOND
        request, sink = transaction.request, self._sink
        stop_timers(transaction, sink)
        via = f"SIP/2.0/UDP {flow.local};rport;branch={request.via.branch}"
        request.headers.replace_first("Via", via)
        transaction.flow, transaction.data = flow, request.to_bytes()
        transaction.state = State.NEW
        self._step(transaction, Input.START, None, flow, now)

    def _with_via(self, request: Request, flow: Flow) -> Request:
        headers = request.headers.copy()
        branch = MAGIC_COOKIE + self.tokens.token(_BRANCH_LENGTH)
        headers.prepend("Via", f"SIP/2.0/{flow.transport} {flow.local};rport;branch={branch}")
        if "Max-Forwards" not in headers:
            headers.add("Max-Forwards", "70")
        if "User-Agent" not in headers:
            headers.add("User-Agent", self._server_name)
        return Request(request.method, request.uri, headers, request.body)

    def _open(self, sent: Request, flow: Flow, now: int, *, silent: bool = False) -> Transaction:
        method = sent.method
        rows = INVITE_CLIENT_ROWS if method == "INVITE" else NON_INVITE_CLIENT_ROWS
        key = client_key(sent.via.branch or "", method)
        transaction = Transaction(key, rows, sent, flow, _counted(method))
        transaction.silent = silent
        transaction.data = sent.to_bytes()
        self._by_key[key] = self._awaiting[key] = transaction
        self._step(transaction, Input.START, None, flow, now)
        return transaction

    def _complete(self, transaction: Transaction, response: Response) -> None:
        """Fill in the To tag and Server where the user left them out."""
        headers = response.headers
        if response.status > 100:
            to = headers.get("To") or ""
            if ";tag=" not in to and not response.to.tag:
                transaction.to_tag = transaction.to_tag or _stateless_tag(transaction.request)
                headers.set("To", f"{to};tag={transaction.to_tag}")
            elif not transaction.to_tag:
                transaction.to_tag = response.to.tag or ""
        if "Server" not in headers:
            headers.add("Server", self._server_name)

    def _send_due_cancel(self, invite: Transaction, now: int) -> None:
        if invite.cancel_headers is None or invite.state is not State.PROCEEDING:
            return
        request = make_cancel(invite.request, invite.cancel_headers)
        invite.cancel_headers = None
        set_timer(invite, Input.TIMER_CANCEL, now + self._sink.timing.timeout_us, self._sink)
        self._open(request, invite.flow, now, silent=True)

    def _step(
        self, transaction: Transaction, event: Input, message: Request | Response | None, flow: Flow, now: int
    ) -> None:
        """One step, and what the layer itself must do after it."""
        step(transaction, event, message, flow, now, self._sink)
        state = transaction.state
        if state is State.TERMINATED:
            self._forget(transaction)
        elif state is State.PROCEEDING:
            if transaction.cancel_headers is not None:
                self._send_due_cancel(transaction, now)
        elif (state, Input.TRANSPORT_ERROR) not in transaction.rows:
            self._awaiting.pop(transaction.key, None)
            settle(transaction, event)

    def _forget(self, transaction: Transaction) -> None:
        stop_timers(transaction, self._sink)
        self._by_key.pop(transaction.key, None)
        self._awaiting.pop(transaction.key, None)
        if self._smaller:
            self._smaller.pop(transaction.key, None)
        merge_key = transaction.merge_key
        if merge_key is not None and self._merge.get(merge_key) == transaction.key:
            del self._merge[merge_key]


def _counted(method: str) -> str:
    return method if method in _KNOWN else _OTHER


def _spread_retry(request: Request) -> tuple[tuple[str, str], ...]:
    """A Retry-After that differs from phone to phone: a shift that was refused together must not come back
    together."""
    spread = sum(request.call_id.encode()) % RETRY_SPREAD_S
    return (("Retry-After", str(RETRY_AFTER_S + spread)),)


def _stateless_tag(request: Request) -> str:
    """A To tag made from the request, so that a repeated one, and the ACK of a refusal, are recognised
    without state."""
    fields = request.headers
    via = fields.get("Via") or ""
    branch = via.partition("branch=")[2].partition(";")[0].partition(",")[0]
    number = (fields.get("CSeq") or "").partition(" ")[0]
    text = "|".join((branch, fields.get("Call-ID") or "", fields.get("From") or "", number))
    return blake2s(text.encode(), digest_size=_STATELESS_LENGTH // 2).hexdigest()


def _same_way(ours: Flow, failed: Flow) -> bool:
    if ours.connection and failed.connection:
        return ours.connection == failed.connection
    return ours.transport is failed.transport and ours.remote == failed.remote
