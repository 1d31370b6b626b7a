"""What any leg answers inside its dialog: UPDATE, INFO, REFER, SUBSCRIBE, OPTIONS, NOTIFY, and words for the
rest."""

from switch.call import events, refer
from switch.call.leg import ALLOW, Leg
from switch.call.session_timer import SUPPORTED
from switch.media.commands import KEY_MS
from switch.sip.message import Request, Response
from switch.sip.outputs import RequestReceived

DTMF_INFO_TYPES = frozenset({"application/dtmf-relay", "application/dtmf"})
DURATION_DIGITS_MAX = 5
"""Of milliseconds: a key that is held for more than a minute and a half is held by a book."""
DIGITS = frozenset("0123456789*#ABCD")
_DIGIT_OF_EVENT = {"10": "*", "11": "#", "12": "A", "13": "B", "14": "C", "15": "D"}
"""Some phones send the RFC 4733 event number in place of the character."""


def answer_in_dialog(leg: Leg, message: RequestReceived, now: int) -> Response:
    """The response to an in-dialog request other than INVITE and BYE.

    Side effects on the leg: media plans, digits, transfer requests.
    """
    request = message.request
    assert leg.dialog is not None, "in-dialog requests are matched by dialog"
    rejected = leg.dialog.check(request)
    if rejected is not None:
        return request.make_response(rejected)
    leg.flow = message.flow
    method = request.method
    if method == "INFO":
        return _info(leg, request)
    if method == "REFER":
        return _refer(leg, request)
    if method == "SUBSCRIBE":
        return _subscribe(leg, request, now)
    if method == "UPDATE":
        return leg.update(request, now)
    if method == "OPTIONS":
        return request.make_response(200, headers=[("Allow", ALLOW), ("Supported", SUPPORTED)])
    if method == "NOTIFY":
        # We subscribe to nothing yet: any NOTIFY is of a subscription that does not exist (RFC 6665).
        return request.make_response(481)
    return request.make_response(405, headers=[("Allow", ALLOW)])


def info_digit(request: Request) -> tuple[str, int] | None:
    """The key of an INFO body and how long it was held in milliseconds: `Signal=5` and `Duration=160` of
    application/dtmf-relay, or a bare key of application/dtmf. KEY_MS where the body does not say."""
    kind = (request.content_type or "").partition(";")[0].strip().lower()
    if kind not in DTMF_INFO_TYPES:
        return None
    text = request.body.decode("ascii", "replace")
    duration = ""
    if kind == "application/dtmf-relay":
        values = {}
        for line in reversed(text.splitlines()):
            name, _, value = line.partition("=")
            values[name.strip().lower()] = value.strip()
        text, duration = values.get("signal", ""), values.get("duration", "")
    key = text.strip().upper()
    key = _DIGIT_OF_EVENT.get(key, key)
    known = duration.isascii() and duration.isdigit() and len(duration) <= DURATION_DIGITS_MAX
    return (key, int(duration) if known else KEY_MS) if key in DIGITS else None


def _info(leg: Leg, request: Request) -> Response:
    pressed = info_digit(request)
    if pressed is None:
        # RFC 6086 section 5: an INFO without a package and without a body is a legacy keep-alive.
        if not request.body:
            return request.make_response(200)
        return request.make_response(415, headers=[("Accept", ", ".join(sorted(DTMF_INFO_TYPES)))])
    leg.emit(events.LegDigit(leg.id, *pressed))
    return request.make_response(200)


def _refer(leg: Leg, request: Request) -> Response:
    """One transfer at a time, and none between an answer of ours and its ACK."""
    wanted = refer.read(request)
    if isinstance(wanted, Response):
        return wanted
    if not refer.can_be_asked(leg):
        return request.make_response(491)
    assert leg.dialog is not None, "a leg that talks has its dialog"
    # The first REFER of a dialog may do without an id (RFC 3515 section 2.4.6).
    event_id = 0 if leg.referral is None else request.cseq.number
    return refer.accept(leg, request, wanted, flow=leg.flow, dialog=leg.dialog, event_id=event_id)


def _subscribe(leg: Leg, request: Request, now: int) -> Response:
    """In a call there is only the subscription that a REFER made: refreshed, or ended by `Expires: 0`."""
    event = (request.headers.get("Event") or "").partition(";")[0].strip().lower()
    if event != "refer":
        return request.make_response(489, headers=[("Allow-Events", "refer")])
    if leg.referral is None:
        return request.make_response(481)
    return leg.referral.subscribe(request, now)
