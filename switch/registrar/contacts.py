"""What a REGISTER asks for: its Contact and Expires headers, read by RFC 3261 section 10.3 steps 6 and 7."""

from dataclasses import dataclass, replace
from ipaddress import ip_address

from switch.base.errors import PeerError
from switch.registrar.values import RegistrarLimits
from switch.sip.flow import Flow
from switch.sip.message import NameAddr, Request, Uri
from switch.sip.message.limits import EXPIRES_MAX


class RefusalError(PeerError):
    """A REGISTER that is answered with this status and these headers, and changes nothing."""

    def __init__(
        self, status: int, reason: str | None = None, headers: tuple[tuple[str, str], ...] = ()
    ) -> None:
        super().__init__(reason or str(status))
        self.status = status
        self.reason = reason
        self.headers = headers


@dataclass(frozen=True, slots=True)
class Wish:
    """One contact to bind for `expires_s` seconds, or to remove where that is 0.

    `instance` is the phone's own name (RFC 5626 section 4.1 with its reg-id), empty where it gives none.
    """

    contact: Uri
    expires_s: int
    q: int
    instance: str


def read_contacts(request: Request, flow: Flow, limits: RegistrarLimits) -> tuple[Wish, ...] | None:
    """The wishes of a request; None for `Contact: *`. No wish is a query. Raises `RefusalError`."""
    if request.contact_is_star:
        if request.expires != 0:
            raise RefusalError(400, "Contact * Without Expires 0")
        return None
    if len(request.contacts) > limits.contacts_per_request:
        raise RefusalError(403, "Too Many Contacts")
    return tuple(_wish(contact, request, flow, limits) for contact in request.contacts)


def _wish(contact: NameAddr, request: Request, flow: Flow, limits: RegistrarLimits) -> Wish:
    if not contact.uri.is_sip:
        raise RefusalError(400, "Contact Is Not SIP")
    wanted_s = _seconds(contact.param("expires"), request.expires, limits)
    if 0 < wanted_s < limits.expires_s_min:
        raise RefusalError(423, None, (("Min-Expires", str(limits.expires_s_min)),))
    longest_s = limits.expires_s_max
    if not flow.transport.reliable and is_behind_nat(contact.uri, request, flow):
        longest_s = limits.nat_expires_s_max
    return Wish(
        # Headers of a contact have no place in the Request-URI that it becomes (RFC 3261 section 19.1.5).
        contact=replace(contact.uri, headers=()) if contact.uri.headers else contact.uri,
        expires_s=min(wanted_s, longest_s),
        q=_thousandths(contact.param("q")),
        instance=_instance(contact),
    )


def is_behind_nat(contact: Uri, request: Request, flow: Flow) -> bool:
    """Whether something on the way changed the phone's address.

    Phones that learnt their outer address write that into the contact; their Via may still tell.
    """
    return not (_is_host(contact.host, flow.remote.host) and _is_host(request.via.host, flow.remote.host))


def _is_host(text: str, address: str) -> bool:
    if text == address:
        return True
    try:
        return ip_address(text) == ip_address(address)
    except ValueError:
        # A name may be anything; the flow is what counts then, as behind NAT.
        return False


def _seconds(param: str | None, header: int | None, limits: RegistrarLimits) -> int:
    """Step 7: the contact's own `expires`, else the header's, else ours. Malformed counts as absent."""
    if param is not None and param.isascii() and param.isdigit() and len(param) <= 10:
        return min(int(param), EXPIRES_MAX)
    return limits.expires_s_default if header is None or param is not None else header


def _thousandths(q: str | None) -> int:
    """RFC 3261 section 25.1 `qvalue`, 0 to 1 with three decimals at most; malformed counts as absent."""
    whole, _, decimals = (q or "").partition(".")
    if whole not in ("0", "1") or not (decimals == "" or (decimals.isascii() and decimals.isdigit())):
        return 1000
    return min(int(whole) * 1000 + int(decimals[:3].ljust(3, "0")), 1000)


def _instance(contact: NameAddr) -> str:
    instance = contact.param("+sip.instance")
    return f"{instance};{contact.param('reg-id') or ''}" if instance else ""
