"""A new INVITE: who sends it, whose number it is for, and what opens for it.

| it comes from | then |
| --- | --- |
| a trunk's address | the called number must belong to a tenant (404), a channel must be free (503) |
| anybody else | it must authenticate as an account (407); its tenant says what the number means |

Nothing is reserved and no trunk is dialled before this is known: an unauthenticated request costs one answer.
"""

from dataclasses import replace

from switch.base.clock import SECOND
from switch.base.errors import PeerError
from switch.call import session_timer
from switch.call.call import Call, Record
from switch.call.cause import By, Cause, Reason
from switch.call.incoming import IncomingLeg
from switch.call.keys import KeyWay
from switch.call.outgoing import MAX_FORWARDS
from switch.exchange import (
    codecs,
    dials,
    encryption,
    flows,
    identities,
    key_ways,
    meter,
    records,
    replacing,
    ringing,
    stir,
    talks,
    understanding,
)
from switch.exchange.office import Office
from switch.exchange.refusing import refuse
from switch.exchange.session import Session
from switch.journal import events as journal
from switch.media.plan import Slot
from switch.registrar.gruu import is_gruu
from switch.registrar.values import Account
from switch.sdp.audio import AudioCapability
from switch.sdp.security import Encryption
from switch.sip.message import Request, Response
from switch.sip.outputs import RequestReceived
from switch.sip.tel import is_dialable, subscriber
from switch.sip.uri import NameAddr
from switch.tenant.entry import (
    Destination,
    ExtensionDestination,
    FlowDestination,
    OutsideDestination,
    Unknown,
    UnknownReason,
)
from switch.tenant.limits import Limit, Refusal
from switch.trunk.caller import Caller, clean_name
from switch.trunk.stir.settings import VerifyPolicy
from switch.trunk.stir.verify import Verdict

RING_US = 60 * SECOND
"""How long a phone of the tenant is rung when another phone dials it."""

SUPPORTED = frozenset({"100rel", "timer", "replaces", "norefersub", "tdialog"})
"""Option tags that we understand in Require (RFC 3261 section 8.2.2.3)."""


def admit(office: Office, message: RequestReceived, now: int) -> None:
    """Open a call for an INVITE outside any dialog, or refuse it."""
    request = message.request
    refusal = _cannot_understand(request) or session_timer.refusal(request, office.signalling.settings)
    if refusal is None and office.sheds:
        refusal = request.make_response(503, headers=[("Retry-After", "10")])
    if refusal is not None:
        office.signalling.turn_away(message.transaction, refusal, now)
        return
    replaces = request.headers.get("Replaces")
    trunk = office.parts.trunks.identify(message.flow, request.uri, now)
    if trunk is not None and replaces is not None:
        # Whoever is beyond a trunk has proved nothing, and may break into nobody's call.
        refuse(office, message, 403, now)
        return
    if trunk is not None:
        _from_trunk(office, message, trunk, now)
        return
    account = office.parts.registrar.authenticate(request, message.flow, now, proxy=True)
    if isinstance(account, Response):
        office.signalling.turn_away(message.transaction, account, now)
        return
    if replaces is not None:
        replacing.admit(office, message, account, now)
    else:
        _from_account(office, message, account, now)


def _cannot_understand(request: Request) -> Response | None:
    if not is_dialable(request.uri):
        return request.make_response(416)
    if request.max_forwards == 0:
        # What we would send for it must have one less (RFC 7332 section 3).
        return request.make_response(483)
    if request.contact is None:
        return request.make_response(400, "Missing Contact")
    kind = (request.content_type or "application/sdp").partition(";")[0].strip().lower()
    if request.body and kind != "application/sdp":
        return request.make_response(415, headers=[("Accept", understanding.ACCEPTED)])
    return understanding.not_acceptable(request)


def _from_trunk(office: Office, message: RequestReceived, trunk: str, now: int) -> None:
    request = message.request
    called = office.parts.trunks.normalise(trunk, subscriber(request.uri))
    owner = office.parts.directory.by_number(called)
    if owner is None and request.uri.user == office.parts.trunks.line_user(trunk):
        # Called by the name that we registered: the number stands elsewhere.
        called = office.parts.trunks.normalise(trunk, _called_party(request))
        owner = office.parts.directory.by_number(called)
    if owner is None:
        refuse(office, message, 404, now)
        return
    known = identities.from_trunk(office, trunk, request)
    caller = (
        office.parts.trunks.normalise(trunk, subscriber(request.from_.uri)) if known is None else known.number
    )
    settings = office.parts.trunks.settings(trunk)
    assert settings is not None, "a trunk that was identified is configured"
    rules = settings.stir
    if rules is None or rules.verify is VerifyPolicy.OFF:
        _take_from_trunk(office, message, trunk, owner, called, caller, known, now)
        return

    def verified(verdict: Verdict, at: int) -> None:
        if rules.verify is VerifyPolicy.REQUIRE and not verdict.passed:
            reason = f'STIR;cause={verdict.status};text="{verdict.reason}"'
            refuse(office, message, verdict.status, at, [("Reason", reason)])
            return
        who = known or Caller(caller, clean_name(request.from_.display))
        who = replace(who, verstat=verdict.verstat)
        _take_from_trunk(office, message, trunk, owner, called, caller, who, at, str(verdict))

    stir.desk(office).verify(office, message, rules, caller, called, verified, now)


def _take_from_trunk(
    office: Office,
    message: RequestReceived,
    trunk: str,
    owner: tuple[str, str],
    called: str,
    caller: str,
    known: Caller | None,
    now: int,
    verification: str = "",
) -> None:
    """Open the call; where it waited for a certificate, a reload may have taken its tenant away meanwhile."""
    tenant, number = owner
    if verification and office.parts.directory.by_number(called) != owner:
        refuse(office, message, 404, now)
        return
    if office.parts.trunks.acquire(trunk, now) is not None:
        refuse(office, message, 503, now, [("Retry-After", "10")])
        return
    shown = caller if known is None else known.shown
    session = _open(office, message, tenant, "inbound", shown, called, trunk, now)
    if session is None:
        office.parts.trunks.release(trunk)
        return
    if known is not None:
        session.call.record.verification = verification
        identities.know(office, session, known, now)
    session.call.anchor.trunk = trunk
    session.call.record.trunk, session.call.record.gateway = trunk, str(message.flow.remote)
    flows.start(office, session, number, now)


def _called_party(request: Request) -> str:
    """Whom the caller dialled, where the Request-URI names us: P-Called-Party-ID (RFC 7315), else To."""
    named = request.headers.get("P-Called-Party-ID")
    if named is not None:
        try:
            return subscriber(NameAddr.parse(named).uri)
        except PeerError:
            pass
    return subscriber(request.to.uri)


def _from_account(office: Office, message: RequestReceived, account: Account, now: int) -> None:
    if is_gruu(message.request.uri):
        _to_one_phone(office, message, account, now)
        return
    dialled = subscriber(message.request.uri)
    destination = office.parts.directory.resolve(account.tenant, dialled, account.account)
    if isinstance(destination, Unknown):
        if destination.reason is UnknownReason.NOT_ALLOWED:
            _refuse_by_limit(office, message, account, Refusal("tenant", Limit.NOT_ALLOWED), now)
        else:
            refuse(office, message, destination.status, now)
        return
    limits = office.parts.limits
    if isinstance(destination, OutsideDestination) and limits.limited(account.tenant):
        # Looked at before anything is opened: a phone that dials day and night costs an answer each.
        refusal = limits.check(account.tenant, account.account, destination.number, now)
        if refusal is not None and not destination.emergency:
            _refuse_by_limit(office, message, account, refusal, now)
            return
    direction = "internal"
    if isinstance(destination, OutsideDestination):
        direction = "outbound"
        destination = identities.wished(office, account, message.request, destination)
    session = _open(
        office, message, account.tenant, direction, account.account, dialled, account.account, now
    )
    if session is None:
        return
    _engage_caller(office, session, message.request, account)
    _go(office, session, destination, now)


def _to_one_phone(office: Office, message: RequestReceived, account: Account, now: int) -> None:
    """A GRUU (RFC 5627 section 5.1): this phone and no other of its account, within the tenant."""
    found = office.parts.registrar.gruu(message.request.uri, now)
    if found is None or found[0].tenant != account.tenant:
        refuse(office, message, 404, now)
        return
    called, instance = found
    session = _open(
        office,
        message,
        account.tenant,
        "internal",
        account.account,
        called.account,
        account.account,
        now,
    )
    if session is not None:
        _engage_caller(office, session, message.request, account)
        attempt = dials.start(office, session, RING_US, now)
        ringing.ring_account(office, session, attempt, called.account, now, instance)


def _engage_caller(office: Office, session: Session, request: Request, account: Account) -> None:
    anchor = session.call.anchor
    anchor.account = account.account
    session.caller = identities.from_account(office, account, request)
    office.stir(session, anchor)
    agent = office.agent_at(account.tenant, account.account)
    if agent:
        talks.engage(office, session, anchor, agent)


def _go(office: Office, session: Session, destination: Destination, now: int) -> None:
    if isinstance(destination, FlowDestination):
        flows.start(office, session, destination.number, now)
        return
    attempt = dials.start(office, session, RING_US, now)
    if isinstance(destination, ExtensionDestination):
        ringing.ring_account(office, session, attempt, destination.account, now)
    elif isinstance(destination, OutsideDestination):
        ringing.ring_outside(
            office, session, attempt, destination.trunk, destination.number, destination.caller_id, now
        )


def _open(
    office: Office,
    message: RequestReceived,
    tenant: str,
    direction: str,
    caller: str,
    called: str,
    source: str,
    now: int,
) -> Session | None:
    """The call, its first leg and its port; None after a 503 where no port is left."""
    request = message.request
    slot = office.reserve_slot(message.flow.local)
    if slot is None:
        refuse(office, message, 503, now, [("Retry-After", "10")])
        return None
    agreed = encryption.calls_from(office, tenant, source, direction)
    audio = codecs.calls_from(office, tenant, source, direction)
    key_way = key_ways.calls_from(office, tenant, source, direction)
    anchor = _anchor(office, message, slot, source, agreed, audio, key_way, now)
    record = Record(
        direction=direction,
        caller=caller,
        called=called,
        source=source,
        started_wall_us=office.journal.wall(now),
        caller_name=clean_name(request.from_.display),
    )
    hold_clip = office.parts.tenancies[tenant].hold_clip
    call = Call(office.parts.ids.make("c"), tenant, record, anchor, hold_clip)
    session = Session(call, hops=(request.max_forwards or MAX_FORWARDS) - 1)
    office.sessions[call.id] = session
    started = journal.CallStarted(direction, caller, called, source, request.call_id)
    office.write(started, now, session)
    office.add_leg(session, anchor, now)
    return session


def _anchor(
    office: Office,
    message: RequestReceived,
    slot: Slot,
    source: str,
    agreed: Encryption,
    audio: AudioCapability | None,
    key_way: KeyWay,
    now: int,
) -> IncomingLeg:
    return IncomingLeg(
        office.parts.ids.make("l"),
        message,
        role="caller",
        peer=source,
        slot=slot,
        session_id=office.next_session_id(now),
        local_tag=office.parts.tokens.token(10),
        signalling=office.signalling,
        encryption=agreed,
        audio=audio,
        key_way=key_way,
    )


def _refuse_by_limit(
    office: Office, message: RequestReceived, account: Account, refusal: Refusal, now: int
) -> None:
    """The answer that names the limit, and a record, unless the tenant has had too many this minute."""
    request, tenant = message.request, account.tenant
    refuse(office, message, refusal.status, now, meter.refusal_headers(refusal))
    if office.parts.limits.refused(tenant, refusal, now):
        who = account.account
        record = Record("outbound", who, subscriber(request.uri), who, office.journal.wall(now))
        record.limit, record.cause = str(refusal), Cause(Reason.LIMITED, By.US, refusal.status)
        records.refused(office, tenant, record, request.call_id, now)
