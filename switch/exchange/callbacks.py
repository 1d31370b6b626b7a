"""Callbacks: contacts without a leg, who keep the place of a caller (docs/decisions/0031).

| state | waits for | goes to |
| --- | --- | --- |
| `PROMISED` | the journal's commit, before which nothing is heard | `WAITING`; ended: `not-stored` |
| `WAITING` | an agent, by the router, whose phone rings first | `CALLING`; `RESTING` if it is refused |
| `CALLING` | the customer, by the tenant's trunk | ended: `answered`; `RESTING`; ended: `no-answer` |
| `RESTING` | the next try, opening hours, a queue that takes it | `WAITING`, with the same place |

A session is made with the first offer of a visit and lives until its agent has gone; until an agent has
answered, its anchor's place is vacant. `office.callbacks` is made with the first callback: a switch without
any pays for nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from switch.acd.decisions import Admitted, RefusalReason, Refused
from switch.acd.events import Arrive, Withdraw
from switch.acd.settings import Contact, Need, Preference, Requirement, Step
from switch.base.clock import SECOND
from switch.base.promises import AGAIN_US, Turn, turn
from switch.call.call import Call, Record
from switch.call.cause import By, Cause, Reason, ours, status_for
from switch.call.leg import Leg
from switch.call.vacant import VacantLeg
from switch.dialplan.actions import WishCallback
from switch.dialplan.events import CallbackAnswered
from switch.dialplan.hours import is_open, local_time
from switch.dialplan.plan import CallbackPlan, TenantPlan
from switch.exchange import flows, ringing, talks
from switch.exchange.attempt import Attempt, Purpose
from switch.exchange.office import CommitWanted, Office
from switch.exchange.session import ContactState, Session
from switch.exchange.wishes import requirement_of
from switch.journal import events as journal
from switch.journal import queue_events
from switch.tenant.entry import OutsideDestination
from switch.tenant.limits import country_of
from switch.tenant.numbers import is_emergency, is_premium, to_e164

STORE_US = 5 * SECOND
"""How long a caller waits for the promise to be stored; longer means a disk that refuses."""

LIVES_US_MAX = 24 * 3_600 * SECOND
"""No callback expires later than this (`expires_minutes`): so far back a restart reads the journal."""

OPEN_MAX = 10_000
"""Open callbacks of a tenant: a day of the largest centre. Beyond, callers hear that it is not possible."""

SHOWN = "Callback"
"""The caller's name on the agent's phone, beside the customer's number."""


class CallbackState(StrEnum):
    """See the table above."""

    PROMISED = "promised"
    WAITING = "waiting"
    CALLING = "calling"
    RESTING = "resting"


@dataclass(slots=True)
class Callback:
    """One promise. `since` is when the caller's wait began and never changes; times are monotonic us.

    `contact` is the present visit's, `session` the call's while one is made. `askers` are callers who wait to
    hear that the promise is stored.
    """

    id: str
    tenant: str
    queue: str
    number: str
    requirement: Requirement
    priority: int
    record: bool
    since: int
    expires_at: int
    tries_left: int
    state: CallbackState = CallbackState.PROMISED
    contact: str = ""
    session: Session | None = None
    askers: list[Session] = field(default_factory=list)

    @property
    def wish(self) -> tuple[str, str, str]:
        """What two callbacks never have in common."""
        return self.tenant, self.queue, self.number


@dataclass(slots=True)
class CallbackBook:
    """All that are open."""

    by_id: dict[str, Callback] = field(default_factory=dict)
    by_wish: dict[tuple[str, str, str], Callback] = field(default_factory=dict)
    by_contact: dict[tuple[str, str], Callback] = field(default_factory=dict)
    committing: dict[int, Callback] = field(default_factory=dict)

    def count(self, tenant: str, queue: str = "") -> int:
        """How many a tenant has, or one queue of it."""
        return sum(
            callback.tenant == tenant and queue in ("", callback.queue) for callback in self.by_id.values()
        )


def _book(office: Office) -> CallbackBook:
    if office.callbacks is None:
        office.callbacks = CallbackBook()
    return office.callbacks


def of_contact(office: Office, tenant: str, contact: str) -> Callback | None:
    """The callback whose visit this is."""
    return None if office.callbacks is None else office.callbacks.by_contact.get((tenant, contact))


def count(office: Office, tenant: str, queue: str) -> int:
    """How many are open in a queue."""
    return 0 if office.callbacks is None else office.callbacks.count(tenant, queue)


def listed(office: Office) -> list[Callback]:
    """All that are open, the longest wait first."""
    if office.callbacks is None:
        return []
    return sorted(office.callbacks.by_id.values(), key=lambda callback: (callback.since, callback.id))


def visit_over(office: Office, tenant: str, contact: str) -> Callback | None:
    """The callback whose visit this was."""
    return None if office.callbacks is None else office.callbacks.by_contact.pop((tenant, contact), None)


# The promise.


def wish(office: Office, session: Session, action: WishCallback, now: int) -> None:
    """Promise it as soon as the journal has it; or say why it cannot be."""
    plan, book = office.tenancy(session).plan, _book(office)
    number, refused = _allowed(office, plan, action, now)
    known = book.by_wish.get((session.tenant, action.queue, number))
    if not refused and known is None and book.count(session.tenant) >= OPEN_MAX:
        refused = "too-many"
    if refused:
        office.tell_flow(session, CallbackAnswered(False, refused))
        return
    if known is not None:
        # Its place is older than this one would be.
        if known.state is CallbackState.PROMISED:
            known.askers.append(session)
        else:
            _leave_line(office, session)
            office.tell_flow(session, CallbackAnswered(True))
        return
    terms = plan.queues[action.queue].callback
    assert terms is not None, "the compiler lets nobody wish what the queue does not have"
    waited = session.queue == action.queue and session.waiting_since
    callback = Callback(
        id=office.parts.ids.make("b"),
        tenant=session.tenant,
        queue=action.queue,
        number=number,
        requirement=requirement_of(action.steps),
        priority=action.priority,
        record=action.record,
        since=waited or now,
        expires_at=now + terms.expires_s * SECOND,
        tries_left=terms.tries,
        askers=[session],
    )
    _enter(book, callback)
    entry = office.journal.write(_kept(office, callback, now), now, tenant=callback.tenant, call=callback.id)
    book.committing[entry.sequence] = callback
    office.outputs.append(CommitWanted(entry.sequence))
    office.timers.set(("callback", callback.id), now + STORE_US)


def _enter(book: CallbackBook, callback: Callback) -> None:
    book.by_id[callback.id] = callback
    book.by_wish[callback.wish] = callback


def _allowed(office: Office, plan: TenantPlan, action: WishCallback, now: int) -> tuple[str, str]:
    """The number in E.164, and why it may not be called: empty where it may.

    As a phone of the tenant would have to be allowed to dial it, and stricter: a caller has proved nothing.
    """
    terms = plan.queues[action.queue].callback
    number = to_e164(action.number, plan.country)
    if terms is None or number is None or is_emergency(action.number, plan.country):
        return "", "not-a-number"
    destination = office.parts.directory.resolve(plan.key, number)
    if not isinstance(destination, OutsideDestination) or is_premium(number):
        return number, "not-allowed"
    if country_of(number) not in (terms.countries or {plan.country}):
        return number, "other-country"
    limits = office.parts.limits
    refusal = limits.check(plan.key, "", number, now) if limits.limited(plan.key) else None
    # What passes by itself (calls at once, a minute's) is looked at again when the call is made.
    return number, "limited" if refusal is not None and refusal.status == 403 else ""


def committed(office: Office, sequence: int, stored: bool, now: int) -> None:
    """The promise outlives a crash from now on, and may be heard; or it could not be stored."""
    callback = None if office.callbacks is None else office.callbacks.committing.pop(sequence, None)
    if callback is None or callback.state is not CallbackState.PROMISED:
        return
    askers, callback.askers = callback.askers, []
    if not stored:
        _end(office, callback, "not-stored", now)
        for session in askers:
            office.tell_flow(session, CallbackAnswered(False, "not-stored"))
        return
    if askers[0].contact_state is ContactState.CONNECTED:
        # An agent was faster than the disk.
        _end(office, callback, "cancelled", now)
        return
    for session in askers:
        _leave_line(office, session)
        office.tell_flow(session, CallbackAnswered(True))
    _queue_up(office, callback, now)


def _leave_line(office: Office, session: Session) -> None:
    """The caller's own visit ends: the callback has the place."""
    if session.contact_state is ContactState.WAITING:
        session.contact_state = ContactState.NONE
        office.tell_router(session.tenant, Withdraw(session.contact, "callback"))


# Waiting.


def _terms(office: Office, callback: Callback) -> CallbackPlan | None:
    """As the configuration says now; None where tenant, queue or offer are gone."""
    tenancy = office.parts.tenancies.get(callback.tenant)
    queue = None if tenancy is None else tenancy.plan.queues.get(callback.queue)
    return None if queue is None else queue.callback


def _queue_up(office: Office, callback: Callback, now: int) -> None:
    """Into the line, at the place that the caller had."""
    terms = _terms(office, callback)
    if terms is None:
        _end(office, callback, "refused", now)
        return
    plan = office.parts.tenancies[callback.tenant].plan
    local = local_time(office.journal.wall(now), plan.zone)
    opened = not terms.hours or is_open(plan.hours[terms.hours], plan.calendar, local)
    match turn(now, callback.expires_at, opened=opened):
        case Turn.EXPIRED:
            _end(office, callback, "expired", now)
            return
        case Turn.RESTS:
            _rest(office, callback, now + AGAIN_US)
            return
        case Turn.ENTERS:
            callback.state = CallbackState.WAITING
    callback.contact = office.parts.ids.make("v")
    _book(office).by_contact[callback.tenant, callback.contact] = callback
    office.timers.set(("callback", callback.id), callback.expires_at)
    contact = Contact(
        callback.contact,
        callback.queue,
        callback.requirement,
        callback.priority,
        # 0 would mean now.
        callback.since or -1,
    )
    office.tell_router(callback.tenant, Arrive(contact))


def _rest(office: Office, callback: Callback, until: int) -> None:
    callback.state = CallbackState.RESTING
    office.timers.set(("callback", callback.id), min(until, callback.expires_at))


def admitted(office: Office, callback: Callback, decision: Admitted, now: int) -> None:
    needs = tuple(f"{need.skill}>={need.level}" for need in callback.requirement.steps[0].needs)
    queued = journal.Queued(decision.contact, decision.queue, callback.priority, decision.position, needs)
    office.journal.write(queued, now, tenant=callback.tenant, call=callback.id)


def refused(office: Office, callback: Callback, decision: Refused, now: int) -> None:
    """Not taken now; tried again until it expires. A queue that is removed calls nobody back."""
    if decision.reason is RefusalReason.QUEUE_REMOVED:
        session = callback.session
        _end(office, callback, "refused", now)
        _release(office, session)
        return
    _book(office).by_contact.pop((callback.tenant, callback.contact), None)
    _rest(office, callback, now + AGAIN_US)


def timer(office: Office, name: str, now: int) -> None:
    """The clock of one callback: what it means depends on its state."""
    callback = None if office.callbacks is None else office.callbacks.by_id.get(name)
    if callback is None:
        return
    if callback.state is CallbackState.PROMISED:
        for sequence, waits in list(_book(office).committing.items()):
            if waits is callback:
                committed(office, sequence, False, now)
    elif callback.state is CallbackState.RESTING:
        _queue_up(office, callback, now)
    elif callback.state is CallbackState.WAITING:
        _withdraw(office, callback, "expired", now)


def cancel(office: Office, name: str, now: int) -> bool:
    """An operator takes it back; False where there is no such callback, or its customer is being called."""
    callback = None if office.callbacks is None else office.callbacks.by_id.get(name)
    if callback is None or callback.state in (CallbackState.CALLING, CallbackState.PROMISED):
        return False
    _withdraw(office, callback, "cancelled", now)
    return True


def _withdraw(office: Office, callback: Callback, outcome: str, now: int) -> None:
    waits, contact, session = callback.state is CallbackState.WAITING, callback.contact, callback.session
    _end(office, callback, outcome, now)
    if waits:
        office.tell_router(callback.tenant, Withdraw(contact, outcome))
    _release(office, session)


# The call.


def offered(office: Office, callback: Callback, now: int) -> Session:
    """The session of this visit, made with its first offer: its agent is about to be rung."""
    if callback.session is not None:
        return callback.session
    tenancy = office.parts.tenancies[callback.tenant]
    caller_id = tenancy.plan.caller_id
    record = Record(
        direction="callback",
        caller=callback.number,
        called=caller_id,
        source=callback.id,
        started_wall_us=office.journal.wall(now),
        caller_name=SHOWN,
    )
    vacant = VacantLeg(office.signalling)
    call = Call(office.parts.ids.make("c"), callback.tenant, record, vacant, tenancy.hold_clip)
    del call.legs[vacant.id]
    session = Session(
        call,
        contact=callback.contact,
        contact_state=ContactState.WAITING,
        queue=callback.queue,
        priority=callback.priority,
        requirement=callback.requirement,
        record_talk=callback.record,
        waiting_since=callback.since,
        callback=callback,
    )
    callback.session = session
    office.sessions[call.id] = session
    office.session_of_contact[callback.tenant, callback.contact] = session
    started = journal.CallStarted(record.direction, record.caller, record.called, record.source, "")
    office.write(started, now, session)
    return session


def agent_answered(office: Office, session: Session, callback: Callback, leg: Leg, now: int) -> None:
    """The agent has the call: call the customer, while the agent hears it ring."""
    session.call.anchor = leg
    callback.state = CallbackState.CALLING
    office.timers.cancel(("callback", callback.id))
    terms, plan = _terms(office, callback), office.tenancy(session).plan
    ring_s = 30 if terms is None else terms.ring_s
    attempt = Attempt(id=office.parts.ids.make("a"), purpose=_PURPOSE, deadline=now + ring_s * SECOND)
    if terms is not None and terms.answers is not None:
        attempt.answers = terms.answers
    ringing.start(office, session, attempt)
    ringing.ring_outside(office, session, attempt, plan.trunk, callback.number, plan.caller_id, now)
    if attempt.legs:
        talks.play_ringback(office, session)


def _customer_answered(office: Office, session: Session, attempt: Attempt, leg: Leg, now: int) -> None:
    """Kept. In the journal before the talk, so that a crash during it calls nobody twice."""
    ringing.forget(office, session, attempt)
    callback = session.callback
    if callback is not None:
        session.callback = callback.session = None
        _end(office, callback, "answered", now)
    session.call.record.answered_wall_us = office.journal.wall(now)
    talks.connect(office, session, leg, now)


def _customer_lost(office: Office, session: Session, attempt: Attempt, cause: Cause, now: int) -> None:
    """One try less. The agent is let go."""
    del attempt
    talks.stop_ringback(office, session)
    callback = session.callback
    if callback is not None:
        _let_go(session, callback)
        callback.tries_left -= 1
        if callback.tries_left <= 0:
            _end(office, callback, "no-answer", now)
        else:
            terms = _terms(office, callback)
            _rest(office, callback, now + (AGAIN_US if terms is None else terms.retry_s * SECOND))
            kept = _kept(office, callback, now)
            office.journal.write(kept, now, tenant=callback.tenant, call=callback.id)
    status = cause.sip_status if cause.sip_status >= 300 else status_for(cause.reason)
    office.hang_up(session.call.anchor, Cause(cause.reason, By.US, status, cause.told), now)


def _machine(office: Office, session: Session, attempt: Attempt, leg: Leg, now: int) -> None:
    """The customer's machine: the agent is let go; a flow leaves a message, which keeps the promise, or it is
    as if nobody had answered."""
    callback, agent = session.callback, session.call.anchor
    terms = None if callback is None else _terms(office, callback)
    if callback is None or terms is None or not terms.machine:
        ringing.lost(office, session, attempt, ours(Reason.MACHINE), now)
        return
    ringing.forget(office, session, attempt)
    session.callback = callback.session = None
    _end(office, callback, "machine", now)
    talks.stop_ringback(office, session)
    talks.leave_queue(office, session)
    session.call.record.answered_wall_us = office.journal.wall(now)
    session.call.anchor = leg
    office.hang_up(agent, ours(Reason.MACHINE), now)
    flows.start_named(office, session, terms.machine, callback.number, now)


def agent_left(office: Office, session: Session, now: int) -> None:
    """The agent hung up before the customer answered: that was no try, and the place is as it was."""
    callback = session.callback
    if callback is not None:
        _let_go(session, callback)
        _queue_up(office, callback, now)


def _let_go(session: Session, callback: Callback) -> None:
    """The visit and its call are over for the callback; the router hears it as the agent's leg ends."""
    callback.contact = ""
    session.callback = callback.session = None


_PURPOSE = Purpose("callee", _customer_answered, _customer_lost, machine=_machine)


# The end.


def _end(office: Office, callback: Callback, outcome: str, now: int) -> None:
    """Forget it; `outcome`: answered, no-answer, machine, expired, cancelled, refused or not-stored."""
    book = _book(office)
    if book.by_id.pop(callback.id, None) is None:
        return
    book.by_wish.pop(callback.wish, None)
    office.timers.cancel(("callback", callback.id))
    ended = queue_events.CallbackEnded(callback.id, callback.queue, callback.number, outcome)
    office.journal.write(ended, now, tenant=callback.tenant, call=callback.id)


def _release(office: Office, session: Session | None) -> None:
    """A session whose callback is over closes with its last leg; at once where it has none."""
    if session is None:
        return
    session.callback = None
    session.contact_state = ContactState.NONE
    session.call.record.cause = session.call.record.cause or ours(Reason.CANCELLED)
    if session.call.anchor.over and not session.call.legs and not session.attempts:
        office.closing.append(session)


# A restart.


def _kept(office: Office, callback: Callback, now: int) -> queue_events.CallbackKept:
    offset = office.journal.wall(now) - now
    return queue_events.CallbackKept(
        callback=callback.id,
        queue=callback.queue,
        number=callback.number,
        since_wall_us=callback.since + offset,
        expires_wall_us=callback.expires_at + offset,
        priority=callback.priority,
        tries_left=callback.tries_left,
        record=callback.record,
        steps=tuple(map(_packed, callback.requirement.steps)),
    )


def _packed(step: Step) -> queue_events.PackedStep:
    """A ring as plain values, in the order of its fields."""
    return (
        step.after_us,
        _pairs(step.needs),
        tuple(_pairs(group) for group in step.any_of),
        _pairs(step.none_of),
        tuple((wish.skill, wish.weight) for wish in step.prefer),
        step.teams,
        step.queues,
    )


def _pairs(needs: tuple[Need, ...]) -> tuple[tuple[str, int], ...]:
    return tuple((need.skill, need.level) for need in needs)


def _unpacked(packed: queue_events.PackedStep) -> Step:
    after_us, needs, any_of, none_of, prefer, teams, queues = packed
    return Step(
        after_us,
        _needs(needs),
        tuple(_needs(group) for group in any_of),
        _needs(none_of),
        tuple(Preference(skill, weight) for skill, weight in prefer),
        teams,
        queues,
    )


def _needs(pairs: tuple[tuple[str, int], ...]) -> tuple[Need, ...]:
    return tuple(Need(skill, level) for skill, level in pairs)


def restore(office: Office, kept: Iterable[tuple[str, queue_events.CallbackKept]], now: int) -> int:
    """Take up the open callbacks of the last process (tenant and entry of each); how many."""
    offset = office.journal.wall(now) - now
    restored = 0
    for tenant, entry in kept:
        if tenant not in office.parts.tenancies:
            continue
        callback = Callback(
            id=entry.callback,
            tenant=tenant,
            queue=entry.queue,
            number=entry.number,
            requirement=Requirement(tuple(map(_unpacked, entry.steps))),
            priority=entry.priority,
            record=entry.record,
            since=entry.since_wall_us - offset,
            expires_at=entry.expires_wall_us - offset,
            tries_left=entry.tries_left,
        )
        _enter(_book(office), callback)
        office.journal.write(_kept(office, callback, now), now, tenant=tenant, call=callback.id)
        _queue_up(office, callback, now)
        restored += 1
    return restored
