"""One call as a phone sees it. Written from RFC 3261 for this side alone: nothing of `switch.call` is used.

| state | what it is | ends |
| --- | --- | --- |
| CALLING | our INVITE has no final answer | 2xx, a failure, or CANCEL |
| RINGING | the switch's INVITE has no final answer | `answer`, `decline`, or CANCEL |
| ANSWERING | our 2xx is repeated until the ACK comes | ACK, or 64*T1 without it |
| TALKING | the dialog stands | BYE, ours or theirs |
| ENDING | our BYE waits for its answer | any answer, or 64*T1 |
| ENDED | nothing is left | |
"""

from enum import Enum
from typing import TYPE_CHECKING
from urllib.parse import quote

from switch.base.clock import SECOND
from switch.sip.dialog import Dialog
from switch.sip.flow import Address
from switch.sip.message import NameAddr, Request, Response
from switch.sip.outputs import (
    CancelReceived,
    RequestReceived,
    ResponseReceived,
    TransactionFailed,
)
from switch.sip.uri import Uri

if TYPE_CHECKING:
    from switch.sim.phone import Phone

T1_US = 500_000
T2_US = 4 * SECOND
GIVE_UP_US = 64 * T1_US

NO_ANSWER_FROM_SWITCH = 408
"""The status of a call that the switch never answered at all."""


class CallState(Enum):
    """See the table above."""

    CALLING = "calling"
    RINGING = "ringing"
    ANSWERING = "answering"
    TALKING = "talking"
    ENDING = "ending"
    ENDED = "ended"


class PhoneCall:
    """`status` is the final status that ended it: 200 after a talk. `transfer` is the last NOTIFY's,
    `referred` the answer to the last REFER, `early_tag` the switch's before it answers."""

    def __init__(self, phone: "Phone", invite: Request, media: Address, *, number: int) -> None:
        self.phone = phone
        self.number = number
        self.invite = invite
        self.media = media
        self.remote_port = 0
        self.state = CallState.CALLING
        self.status = 0
        self.rang = False
        self.dialled_out = False
        self.held = False
        self.transfer = 0
        self.referred = 0
        self.early_tag = ""
        self._early: Response | None = None
        self.dialog: Dialog | None = None
        self.hung_up_here = False
        self._invite_transaction = ""
        self._reinvite_transaction = ""
        self._acks: dict[int, Request] = {}
        self._answer: Response | None = None
        self._answer_interval_us = T1_US
        self._answer_until = 0
        self._cancelled = False
        self._sdp_version = 1

    # Verbs of the person.

    def hang_up(self, now: int) -> None:
        """CANCEL, BYE, or a refusal: whatever the state asks for."""
        self.hung_up_here = True
        if self.state is CallState.CALLING:
            self._cancelled = True
            self.phone.layer.cancel(self._invite_transaction, now)
        elif self.state is CallState.RINGING:
            self.decline(603, now)
        elif self.state is CallState.TALKING:
            self._bye(now)
        self.phone.drain(now)

    def answer(self, now: int) -> None:
        """200 with a session; it is repeated until the ACK comes."""
        if self.state is not CallState.RINGING:
            return
        self.state = CallState.ANSWERING
        self._read_session(self.invite)
        response = self._response(self.invite, 200, session=True)
        self._answer, self._answer_until = response, now + GIVE_UP_US
        self.phone.layer.respond(self._invite_transaction, response, now)
        self.phone.timers.set(("answer", self.number), now + T1_US)
        self.phone.air.speak(self.media)
        self.phone.drain(now)

    def early_media(self, now: int) -> None:
        """183 with a session: the caller hears us before we answer."""
        if self.state is CallState.RINGING:
            self._read_session(self.invite)
            response = self._response(self.invite, 183, session=True)
            self.phone.layer.respond(self._invite_transaction, response, now)
            self.phone.air.speak(self.media)
            self.phone.drain(now)

    def decline(self, status: int, now: int, contact: str = "") -> None:
        """Refuse the ringing call; with a 302 its phone forwards it to a Contact."""
        if self.state is CallState.RINGING:
            response = self._response(self.invite, status)
            if contact:
                response.headers.add("Contact", contact)
            self.phone.layer.respond(self._invite_transaction, response, now)
            self._end(status, now)
            self.phone.drain(now)

    def hold(self, now: int, *, held: bool) -> bool:
        """re-INVITE with `sendonly`, or `sendrecv` again; False where that cannot be asked just now."""
        if self.state is not CallState.TALKING or self._reinvite_transaction:
            return False
        assert self.dialog is not None
        self._sdp_version += 1
        body = self._session("sendonly" if held else "sendrecv")
        request = self.dialog.request("INVITE", body=body, content_type="application/sdp")
        self._reinvite_transaction = self.phone.open(self, request, now)
        self.held = held
        self.phone.drain(now)
        return True

    def refer(self, target: str, now: int, more: tuple[tuple[str, str], ...] = ()) -> bool:
        """Ask the switch to connect the other party to `target`."""
        if self.state is not CallState.TALKING:
            return False
        self._refer([("Refer-To", f"<sip:{target}@{self.phone.switch}>"), *more], now)
        return True

    def refer_early(self, target: str, now: int) -> None:
        """The same before the answer, in the dialog that our 183 made, or as the caller the switch's 180."""
        if self.state is CallState.CALLING and self.dialog is None:
            assert self._early is not None
            self.dialog = Dialog.as_uac(self.invite, self._early, self.phone.contact)
            self.phone.bind(self)
        assert self.state in (CallState.CALLING, CallState.RINGING)
        host = "" if "@" in target else f"@{self.phone.switch}"
        self._refer([("Refer-To", f"<sip:{target}{host}>")], now)

    def refer_early_to_call(self, other: "PhoneCall", now: int) -> None:
        """As the caller, before the answer: whom we ring is to be connected to the party of `other`."""
        self.refer_early(f"anybody@{self.phone.switch}?Replaces={quote(other.replaces(), safe='')}", now)

    def refer_to_call(self, other: "PhoneCall", now: int, flags: str = "") -> bool:
        """Ask the switch to connect the other party to the one of `other`: an attended transfer."""
        return self.refer_to_dialog(other.replaces() + flags, now)

    def refer_to_dialog(self, named: str, now: int) -> bool:
        """The same, with a dialog in the words of a Replaces header."""
        if self.state is not CallState.TALKING:
            return False
        replaces = quote(named, safe="")
        self._refer([("Refer-To", f"<sip:anybody@{self.phone.switch}?Replaces={replaces}>")], now)
        return True

    def replaces(self) -> str:
        """This call's dialog as the switch knows it (RFC 3891)."""
        if self.dialog is None:
            return f"{self.invite.call_id};to-tag={self.early_tag};from-tag={self.invite.from_.tag}"
        call_id, ours, theirs = self.dialog.key
        return f"{call_id};to-tag={theirs};from-tag={ours}"

    def press(self, digit: str, now: int) -> None:
        """A key, as RFC 4733 events in the audio."""
        if self.state is CallState.TALKING:
            self.phone.air.press(self.remote_port, digit, now)

    def press_by_info(self, digit: str, now: int) -> None:
        """A key, as a SIP INFO."""
        if self.state is CallState.TALKING:
            assert self.dialog is not None
            body = f"Signal={digit}\r\nDuration=120\r\n".encode()
            request = self.dialog.request("INFO", body=body, content_type="application/dtmf-relay")
            self.phone.open(self, request, now)
            self.phone.drain(now)

    # What arrives.

    def dialled(self, request: Request, now: int) -> None:
        """Our INVITE goes out, first or again with credentials."""
        self.invite = request
        self.dialled_out = True
        self._invite_transaction = self.phone.open(self, request, now)

    def rings(self, transaction: str, tag: str, now: int) -> None:
        """The switch's INVITE came in."""
        self.state = CallState.RINGING
        self._invite_transaction = transaction
        self.dialog = Dialog.as_uas(self.invite, tag, self.phone.contact)
        self.phone.layer.respond(transaction, self._response(self.invite, 180), now)

    def response(self, message: ResponseReceived, now: int) -> None:
        """An answer to a request of ours."""
        response = message.response
        if message.transaction == self._invite_transaction and self.state is not CallState.RINGING:
            self._invite_answered(response, now)
        elif message.transaction == self._reinvite_transaction:
            self._reinvite_answered(response, now)
        elif response.status >= 200:
            self.phone.forget(message.transaction)
            if response.cseq.method == "REFER":
                self.referred = response.status
            if response.cseq.method == "BYE":
                self._end(200, now)
            elif response.status in (408, 481):
                self._end(response.status, now)

    def failed(self, message: TransactionFailed, now: int) -> None:
        """No answer to a request of ours."""
        self.phone.forget(message.transaction)
        if message.transaction == self._reinvite_transaction:
            self._reinvite_transaction = ""
            self._bye(now)
        elif message.method in ("INVITE", "BYE") and self.state in (CallState.CALLING, CallState.ENDING):
            self._end(NO_ANSWER_FROM_SWITCH, now)

    def request(self, message: RequestReceived, now: int) -> None:
        """A request of the switch inside the dialog."""
        request = message.request
        assert self.dialog is not None
        status = self.dialog.check(request) or {"BYE": 200, "NOTIFY": 200, "OPTIONS": 200, "INFO": 200}.get(
            request.method, 405
        )
        if request.method == "BYE":
            # Whatever number it carries: a BYE that is refused would leave this side in the call for ever.
            status = 200
        self.phone.layer.respond(message.transaction, request.make_response(status), now)
        if request.method == "BYE":
            self._end(200, now)
        elif request.method == "NOTIFY" and status == 200:
            self.transfer = int(request.body.split()[1])
            self.phone.person.transferred(self, self.transfer, now)

    def cancel(self, message: CancelReceived, now: int) -> None:
        """The switch does not want our answer any more."""
        if self.state is CallState.RINGING:
            self.phone.layer.respond(message.transaction, self._response(self.invite, 487), now)
            self._end(487, now)

    def acknowledged(self, now: int) -> None:
        """The ACK of our 2xx."""
        if self.state is CallState.ANSWERING:
            self._answer = None
            self.phone.timers.cancel(("answer", self.number))
            self._talk(now)

    def handle_timer(self, now: int) -> None:
        """Repeat the 2xx (RFC 3261 section 13.3.1.4), or give up on its ACK."""
        if self._answer is None:
            return
        if now >= self._answer_until:
            self._answer = None
            self._bye(now)
            return
        self.phone.layer.respond(self._invite_transaction, self._answer, now)
        self._answer_interval_us = min(2 * self._answer_interval_us, T2_US)
        self.phone.timers.set(("answer", self.number), now + self._answer_interval_us)

    # Steps.

    def _refer(self, headers: list[tuple[str, str]], now: int) -> None:
        assert self.dialog is not None
        self.phone.open(self, self.dialog.request("REFER", headers=headers), now)
        self.phone.drain(now)

    def _invite_answered(self, response: Response, now: int) -> None:
        if response.status < 200:
            self.rang = self.rang or response.status == 180
            if response.to.tag:
                self._early, self.early_tag = response, response.to.tag
        elif response.status < 300:
            self._accepted(response, now)
        elif response.status == 407 and self.phone.authorise(self, response, now):
            return
        elif self.state is CallState.CALLING:
            self._end(response.status, now)

    def _accepted(self, response: Response, now: int) -> None:
        number = response.cseq.number
        if number in self._acks:
            self.phone.ack(self._acks[number], now)
            return
        used = 0 if self.dialog is None else self.dialog.local_cseq
        self.dialog = Dialog.as_uac(self.invite, response, self.phone.contact)
        self.dialog.local_cseq = max(used, self.dialog.local_cseq)
        self.phone.bind(self)
        self._acks[number] = self.dialog.ack(number)
        self.phone.ack(self._acks[number], now)
        if self._cancelled:
            self._bye(now)
            return
        self._read_session(response)
        self.phone.air.speak(self.media)
        self._talk(now)

    def _reinvite_answered(self, response: Response, now: int) -> None:
        if response.status < 200:
            return
        assert self.dialog is not None
        if response.status < 300:
            # The transaction stays: a repeated 2xx must be acknowledged again.
            number = response.cseq.number
            self._acks.setdefault(number, self.dialog.ack(number))
            self.phone.ack(self._acks[number], now)
            self._reinvite_transaction = ""
            self.phone.keep_acknowledging(response, self._acks[number])
            return
        self.phone.forget(self._reinvite_transaction)
        self._reinvite_transaction = ""
        self.held = not self.held
        if response.status in (408, 481):
            self._end(response.status, now)

    def _talk(self, now: int) -> None:
        self.state = CallState.TALKING
        if self.hung_up_here:
            self._bye(now)
        else:
            self.phone.person.talks(self, now)

    def _bye(self, now: int) -> None:
        assert self.dialog is not None
        self.state = CallState.ENDING
        self.phone.air.fall_silent(self.media, now)
        self.phone.timers.cancel(("answer", self.number))
        self.phone.open(self, self.dialog.request("BYE"), now)

    def _end(self, status: int, now: int) -> None:
        if self.state is CallState.ENDED:
            return
        self.state = CallState.ENDED
        self.status = status
        self._answer = None
        self.phone.air.fall_silent(self.media, now)
        self.phone.over(self)
        self.phone.person.ended(self, now)

    def _response(self, request: Request, status: int, *, session: bool = False) -> Response:
        assert self.dialog is not None
        return request.make_response(
            status,
            to_tag=self.dialog.local.tag,
            headers=[("Contact", str(self.phone.contact))] if status < 300 else [],
            body=self._session("sendrecv") if session else b"",
            content_type="application/sdp" if session else None,
        )

    def _session(self, direction: str) -> bytes:
        return session_of(self.media, self.number, self._sdp_version, direction)

    def _read_session(self, message: Request | Response) -> None:
        for line in message.body.decode("ascii").splitlines():
            if line.startswith("m=audio "):
                self.remote_port = int(line.split()[1])


def session_of(media: Address, number: int, version: int, direction: str) -> bytes:
    """A session description with both kinds of G.711 and telephone events."""
    return (
        f"v=0\r\no=phone {number} {version} IN IP4 {media.host}\r\ns=-\r\nc=IN IP4 {media.host}\r\nt=0 0\r\n"
        f"m=audio {media.port} RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\na={direction}\r\n"
    ).encode("ascii")


def sip_uri(user: str, host: Address) -> NameAddr:
    """`<sip:user@host:port>`."""
    return NameAddr("", Uri(user=user, host=host.host, port=host.port))
