"""Answers that came too late: a 2xx to an INVITE of ours whose leg is gone.

RFC 3261 section 13.2.2.4: each 2xx is acknowledged, and what nobody wants is ended with BYE; left alone,
whoever answered would hear silence for half a minute. Both go the way that the 2xx came, and not to its
Contact: nothing is known here any more of the call, and who invents a 2xx shall aim us at nobody else.
"""

from switch.base.clock import SECOND
from switch.sip.dialog import Dialog
from switch.sip.flow import Flow
from switch.sip.message import NameAddr, Request, Response
from switch.sip.transaction.layer import TransactionLayer
from switch.sip.uri import Uri

SURPLUS_A_SECOND_MAX = 20
"""Real ones are a few a day. Invented ones get no more answers than this."""


class Surplus:
    """Ends late answers, so many a second and no more."""

    __slots__ = ("_layer", "_left", "_since", "ended")

    def __init__(self, layer: TransactionLayer) -> None:
        self._layer = layer
        self._since = 0
        self._left = SURPLUS_A_SECOND_MAX
        self.ended = 0

    def end(self, response: Response, flow: Flow, now: int) -> None:
        """ACK and BYE for this 2xx; nothing where there were too many."""
        if now - self._since >= SECOND:
            self._since, self._left = now, SURPLUS_A_SECOND_MAX
        contact = response.contact
        if self._left == 0 or contact is None or response.to.tag is None:
            return
        self._left -= 1
        self.ended += 1
        dialog = Dialog.as_uac(invite_of(response, contact.uri), response, NameAddr("", contact.uri))
        self._layer.send_ack(dialog.ack(response.cseq.number), flow, now)
        self._layer.open(dialog.request("BYE"), flow, now)


def invite_of(response: Response, uri: Uri) -> Request:
    """As much of the INVITE that a response answers as a dialog is made of."""
    return Request(
        "INVITE",
        uri,
        [
            ("From", response.headers.get("From") or ""),
            ("Call-ID", response.call_id),
            ("CSeq", str(response.cseq)),
        ],
    )
