"""REFER outside a dialog: only of an account, and only about a call of its own that it names (RFC 4538).

Any other would have the switch call somebody out of nothing, at the tenant's cost and for nobody who talks.
"""

from switch.base.errors import PeerError
from switch.call import refer
from switch.call.leg import Leg
from switch.exchange.office import Office
from switch.registrar.values import Account
from switch.sip.dialog import Dialog
from switch.sip.dialog_reference import DialogReference
from switch.sip.message import Response
from switch.sip.outputs import RequestReceived


def answer(office: Office, message: RequestReceived, now: int) -> Response:
    """202 with a subscription in the dialog that the REFER makes, or the refusal."""
    request = message.request
    named = request.headers.get("Target-Dialog")
    if named is None or office.parts.trunks.identify(message.flow) is not None:
        return request.make_response(403, "A REFER outside a call must name one")
    account = office.parts.registrar.authenticate(request, message.flow, now, proxy=True)
    if isinstance(account, Response):
        return account
    wanted = refer.read(request)
    if isinstance(wanted, Response):
        return wanted
    leg = _own_leg(office, account, named)
    if leg is None:
        return request.make_response(481)
    if not refer.can_be_asked(leg):
        return request.make_response(491)
    if request.contact is None:
        return request.make_response(400, "Missing Contact")
    dialog = Dialog.as_uas(request, office.parts.tokens.token(10), leg.contact())
    response = refer.accept(leg, request, wanted, flow=message.flow, dialog=dialog, event_id=0)
    assert leg.referral is not None, "accepted"
    leg.referral.own_dialog()
    return response


def _own_leg(office: Office, account: Account, named: str) -> Leg | None:
    try:
        wanted = DialogReference.parse_target_dialog(named)
    except PeerError:
        return None
    leg = office.signalling.owner_of_dialog(wanted.key)
    session = office.session_of_leg.get(leg.id) if isinstance(leg, Leg) else None
    if not isinstance(leg, Leg) or session is None:
        return None
    own = (session.tenant, leg.account) == (account.tenant, account.account)
    return leg if own and not leg.over else None
