"""What a REFER asks for (RFC 3515 section 2), read once: inside a call and outside of one."""

from dataclasses import dataclass

from switch.base.errors import PeerError
from switch.call import events
from switch.call.leg import Leg
from switch.call.referral import Referral
from switch.call.states import LegState
from switch.sip.dialog import Dialog
from switch.sip.dialog_reference import DialogReference, replaces_of
from switch.sip.flow import Flow
from switch.sip.message import NameAddr, Request, Response
from switch.sip.uri import Uri

_MAY_ASK = frozenset({LegState.CONFIRMED, LegState.OUTGOING_EARLY, LegState.INCOMING_PROCEEDING})


@dataclass(frozen=True, slots=True)
class Refer:
    """`silent`: Refer-Sub was false (RFC 4488)."""

    target: Uri
    replaces: DialogReference | None
    referred_by: str
    silent: bool


def read(request: Request) -> Refer | Response:
    """The REFER's meaning, or the answer that refuses it."""
    values = request.headers.all("Refer-To")
    try:
        # Exactly one (section 2.4.2).
        target = NameAddr.parse(values[0]).uri if len(values) == 1 else None
        replaces = None if target is None or not target.is_sip else replaces_of(target)
    except PeerError:
        target, replaces = None, None
    if target is None or not target.is_sip:
        return request.make_response(400, "Refer-To must name one sip URI")
    if (target.param("method") or "INVITE").upper() != "INVITE":
        return request.make_response(403, "Refer-To may only ask for an INVITE")
    silent = (request.headers.get("Refer-Sub") or "").strip().lower().startswith("false")
    return Refer(target, replaces, _referred_by(request), silent)


def accept(
    leg: Leg, request: Request, refer: Refer, *, flow: Flow, dialog: Dialog, event_id: int
) -> Response:
    """202; the leg tells its call. `dialog` is where the NOTIFYs go."""
    referral = Referral(dialog, flow, leg.signalling, event_id=event_id, silent=refer.silent)
    leg.referral = referral
    leg.emit(events.LegTransferRequested(leg.id, refer.target, refer.replaces, refer.referred_by, referral))
    headers = [("Contact", str(dialog.local_contact))]
    if refer.silent:
        headers.append(("Refer-Sub", "false"))
    return request.make_response(202, to_tag=dialog.local.tag, headers=headers)


def can_be_asked(leg: Leg) -> bool:
    """Whether the leg may ask for a transfer now: it talks, or has an early dialog, and has no other transfer
    under way. Before the ACK of its answer it could not be ended yet."""
    idle = leg.referral is None or leg.referral.decided
    return idle and leg.state in _MAY_ASK


def _referred_by(request: Request) -> str:
    """Who asks, to be shown to the target (RFC 3892): name and address. Its `cid` names a body that we do
    not carry."""
    value = request.headers.get("Referred-By")
    if value is None:
        return ""
    try:
        named = NameAddr.parse(value)
    except PeerError:
        return ""
    return str(NameAddr(named.display, named.uri.bare()))
