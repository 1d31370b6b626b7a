"""Requests inside a dialog that a carrier challenges go again, with our credentials (RFC 3261 section 22).

A carrier that asks for them at the INVITE may ask again at the BYE; taken for an answer, its 401 would leave
the call standing on its side, and on the bill. The leg that sent the request never hears of it: the answer to
the second comes to it as the answer to the first (`Signalling.instead`). The first INVITE is the leg's own.
"""

from switch.base.errors import PeerError
from switch.call.leg import Leg
from switch.exchange.office import Office
from switch.sip import digest
from switch.sip.message import Request
from switch.sip.outputs import ResponseReceived

TRIES_MAX = 1
"""The nonce came with the refusal and is fresh: refused again, the credentials are wrong. The leg itself may
try its BYE once more, so that a carrier hears at most four."""

_CNONCE_LENGTH = 12
_FIELDS = {401: ("WWW-Authenticate", "Authorization"), 407: ("Proxy-Authenticate", "Proxy-Authorization")}


def again(office: Office, leg: Leg, message: ResponseReceived, now: int) -> bool:
    """Whether the request that was refused is under way again, and its refusal concerns nobody."""
    request, dialog = message.request, leg.dialog
    settings = office.parts.trunks.settings(leg.trunk) if leg.trunk else None
    if settings is None or settings.credentials is None or request is None or dialog is None:
        return False
    if request.to.tag is None or request.to.tag != dialog.remote.tag:
        return False
    signalling = office.signalling
    if signalling.tries(message.transaction) >= TRIES_MAX:
        return False
    asked, given = _FIELDS[message.response.status]
    challenge = digest.best_challenge(message.response.headers.fields(asked))
    if challenge is None:
        return False
    try:
        value = digest.answer(
            challenge,
            request.method,
            str(request.uri),
            settings.credentials.username,
            settings.credentials.secret,
            cnonce=office.parts.tokens.token(_CNONCE_LENGTH),
            body=request.body,
        )
    except PeerError:
        # A challenge that cannot be met is a refusal.
        return False
    dialog.local_cseq += 1
    repeated = _repeated(request, dialog.local_cseq, given, value)
    signalling.instead(message.transaction, repeated, leg.way(now), leg, now)
    return True


def _repeated(request: Request, number: int, field: str, value: str) -> Request:
    repeated = request.copy()
    # The layer writes a Via of its own; this one was of the transaction that is over.
    repeated.headers.remove("Via")
    repeated.headers.set("CSeq", f"{number} {request.method}")
    repeated.headers.set(field, value)
    return repeated
