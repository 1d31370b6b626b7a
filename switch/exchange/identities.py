"""Who calls, from what the one side says to what the other side sees.

The table of docs/decisions/0021-identity-and-stir.md is carried out here. A session has a `Caller` only
where there is more to know than a number in From; all others take the first line of each function.
"""

from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache

from switch.base.clock import SECOND
from switch.base.errors import PeerError
from switch.exchange.attempt import Attempt
from switch.exchange.office import Office
from switch.exchange.session import Session
from switch.journal import events as journal
from switch.registrar.values import Account
from switch.sip.message import Request
from switch.sip.tel import subscriber
from switch.sip.uri import NameAddr, Uri
from switch.tenant.entry import OutsideDestination
from switch.tenant.numbers import to_e164
from switch.trunk.caller import (
    ANONYMOUS,
    ANONYMOUS_HOST,
    PLAIN,
    Caller,
    IdentityHeader,
    is_anonymous,
    read_caller,
    withholds,
)
from switch.trunk.forwarding import Forwarding, ForwardingHeader, read_forwardings, write_forwardings
from switch.trunk.settings import RouteChoice, TrunkSettings
from switch.trunk.stir import identity_header
from switch.trunk.stir.passport import SHAKEN, Passport, sign
from switch.trunk.stir.settings import Signer

Fields = tuple[tuple[str, str], ...]

NOBODY = NameAddr("Anonymous", Uri(user=ANONYMOUS, host=ANONYMOUS_HOST))
"""RFC 3323 section 4.1.1.3."""

NAMES_KEPT = 4_096
"""Accounts as From and To of an INVITE show them, kept written."""

_USER_PHONE = (("user", "phone"),)


def from_trunk(office: Office, trunk: str, request: Request) -> Caller | None:
    """What is known of a carrier's caller; None where From says all there is."""
    trunks = office.parts.trunks
    settings = trunks.settings(trunk)
    assert settings is not None, "a trunk that was identified is configured"
    headers = request.headers
    plain = settings.caller.accept[0] is IdentityHeader.FROM and not (
        "Privacy" in headers or "Diversion" in headers or "History-Info" in headers
    )
    if plain and not is_anonymous(request.from_):
        return None

    def normalise(text: str) -> str:
        return trunks.normalise(trunk, text)

    number, name, withheld, source = read_caller(settings.caller, request, normalise)
    forwarded = read_forwardings(request, normalise)
    return Caller(number, name, withheld, source, forwarded)


def know(office: Office, session: Session, caller: Caller, now: int) -> None:
    """The call is this caller's: into the record what may be seen, into the journal all of it."""
    session.caller = caller
    record = session.call.record
    record.caller_name = caller.shown_name
    forwarded = tuple(str(item) for item in caller.forwarded)
    record.forwarded_by = forwarded[0] if forwarded else ""
    known = journal.CallerIdentified(
        caller.number, caller.name, caller.source, caller.withheld, forwarded, record.verification
    )
    office.write(known, now, session)


def from_account(office: Office, account: Account, request: Request) -> Caller | None:
    """A phone whose user does not want to be known: by its own setting, or as it asks (RFC 3323)."""
    plan = office.parts.tenancies[account.tenant].plan.accounts.get(account.account)
    asks = "Privacy" in request.headers or request.from_.uri.host.lower() == ANONYMOUS_HOST
    if not (asks and withholds(request)) and not (plan is not None and plan.withhold):
        return None
    return Caller(account.account, withheld=True)


def wished(
    office: Office, account: Account, request: Request, destination: OutsideDestination
) -> OutsideDestination:
    """The same with the number that the phone wants shown, where its account may (RFC 3325 section 9.2)."""
    entry = office.parts.tenancies[account.tenant].plan
    plan = entry.accounts.get(account.account)
    if plan is None or not plan.may_present:
        return destination
    values = request.headers.all("P-Preferred-Identity")
    try:
        wishes = [NameAddr.parse(value).uri for value in values[:2]] or [request.from_.uri]
    except PeerError:
        return destination
    for wish in wishes:
        number = to_e164(subscriber(wish), entry.country)
        if number in plan.may_present:
            return OutsideDestination(
                destination.tenant, destination.number, destination.trunk, number, destination.emergency
            )
    return destination


def for_phone(session: Session, host: str) -> str:
    """Who calls, as the rung phone shows it."""
    record = session.call.record
    if session.caller is not None and session.caller.withheld:
        return str(NOBODY)
    return _shown_as(record.caller_name, record.caller or ANONYMOUS, host)


@lru_cache(NAMES_KEPT)
def _shown_as(name: str, user: str, host: str) -> str:
    try:
        return str(NameAddr(name, Uri(user=user, host=host)))
    except PeerError:
        return str(NameAddr("", Uri(user=ANONYMOUS, host=host)))


@lru_cache(NAMES_KEPT)
def of_phone(name: str, host: str) -> str:
    """The rung phone, by what it registers as."""
    return str(NameAddr("", Uri(user=name, host=host)))


def for_carrier(
    office: Office,
    session: Session,
    attempt: Attempt,
    choice: RouteChoice,
    settings: TrunkSettings,
    host: str,
    now: int,
) -> tuple[NameAddr, Fields]:
    """From and the other headers that tell a carrier who calls."""
    rules, caller = settings.caller, session.caller
    name = office.tenancy(session).plan.outside.caller_name
    shown = NameAddr(name, phone_uri(settings, choice.from_user, host))
    if rules is PLAIN and caller is None and settings.stir is None:
        return shown, ()
    trunks = office.parts.trunks
    asserted, signed = shown, attempt.presented
    withheld = caller is not None and caller.withheld
    customer = session.call.record.direction == "inbound"
    if attempt.emergency and not customer:
        # Whoever answers must be able to call back, whatever the habit of the phone.
        withheld = False
    if customer and not rules.present_caller:
        # The call is ours towards this carrier; whose it was is told by the forwarding headers.
        withheld = False
    elif customer:
        number = session.call.record.caller if caller is None else caller.number
        theirs = NameAddr(
            "" if caller is None else caller.name,
            phone_uri(settings, trunks.present(choice.trunk, number), host),
        )
        if not withheld:
            shown, signed = theirs, number
        elif rules.trusted:
            asserted = theirs
    fields = [_field(header, asserted, withheld=withheld) for header in rules.send]
    if withheld:
        shown = NOBODY
        fields.append(("Privacy", "id"))
    if rules.tell_forwarding and (customer or attempt.forwards):
        fields += _forwarding(office, session, attempt, choice, settings, host)
    if settings.stir is not None and settings.stir.signer is not None:
        fields += _signed(office, session, attempt.dialled, signed, settings.stir.signer, now)
    return shown, tuple(fields)


def history(office: Office, session: Session, attempt: Attempt, target: str) -> tuple[str, ...]:
    """History-Info for the caller whose call phones have forwarded: who did, and an extension that is rung
    now. A colleague's number outside is nobody's business, nor is who forwards for a caller from outside,
    unless the trunk has `tell_forwarding`."""
    anchor = session.call.anchor
    settings = office.parts.trunks.settings(anchor.trunk) if anchor.trunk else None
    if settings is not None and not settings.caller.tell_forwarding:
        return ()

    def present(account: str) -> str:
        if settings is None:
            return account
        return office.parts.trunks.present(anchor.trunk, _own_number(office, session, account))

    accounts = office.tenancy(session).plan.accounts
    forwardings = tuple(
        Forwarding(account, "unconditional", hidden=accounts[account].withhold)
        for account in reversed(attempt.forwards)
    )
    reached = target if target and settings is None and not accounts[target].withhold else ANONYMOUS
    fields = write_forwardings(
        ForwardingHeader.HISTORY_INFO, forwardings, reached, anchor.flow.local.host, present, trusted=False
    )
    return tuple(value for _, value in fields)


def _own_number(office: Office, session: Session, account: str) -> str:
    plan = office.tenancy(session).plan
    return plan.accounts[account].caller_id or plan.caller_id


def verified(session: Session, host: str) -> Fields:
    """P-Asserted-Identity with what STIR made of the caller's number, for phones that show it."""
    caller = session.caller
    if caller is None or not caller.verstat or caller.withheld:
        return ()
    try:
        uri = Uri(user=f"{caller.number};verstat={caller.verstat}", host=host, params=_USER_PHONE)
        return (("P-Asserted-Identity", str(NameAddr(caller.name, uri))),)
    except PeerError:
        return ()


def _signed(
    office: Office, session: Session, dialled: str, number: str, signer: Signer, now: int
) -> list[tuple[str, str]]:
    """Date and Identity (RFC 8224, 8588). What is no telephone number cannot be signed, nor need it be."""
    if not (number.startswith("+") and dialled):
        return []
    plan = office.tenancy(session).plan
    own = (*plan.numbers, plan.caller_id, *(account.caller_id for account in plan.accounts.values()))
    attest = "A" if number in own else "B" if session.call.anchor.account else "C"
    wall_s = office.journal.wall(now) // SECOND
    passport = Passport(
        signer.certificate_url,
        number[1:],
        (dialled.removeprefix("+"),),
        wall_s,
        SHAKEN,
        attest,
        signer.origid,
    )
    date = format_datetime(datetime.fromtimestamp(wall_s, UTC), usegmt=True)
    return [("Date", date), ("Identity", identity_header.write(sign(passport, signer.key), passport))]


def phone_uri(settings: TrunkSettings, user: str, host: str, port: int | None = None) -> Uri:
    """A number at a host, marked as one where the carrier wants that (RFC 3261 section 19.1.1)."""
    is_number = user.removeprefix("+").isdigit()
    return Uri(
        user=user or None,
        host=host,
        port=port,
        params=_USER_PHONE if settings.caller.user_phone and is_number else (),
    )


def _field(header: IdentityHeader, who: NameAddr, *, withheld: bool) -> tuple[str, str]:
    if header is IdentityHeader.RPID:
        privacy = "full" if withheld else "off"
        return "Remote-Party-ID", f"{who};party=calling;screen=yes;privacy={privacy}"
    name = "P-Preferred-Identity" if header is IdentityHeader.PPI else "P-Asserted-Identity"
    return name, str(who)


def _forwarding(
    office: Office,
    session: Session,
    attempt: Attempt,
    choice: RouteChoice,
    settings: TrunkSettings,
    host: str,
) -> list[tuple[str, str]]:
    """Who forwarded the call: whoever the carrier said, the number that the customer dialled, and last the
    colleague whose phone forwards."""
    reason = "unconditional" if session.transfer is None else "deflection"
    before = () if session.caller is None else session.caller.forwarded
    ours = [] if session.call.record.direction != "inbound" else [session.call.record.called]
    ours += [_own_number(office, session, account) for account in attempt.forwards]
    shown = tuple(Forwarding(number, reason) for number in dict.fromkeys(reversed(ours)))
    forwardings = (*shown, *before)

    def present(number: str) -> str:
        return office.parts.trunks.present(choice.trunk, number)

    return [
        field
        for header in settings.caller.tell_forwarding
        for field in write_forwardings(
            header, forwardings, present(attempt.dialled), host, present, trusted=settings.caller.trusted
        )
    ]
