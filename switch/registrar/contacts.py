"""What a REGISTER asks for: its Contact and Expires headers, read by RFC 3261 section 10.3 steps 6 and 7."""

from dataclasses import dataclass, replace
from ipaddress import ip_address

from switch.base.errors import PeerError
from switch.registrar.values import RegistrarLimits
from switch.sip.flow import Flow, Transport
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

    `instance` is the phone's own name (RFC 5626 section 4.1), empty where it gives none; `reg_id` which of
    its flows this is, 0 where it does not ask for outbound. `direct`: it came from the phone itself, and
    speaks of this contact alone, so that its source is the phone's.
    """

    contact: Uri
    expires_s: int
    q: int
    instance: str
    reg_id: int = 0
    direct: bool = False


def read_contacts(request: Request, flow: Flow, limits: RegistrarLimits) -> tuple[Wish, ...] | None:
    """The wishes of a request; None for `Contact: *`. No wish is a query. Raises `RefusalError`."""
    if request.contact_is_star:
        if request.expires != 0:
            raise RefusalError(400, "Contact * Without Expires 0")
        return None
    if len(request.contacts) > limits.contacts_per_request:
        raise RefusalError(403, "Too Many Contacts")
    contacts = request.contacts
    wishes = tuple([_wish(contact, request, flow, limits) for contact in contacts])
    if len(wishes) > 1 and any(wish.reg_id for wish in wishes):
        # RFC 5626 section 4.2.1: a flow is of one contact.
        raise RefusalError(400, "A reg-id Needs A Single Contact")
    return wishes


def read_path(request: Request, limits: RegistrarLimits) -> tuple[str, ...]:
    """The way back to the phone, nearest hop first (RFC 3327 section 5.3). Raises `RefusalError`."""
    if "Path" not in request.headers:
        return ()
    values = request.headers.all("Path")
    if len(values) > limits.path_values or sum(map(len, values)) > limits.path_length:
        raise RefusalError(403, "Path Is Too Long")
    try:
        hops = [NameAddr.parse(value) for value in values]
    except PeerError:
        raise RefusalError(400, "Malformed Path") from None
    if not all(hop.uri.is_sip for hop in hops):
        raise RefusalError(400, "Malformed Path")
    return tuple(values)


def check_first_hop(request: Request, path: tuple[str, ...]) -> None:
    """RFC 5626 section 6: flows are of use only if the hop next to the phone keeps them."""
    if len(request.vias) > 1 and not (path and NameAddr.parse(path[-1]).uri.param("ob") is not None):
        raise RefusalError(439)


def _wish(contact: NameAddr, request: Request, flow: Flow, limits: RegistrarLimits) -> Wish:
    if not contact.uri.is_sip:
        raise RefusalError(400, "Contact Is Not SIP")
    if contact.uri.secure and flow.transport not in (Transport.TLS, Transport.WSS):
        # RFC 5630 section 5.1: what must be reached securely cannot be bound to an open way.
        raise RefusalError(400, "A sips Contact Needs TLS")
    wanted_s = _seconds(contact.param("expires"), request.expires, limits)
    if 0 < wanted_s < limits.expires_s_min:
        raise RefusalError(423, None, (("Min-Expires", str(limits.expires_s_min)),))
    longest_s = limits.expires_s_max
    instance = _instance(contact, limits)
    reg_id = _reg_id(contact, request) if instance else 0
    # Who asks for outbound keeps its mapping open by keepalives of its own (RFC 5626 section 4.4).
    if not reg_id and not flow.transport.reliable and is_behind_nat(contact.uri, request, flow):
        longest_s = limits.nat_expires_s_max
    return Wish(
        # Headers of a contact have no place in the Request-URI that it becomes (RFC 3261 section 19.1.5).
        contact=replace(contact.uri, headers=()) if contact.uri.headers else contact.uri,
        expires_s=min(wanted_s, longest_s),
        q=_thousandths(contact.param("q")),
        instance=instance,
        reg_id=reg_id,
        direct=len(request.contacts) == 1 and len(request.vias) == 1,
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


def _instance(contact: NameAddr, limits: RegistrarLimits) -> str:
    """RFC 5626 section 4.1: a quoted URN in angle brackets; what is too long to be one counts as absent."""
    instance = (contact.param("+sip.instance") or "").strip('"')
    return instance if len(instance) <= limits.instance_length else ""


def _reg_id(contact: NameAddr, request: Request) -> int:
    """1..2**31-1; 0 where the phone does not do outbound (RFC 5626 section 6)."""
    text = contact.param("reg-id")
    if not text or not (text.isascii() and text.isdigit() and len(text) <= 10):
        return 0
    number = int(text)
    wanted = "outbound" in request.supported or "outbound" in request.require
    return number if wanted and number < 1 << 31 else 0
