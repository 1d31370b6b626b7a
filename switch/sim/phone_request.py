"""A request of a phone outside any call, and the subscription that it may make."""

from typing import TYPE_CHECKING

from switch.sip.dialog import Dialog
from switch.sip.message import Request, Response
from switch.sip.outputs import RequestReceived, ResponseReceived, TransactionFailed

if TYPE_CHECKING:
    from switch.sim.phone import Phone

NO_ANSWER = 408


class PhoneRequest:
    """`answers` are the final ones, `notified` the NOTIFYs of its subscription; `refuses` answers those."""

    def __init__(self, phone: "Phone", request: Request) -> None:
        self.phone = phone
        self.sent = request
        self.answers: list[Response] = []
        self.notified: list[Request] = []
        self.refuses = 0
        self.unanswered = False
        self.dialog: Dialog | None = None

    @property
    def status(self) -> int:
        """Of the last answer; 0 before one."""
        return self.answers[-1].status if self.answers else NO_ANSWER if self.unanswered else 0

    def send(self, now: int) -> None:
        self.phone.open(self, self.sent, now)

    def again(self, now: int, headers: tuple[tuple[str, str], ...] = (), method: str = "SUBSCRIBE") -> None:
        """Another request in the dialog: a refresh, or the end of the subscription."""
        assert self.dialog is not None
        self.sent = self.dialog.request(method, headers=headers)
        self.send(now)
        self.phone.drain(now)

    # What arrives.

    def response(self, message: ResponseReceived, now: int) -> None:
        response = message.response
        if response.status < 200:
            return
        self.phone.forget(message.transaction)
        if response.status in (401, 407) and self._authorise(response, now):
            return
        self.answers.append(response)
        if response.status < 300 and self.dialog is None and response.to.tag:
            self._open(Dialog.as_uac(self.sent, response, self.phone.contact))

    def failed(self, message: TransactionFailed, now: int) -> None:
        del now
        self.unanswered = True
        self.phone.forget(message.transaction)

    def request(self, message: RequestReceived, now: int) -> None:
        """A NOTIFY."""
        request = message.request
        assert self.dialog is not None
        status = self.refuses or self.dialog.check(request) or 200
        self.phone.layer.respond(message.transaction, request.make_response(status), now)
        if status == 200:
            self.notified.append(request)

    # Steps.

    def _authorise(self, response: Response, now: int) -> bool:
        credentials = self.phone.credentials_for(self.sent, response)
        if credentials is None:
            return False
        if self.dialog is not None:
            self.dialog.local_cseq += 1
        again = self.sent.copy()
        again.headers.set("CSeq", f"{self.sent.cseq.number + 1} {self.sent.method}")
        again.headers.add(*credentials)
        self.sent = again
        self.send(now)
        return True

    def _open(self, dialog: Dialog) -> None:
        self.dialog = dialog
        self.phone.bind(self)
