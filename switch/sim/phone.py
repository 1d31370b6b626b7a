"""A model phone: registers, places and takes calls, and can vanish. A carrier is one that never registers.

It shares the message, transaction and dialog layers with the switch, and nothing above them: what a phone
decides is written here a second time, so that the two sides do not agree by construction.
"""

from dataclasses import dataclass
from typing import Protocol

from switch.base.clock import SECOND
from switch.base.timers import TimerHeap
from switch.base.tokens import SeededTokens
from switch.sim.phone_call import CallState, PhoneCall, session_of, sip_uri
from switch.sim.phone_request import PhoneRequest
from switch.sip import digest
from switch.sip.dialog import DialogKey, key_of_request
from switch.sip.flow import Address, Flow, Transport
from switch.sip.message import Request, Response
from switch.sip.outputs import (
    AckReceived,
    CancelReceived,
    Output,
    RequestReceived,
    ResponseReceived,
    SendBytes,
    TransactionFailed,
)
from switch.sip.transaction.layer import TransactionLayer
from switch.sip.uri import Uri

EXPIRES_S = 300
REGISTER_AGAIN_US = 5 * SECOND
"""After a registration that failed."""

MEDIA_PORT = 30_000


class Air(Protocol):
    """Where audio goes: the engine on the other side."""

    def speak(self, phone: Address) -> None: ...

    def fall_silent(self, phone: Address, now: int) -> None: ...

    def press(self, port: int, digit: str, now: int) -> None: ...


class Person:
    """Whoever holds the phone. Each method is told once; this one lets everything ring and does nothing."""

    def incoming(self, call: PhoneCall, now: int) -> None:
        """The phone rings."""

    def talks(self, call: PhoneCall, now: int) -> None:
        """The call is answered, by either side."""

    def ended(self, call: PhoneCall, now: int) -> None:
        """The call is over; `call.status` says how."""

    def transferred(self, call: PhoneCall, status: int, now: int) -> None:
        """News of a transfer that this phone asked for; 200 and above is final."""


@dataclass(frozen=True, slots=True)
class Identity:
    """`user` is the name in the address; without a `password` the phone neither registers nor answers
    challenges."""

    user: str
    password: str = ""


class Phone:
    """An endpoint: `receive`, `handle_timer`, `next_timer`, and bytes for the switch in `outbox`.

    `stirred` is where it says that there may be something new to take: bytes, or another time to be woken.
    """

    def __init__(
        self,
        identity: Identity,
        address: Address,
        switch: Address,
        air: Air,
        seed: int,
        stirred: dict[Address, None],
    ) -> None:
        self.identity = identity
        self.address = address
        self.switch = switch
        self.air = air
        self.person = Person()
        self._stirred = stirred
        self.alive = True
        self.registered = False
        self.calls: list[PhoneCall] = []
        self.outbox: list[bytes] = []
        self.timers: TimerHeap[tuple[str, int]] = TimerHeap()
        self._tokens = SeededTokens(seed)
        self._calls_made = 0
        self._forget_all()
        self.contact = sip_uri(identity.user, address)

    # The endpoint's contract.

    def receive(self, data: bytes, now: int) -> None:
        """One datagram of the switch; lost on a phone that has vanished."""
        if self.alive:
            self.layer.receive(data, self._flow, now)
            self.drain(now)

    def handle_timer(self, now: int) -> None:
        """Everything that is due."""
        self.layer.handle_timer(now)
        while (key := self.timers.pop(now)) is not None:
            kind, number = key
            if kind == "register":
                self._send_register(EXPIRES_S, now)
            else:
                call = next((call for call in self.calls if call.number == number), None)
                if call is not None:
                    call.handle_timer(now)
        self.drain(now)

    def next_timer(self) -> int | None:
        """When `handle_timer` is wanted."""
        own, theirs = self.timers.next(), self.layer.next_timer()
        if own is None or theirs is None:
            return theirs if own is None else own
        return min(own, theirs)

    # Verbs of the person.

    def register(self, now: int) -> None:
        """Bind this phone, and keep it bound."""
        self._send_register(EXPIRES_S, now)
        self.drain(now)

    def unregister(self, now: int) -> None:
        """Remove the binding."""
        self.timers.cancel(("register", 0))
        self._send_register(0, now)
        self.drain(now)

    def call(
        self, number: str, now: int, caller: str = "", extra: tuple[tuple[str, str], ...] = ()
    ) -> PhoneCall:
        """Dial. `caller` is shown instead of the phone's own name: a carrier calls for many; `extra` are
        further headers of the INVITE."""
        self._calls_made += 1
        media = self._media()
        headers = [
            ("Max-Forwards", "70"),
            ("From", str(sip_uri(caller or self.identity.user, self.switch).with_tag(self._tokens.token(8)))),
            ("To", str(sip_uri(number, self.switch))),
            ("Call-ID", self._tokens.token(16)),
            ("CSeq", "1 INVITE"),
            ("Contact", str(self.contact)),
            *extra,
            ("Content-Type", "application/sdp"),
        ]
        body = session_of(media, self._calls_made, 1, "sendrecv")
        invite = Request("INVITE", sip_uri(number, self.switch).uri, headers, body)
        call = PhoneCall(self, invite, media, number=self._calls_made)
        self.calls.append(call)
        call.dialled(invite, now)
        self.drain(now)
        return call

    def vanish(self, now: int) -> None:
        """Power lost: no goodbye to anybody, and nothing remembered."""
        for call in self.calls:
            self.air.fall_silent(call.media, now)
            call.state = CallState.ENDED
        self.calls = []
        self.alive = self.registered = False
        self._forget_all()
        self.drain(now)

    def come_back(self, now: int) -> None:
        """Power is there again: the phone registers anew."""
        self.alive = True
        if self.identity.password:
            self.register(now)

    def ask(
        self,
        method: str,
        user: str,
        now: int,
        headers: tuple[tuple[str, str], ...] = (),
        body: bytes = b"",
        content_type: str | None = None,
    ) -> PhoneRequest:
        """A request outside any call: to somebody, or to the switch itself where `user` is empty."""
        target = Uri(user=user or None, host=self.switch.host, port=self.switch.port)
        fields = [
            ("Max-Forwards", "70"),
            ("From", str(sip_uri(self.identity.user, self.switch).with_tag(self._tokens.token(8)))),
            ("To", f"<{target}>"),
            ("Call-ID", self._tokens.token(16)),
            ("CSeq", f"1 {method}"),
            ("Contact", str(self.contact)),
            *headers,
        ]
        if content_type is not None:
            fields.append(("Content-Type", content_type))
        asked = PhoneRequest(self, Request(method, target, fields, body))
        asked.send(now)
        self.drain(now)
        return asked

    # For its calls and requests.

    def open(self, call: PhoneCall | PhoneRequest, request: Request, now: int) -> str:
        """Send a request of a call; what answers it goes there."""
        transaction = self.layer.open(request, self._flow, now)
        self._by_transaction[transaction] = call
        return transaction

    def forget(self, transaction: str) -> None:
        self._by_transaction.pop(transaction, None)

    def bind(self, call: PhoneCall | PhoneRequest) -> None:
        """The switch's requests of this dialog belong to `call`."""
        assert call.dialog is not None
        self._by_dialog[call.dialog.key] = call

    def ack(self, request: Request, now: int) -> None:
        self.layer.send_ack(request, self._flow, now)

    def keep_acknowledging(self, response: Response, ack: Request) -> None:
        """A 2xx that is repeated after its transaction is forgotten is acknowledged all the same."""
        self._late_acks[response.call_id, response.cseq.number] = ack

    def over(self, call: PhoneCall) -> None:
        """Nothing of the call is left."""
        self.timers.cancel(("answer", call.number))
        self.calls = [other for other in self.calls if other is not call]
        if call.dialog is not None:
            self._by_dialog.pop(call.dialog.key, None)
        for transaction in [key for key, owner in self._by_transaction.items() if owner is call]:
            del self._by_transaction[transaction]

    def credentials_for(self, request: Request, response: Response) -> tuple[str, str] | None:
        """The header that answers a challenge, once; None where there is nothing to answer it with."""
        header = "WWW-Authenticate" if response.status == 401 else "Proxy-Authenticate"
        name = "Authorization" if response.status == 401 else "Proxy-Authorization"
        challenge = digest.best_challenge(response.headers.fields(header))
        if challenge is None or not self.identity.password or name in request.headers:
            return None
        return name, self._credentials(challenge, request.method, str(request.uri))

    def authorise(self, call: PhoneCall, response: Response, now: int) -> bool:
        """Dial again with credentials; False where there are none, or where they were refused."""
        invite = call.invite
        challenge = digest.best_challenge(response.headers.fields("Proxy-Authenticate"))
        if challenge is None or not self.identity.password or "Proxy-Authorization" in invite.headers:
            return False
        again = invite.copy()
        again.headers.set("CSeq", f"{invite.cseq.number + 1} INVITE")
        again.headers.add("Proxy-Authorization", self._credentials(challenge, "INVITE", str(invite.uri)))
        call.dialled(again, now)
        if call.hung_up_here:
            call.hang_up(now)
        return True

    def drain(self, now: int) -> None:
        """Take what the transactions gave, until they give nothing more."""
        self._stirred[self.address] = None
        while outputs := self.layer.poll():
            for output in outputs:
                self._take(output, now)

    # Steps.

    def _take(self, output: Output, now: int) -> None:
        if isinstance(output, SendBytes):
            self.outbox.append(output.data)
        elif isinstance(output, ResponseReceived):
            self._response(output, now)
        elif isinstance(output, RequestReceived):
            self._request(output, now)
        elif isinstance(output, AckReceived):
            call = self._by_dialog.get(key_of_request(output.request))
            if isinstance(call, PhoneCall):
                call.acknowledged(now)
        elif isinstance(output, TransactionFailed | CancelReceived):
            call = self._by_transaction.get(output.transaction)
            if call is None:
                if isinstance(output, TransactionFailed) and output.method == "REGISTER":
                    self._register_again(now)
            elif isinstance(output, TransactionFailed):
                call.failed(output, now)
            elif isinstance(call, PhoneCall):
                call.cancel(output, now)

    def _response(self, message: ResponseReceived, now: int) -> None:
        response = message.response
        if response.cseq.method == "REGISTER":
            if response.status >= 200:
                self._registered(response, now)
            return
        ack = self._late_acks.get((response.call_id, response.cseq.number))
        if ack is not None and response.cseq.method == "INVITE":
            self.ack(ack, now)
        elif (call := self._by_transaction.get(message.transaction)) is not None:
            call.response(message, now)

    def _request(self, message: RequestReceived, now: int) -> None:
        request = message.request
        owner = self._by_dialog.get(key_of_request(request))
        if owner is not None:
            owner.request(message, now)
        elif request.method == "INVITE" and request.to.tag is None:
            self._incoming(message, now)
        else:
            self.layer.respond(message.transaction, request.make_response(481), now)

    def _incoming(self, message: RequestReceived, now: int) -> None:
        self._calls_made += 1
        call = PhoneCall(self, message.request, self._media(), number=self._calls_made)
        self.calls.append(call)
        self._by_transaction[message.transaction] = call
        call.rings(message.transaction, self._tokens.token(8), now)
        self.bind(call)
        self.person.incoming(call, now)

    # Registration.

    def _send_register(self, expires_s: int, now: int, credentials: str = "") -> None:
        self._register_cseq += 1
        self._expires_s = expires_s
        own = str(sip_uri(self.identity.user, self.switch))
        headers = [
            ("Max-Forwards", "70"),
            ("From", f"{own};tag={self._register_tag}"),
            ("To", own),
            ("Call-ID", self._register_call),
            ("CSeq", f"{self._register_cseq} REGISTER"),
            ("Contact", str(self.contact)),
            ("Expires", str(expires_s)),
        ]
        if credentials:
            headers.append(("Authorization", credentials))
        uri = Uri(host=self.switch.host, port=self.switch.port)
        self._authorised = bool(credentials)
        self.layer.open(Request("REGISTER", uri, headers), self._flow, now)

    def _registered(self, response: Response, now: int) -> None:
        if response.cseq.number != self._register_cseq:
            return
        challenge = digest.best_challenge(response.headers.fields("WWW-Authenticate"))
        if response.status == 401 and challenge is not None and not self._authorised:
            uri = str(Uri(host=self.switch.host, port=self.switch.port))
            self._send_register(self._expires_s, now, self._credentials(challenge, "REGISTER", uri))
        elif response.status == 200:
            self.registered = self._expires_s > 0
            if self.registered:
                self.timers.set(("register", 0), now + self._expires_s * SECOND // 2)
        else:
            self._register_again(now)

    def _register_again(self, now: int) -> None:
        self.registered = False
        if self._expires_s:
            self.timers.set(("register", 0), now + REGISTER_AGAIN_US)

    def _credentials(self, challenge: str, method: str, uri: str) -> str:
        cnonce = self._tokens.token(12)
        return digest.answer(challenge, method, uri, self.identity.user, self.identity.password, cnonce)

    def _media(self) -> Address:
        """A port of its own for each call, so that nobody is taken for somebody else."""
        return Address(self.address.host, MEDIA_PORT + 2 * (self._calls_made % 10_000))

    def _forget_all(self) -> None:
        """What a phone that starts has in its memory."""
        self.layer = TransactionLayer(self._tokens, server_name="phone")
        self._flow = Flow(Transport.UDP, self.address, self.switch)
        self._by_transaction: dict[str, PhoneCall | PhoneRequest] = {}
        self._by_dialog: dict[DialogKey, PhoneCall | PhoneRequest] = {}
        self._late_acks: dict[tuple[str, int], Request] = {}
        self._register_call = self._tokens.token(16)
        self._register_tag = self._tokens.token(8)
        self._register_cseq = 0
        self._expires_s = EXPIRES_S
        self._authorised = False
        self.timers = TimerHeap()
        self.outbox = []
