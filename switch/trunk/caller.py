"""Who a carrier says is calling: P-Asserted-Identity, Remote-Party-ID, From, Privacy.

What is believed of it is the trunk's `accept`; see docs/decisions/0021-identity-and-stir.md.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from switch.base.errors import PeerError
from switch.sip.grammar import unquote
from switch.sip.message import Request
from switch.sip.tel import subscriber
from switch.sip.uri import NameAddr
from switch.trunk.forwarding import Forwarding, ForwardingHeader, listed

VALUES_MAX = 4
"""Values of one identity header that are looked at; RFC 3325 section 9.1 allows two."""

NAME_LENGTH_MAX = 64
"""A caller's name: no display shows more."""

ANONYMOUS = "anonymous"
ANONYMOUS_HOST = "anonymous.invalid"
"""RFC 3323 section 4.1.1.3."""

_WITHHOLDING = frozenset({"id", "user", "full"})
"""Values of Privacy that hide who calls; `full` is what old phones write."""


class IdentityHeader(StrEnum):
    """Where a caller's number may stand."""

    PAI = "pai"
    """P-Asserted-Identity (RFC 3325)."""
    PPI = "ppi"
    """P-Preferred-Identity, to carriers that want to assert by themselves."""
    RPID = "rpid"
    """Remote-Party-ID."""
    FROM = "from"


@dataclass(frozen=True, slots=True)
class CallerSettings:
    """`accept`: what is believed of a caller, the first that is there. `send`: how our number is told
    besides From. `trusted`: the carrier may be told what callers withheld. `present_caller`: a customer
    whom we forward is shown with the customer's own number. `tell_forwarding`: headers that say so.
    `strip` are digits that the carrier puts before numbers. `user_phone`: write `;user=phone`.
    """

    accept: tuple[IdentityHeader, ...] = (IdentityHeader.FROM,)
    send: tuple[IdentityHeader, ...] = ()
    trusted: bool = False
    present_caller: bool = False
    tell_forwarding: tuple[ForwardingHeader, ...] = ()
    strip: tuple[str, ...] = ()
    user_phone: bool = False


PLAIN = CallerSettings()
"""A trunk that states nothing about identity."""


@dataclass(frozen=True, slots=True)
class Caller:
    """`number` is E.164, or what the carrier wrote where that is no number; also where it is `withheld`,
    and then it goes nowhere but into the journal. `source` is the header that was believed.
    """

    number: str
    name: str = ""
    withheld: bool = False
    source: IdentityHeader = IdentityHeader.FROM
    forwarded: tuple[Forwarding, ...] = ()
    """Who forwarded the caller to us, the last first."""
    verstat: str = ""
    """What STIR made of the number, in the word that phones know; empty where nobody asked."""

    @property
    def shown(self) -> str:
        """What records, flows and screens get."""
        return ANONYMOUS if self.withheld else self.number

    @property
    def shown_name(self) -> str:
        return "" if self.withheld else self.name


def read_caller(
    settings: CallerSettings, request: Request, normalise: Callable[[str], str]
) -> tuple[str, str, bool, IdentityHeader]:
    """Number, name, whether it is withheld, and the header that was believed."""
    privacy = privacy_of(request)
    from_ = request.from_
    anonymous = is_anonymous(from_) and "none" not in privacy
    withheld = anonymous or not privacy.isdisjoint(_WITHHOLDING)
    for header in settings.accept:
        if header is IdentityHeader.FROM:
            break
        if header is IdentityHeader.RPID:
            found, hides_number, hides_name = _remote_party(request)
        else:
            name = "P-Asserted-Identity" if header is IdentityHeader.PAI else "P-Preferred-Identity"
            found, hides_number, hides_name = _values(listed(request, name)), False, False
        chosen = _best(found, normalise)
        if chosen is not None:
            number, written = chosen
            display = "" if hides_name else written.display or ("" if anonymous else from_.display)
            return number, clean_name(display), withheld or hides_number, header
    return normalise(subscriber(from_.uri)), clean_name(from_.display), withheld, IdentityHeader.FROM


def privacy_of(request: Request) -> frozenset[str]:
    """The values of Privacy in lower case (RFC 3323 section 4.2); empty where there is none."""
    if "Privacy" not in request.headers:
        return frozenset()
    words = ";".join(request.headers.fields("Privacy")).replace(",", ";").lower().split(";")
    return frozenset(word.strip() for word in words if word.strip())


def withholds(request: Request) -> bool:
    """Whether a phone asks that its number be withheld."""
    privacy = privacy_of(request)
    return not privacy.isdisjoint(_WITHHOLDING) or (is_anonymous(request.from_) and "none" not in privacy)


def is_anonymous(value: NameAddr) -> bool:
    """The From of a caller who is not to be known (RFC 3323 section 4.1.1.3)."""
    return value.uri.host.lower() == ANONYMOUS_HOST or (value.uri.user or "").lower() == ANONYMOUS


def clean_name(text: str) -> str:
    """A display name that is safe to show and to send on: printable, unquoted, bounded.

    What Unicode calls a control or format character (direction overrides among them) is not printable.
    """
    if not text:
        return ""
    return "".join(c for c in text if c.isprintable() and c not in '"\\<>')[:NAME_LENGTH_MAX].strip()


def _values(texts: Iterable[str]) -> list[NameAddr]:
    """Those that can be read: a carrier's broken header is no reason to lose its call."""
    found = []
    for text in list(texts)[:VALUES_MAX]:
        try:
            found.append(NameAddr.parse(text))
        except PeerError:
            continue
    return found


def _remote_party(request: Request) -> tuple[list[NameAddr], bool, bool]:
    """The calling party of Remote-Party-ID, whether its number is hidden, and whether its name is."""
    for value in _values(listed(request, "Remote-Party-ID")):
        if (value.param("party") or "calling").lower() == "calling":
            privacy = _word(value.param("privacy"))
            return [value], privacy in ("full", "uri"), privacy in ("full", "name")
    return [], False, False


def _word(value: str | None) -> str:
    try:
        return unquote(value or "").lower()
    except PeerError:
        return ""


def _best(values: list[NameAddr], normalise: Callable[[str], str]) -> tuple[str, NameAddr] | None:
    """The first that is a number, else the first that names anybody; a name may stand in another value."""
    numbers = [(normalise(subscriber(value.uri)), value) for value in values]
    named = [(number, value) for number, value in numbers if number]
    if not named:
        return None
    number, value = next((pair for pair in named if pair[0].startswith("+")), named[0])
    display = value.display or next((other.display for _, other in named if other.display), "")
    return number, NameAddr(display, value.uri, value.params)
