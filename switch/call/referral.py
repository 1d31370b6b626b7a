"""One REFER and the subscription that it makes (RFC 3515 section 2.4, RFC 4488, RFC 6665).

The peer is told by NOTIFY how its transfer goes. In a call the NOTIFYs travel in the call's dialog, and
the subscription outlives the call's BYE (RFC 5057 section 4.2): from there on it owns what is left of the
dialog. After a REFER outside a call it has a dialog of its own from the beginning.

The subscription has no timer: it lasts longer than any transfer takes to be decided.
"""

from switch.call.signalling import LegInputMessage, Signalling
from switch.sip.dialog import Dialog
from switch.sip.flow import Flow
from switch.sip.message import Request, Response
from switch.sip.message.reasons import reason_phrase
from switch.sip.outputs import RequestReceived, ResponseReceived, TransactionFailed

EXPIRES_S = 180
"""How long a subscription lasts. Ringing for a transfer ends within 60 s."""

EXPIRES_MIN_S = 120
"""A shorter refresh gets 423: the subscription must not run out before its transfer is decided."""

TRYING = 100

_ENDED = "terminated"


class Referral:
    """`silent`: the peer wants to hear nothing (Refer-Sub: false). `decided`: how the transfer ended is
    known.

    One NOTIFY is on its way at a time, the next says what is known by then: two that overtake each other
    would be refused for their order. Only the last does not wait, since a BYE follows it; nothing after it
    can be refused.
    """

    __slots__ = (
        "_dialog",
        "_done",
        "_ending",
        "_event",
        "_flow",
        "_next",
        "_owns_dialog",
        "_sending",
        "_signalling",
        "_status",
        "decided",
        "silent",
    )

    def __init__(
        self, dialog: Dialog, flow: Flow, signalling: Signalling, *, event_id: int, silent: bool
    ) -> None:
        self._dialog = dialog
        self._flow = flow
        self._signalling = signalling
        self._event = f"refer;id={event_id}" if event_id else "refer"
        self._status = TRYING
        self._owns_dialog = False
        self._sending = self._ending = False
        self._next = ""
        """The Subscription-State of the NOTIFY that follows the one under way."""
        self._done = silent
        self.silent = silent
        self.decided = False

    # Verbs.

    def notify(self, status: int, now: int) -> None:
        """Tell how it goes, as the status line that the target gave or would have given; 200 and above
        is the end."""
        if self.decided:
            return
        self._status = status
        self.decided = status >= 200
        self._tell(f"{_ENDED};reason=noresource" if self.decided else f"active;expires={EXPIRES_S}", now)

    def subscribe(self, request: Request, now: int) -> Response:
        """The answer to a SUBSCRIBE in the dialog; a NOTIFY with what is known follows (RFC 6665 section
        4.2.1.2)."""
        if self._done or self._ending or not self._same_event(request):
            return request.make_response(481)
        expires_s = EXPIRES_S if request.expires is None else request.expires
        if 0 < expires_s < EXPIRES_MIN_S:
            return request.make_response(423, headers=[("Min-Expires", str(EXPIRES_MIN_S))])
        granted_s = min(expires_s, EXPIRES_S)
        if not self.decided:
            self._tell(f"active;expires={granted_s}" if granted_s else f"{_ENDED};reason=timeout", now)
        headers = [("Expires", str(granted_s)), ("Contact", str(self._dialog.local_contact))]
        return request.make_response(200, headers=headers)

    def own_dialog(self) -> None:
        """The call's part of the dialog is over, or there was none: what comes in it now comes here."""
        if not self._done:
            self._owns_dialog = True
            self._signalling.bind(self._dialog.key, self)

    # What arrives.

    def receive(self, message: LegInputMessage, now: int) -> None:
        """An answer to a NOTIFY, or a request in a dialog that is only the subscription's."""
        if isinstance(message, RequestReceived):
            self._signalling.respond(message.transaction, self._answer(message.request, now), now)
        elif isinstance(message, ResponseReceived) and message.response.status < 200:
            return
        elif isinstance(message, ResponseReceived | TransactionFailed):
            self._signalling.forget_transaction(message.transaction)
            self._answered(message, now)

    def _answer(self, request: Request, now: int) -> Response:
        rejected = self._dialog.check(request)
        if rejected is not None:
            return request.make_response(rejected)
        if request.method == "SUBSCRIBE":
            return self.subscribe(request, now)
        return request.make_response(481)

    def _answered(self, message: ResponseReceived | TransactionFailed, now: int) -> None:
        self._sending = False
        taken = isinstance(message, ResponseReceived) and message.response.status < 300
        if taken and self._next:
            following, self._next = self._next, ""
            self._tell(following, now)
        elif not taken or self._ending:
            # Without an answer nobody listens (RFC 6665 section 4.2.2); the transfer goes on without them.
            self._end()

    # Steps.

    def _same_event(self, request: Request) -> bool:
        event = (request.headers.get("Event") or "").replace(" ", "")
        # The first REFER of a dialog may be named with its CSeq or without (RFC 3515 section 2.4.6).
        return event == self._event or (self._event == "refer" and event.startswith("refer;id="))

    def _end(self) -> None:
        self._done = True
        self._next = ""
        if self._owns_dialog:
            self._owns_dialog = False
            self._signalling.forget_dialog(self._dialog.key)

    def _tell(self, state: str, now: int) -> None:
        if self._done or self._ending:
            return
        if self._sending and not state.startswith(_ENDED):
            self._next = state
            return
        self._next = ""
        self._sending = True
        self._ending = state.startswith(_ENDED)
        request = self._dialog.request(
            "NOTIFY",
            headers=[("Event", self._event), ("Subscription-State", state)],
            body=f"SIP/2.0 {self._status} {reason_phrase(self._status)}\r\n".encode(),
            content_type="message/sipfrag;version=2.0",
        )
        self._signalling.open(request, self._flow, self, now)
