"""How good the lines of agents are: unusable ones are passed over, failing ones asked last.

Agents at home have lines of every kind. A line is judged by what the talks of its agent lost (RTCP, both
ways), while they last and at their ends, and by offers that did not reach a phone which is registered. It
falls at once and recovers late, so that nobody is thrown in and out:

| grade | falls to it | leaves it |
| --- | --- | --- |
| good | | |
| failing | a bad talk or stretch of one, or `MISSES_FAILING` | two good talks in a row, or `FORGET_US` |
| unusable | nothing came; twice bad, at `LOSS_UNUSABLE`; lost offers | `RETRY_US`, a new REGISTER |

Whoever falls or rises is told by a text message on the phone, and why; so are journal, views and metrics.
"""

from dataclasses import dataclass, replace

from switch.acd.decisions import OfferOutcome
from switch.acd.events import LineGrade, SetLine
from switch.acd.line_quality import JUDGED_S, STRETCH_S, Heard, LineState, stands_us
from switch.base.clock import SECOND
from switch.call.leg import Leg
from switch.exchange import messages
from switch.exchange.office import Office, QualityWanted
from switch.exchange.session import Session
from switch.journal import queue_events
from switch.media.quality import NOTHING_HEARD, Alarm, StreamQuality

_PACKETS_A_SECOND = 50

JUDGED_PACKETS = JUDGED_S * _PACKETS_A_SECOND

LOOK_US = 5 * SECOND
"""How often a talk is looked at: phones report every five seconds."""

LOOKED_PACKETS = STRETCH_S * _PACKETS_A_SECOND

MISSES_FAILING, MISSES_UNUSABLE = 2, 4
"""Offers in a row that came to no phone although one is registered."""

_SAID = {
    LineGrade.GOOD: "Your line is good again.",
    LineGrade.FAILING: "Your line is bad ({reason}): others are asked before you.",
    LineGrade.UNUSABLE: "Your line cannot be used ({reason}): you get no calls until it is better.",
}


_UNHEARD = {Alarm.NO_AUDIO: "nothing is heard of you", Alarm.NOT_HEARD: "your phone hears nothing of us"}


@dataclass(slots=True)
class Line(LineState):
    """An agent's. `missed` counts offers in a row."""

    missed: int = 0
    talk: str = ""
    """The leg that is looked at; `before` is what it was at the end of the stretch before."""
    before: StreamQuality = NOTHING_HEARD
    troubled: bool = False
    """A stretch of that talk was bad."""


def look(office: Office, key: str, now: int) -> None:
    """A talk goes on: ask how its audio is."""
    leg = office.legs.get(key)
    if leg is not None and leg.agent:
        office.outputs.append(QualityWanted(leg.slot.number))
        office.timers.set(("look", key), now + LOOK_US)


def looked(office: Office, session: Session, leg: Leg, quality: StreamQuality, now: int) -> None:
    """An agent talks, and that is how it was until now: the last stretch of it is judged."""
    if not leg.agent or not _watched(office, session.tenant):
        return
    line = _talking(office, session.tenant, leg)
    stretch = _since(line.before, quality)
    if stretch.packets_sent < LOOKED_PACKETS:
        return
    line.before = quality
    bad = _heard(stretch).bad()
    if bad:
        _trouble(office, session, leg, bad, now)


def alarmed(office: Office, session: Session, leg: Leg, alarm: Alarm, now: int) -> None:
    """The engine says that somebody hears nothing."""
    if alarm in _UNHEARD and _watched(office, session.tenant):
        _trouble(office, session, leg, _UNHEARD[alarm], now)


def _trouble(office: Office, session: Session, leg: Leg, reason: str, now: int) -> None:
    line = _talking(office, session.tenant, leg)
    line.troubled = True
    grade = max(LineGrade.FAILING, line.grade)
    _become(office, session.tenant, leg.agent, grade, reason, now, session.call.id)


def _talking(office: Office, tenant: str, leg: Leg) -> Line:
    line = _line(office, tenant, leg.agent)
    if line.talk != leg.id:
        line.talk, line.before, line.troubled = leg.id, NOTHING_HEARD, False
    return line


def measured(office: Office, session: Session, leg: Leg, quality: StreamQuality, now: int) -> None:
    """A stream of an agent's leg is closed."""
    if not leg.agent or not _watched(office, session.tenant) or quality.packets_sent < JUDGED_PACKETS:
        return
    line = _line(office, session.tenant, leg.agent)
    if quality.packets_received == 0:
        heard = "nothing was heard of you"
        _become(office, session.tenant, leg.agent, LineGrade.UNUSABLE, heard, now, session.call.id)
        return
    troubled = line.troubled and line.talk == leg.id
    grade, reason = line.judged(_heard(quality), troubled=troubled)
    _become(office, session.tenant, leg.agent, grade, reason, now, session.call.id)


def offer_ended(office: Office, tenant: str, agent: str, outcome: OfferOutcome, now: int) -> None:
    """Offers that reach no phone count. One that failed with us (no port left) says nothing of the line."""
    if outcome is not OfferOutcome.UNREACHABLE or not _watched(office, tenant):
        return
    line = _line(office, tenant, agent)
    line.missed += 1
    reason = f"{line.missed} calls did not reach your phone"
    if line.missed >= MISSES_UNUSABLE:
        _become(office, tenant, agent, LineGrade.UNUSABLE, reason, now)
    elif line.missed >= MISSES_FAILING:
        _become(office, tenant, agent, max(LineGrade.FAILING, line.grade), reason, now)


def answered(office: Office, session: Session, leg: Leg, now: int) -> None:
    """A call reached the phone; while the talk lasts it is looked at."""
    line = None if office.lines is None else office.lines.get((session.tenant, leg.agent))
    if line is not None:
        line.missed = 0
    if _watched(office, session.tenant):
        office.timers.set(("look", leg.id), now + LOOK_US)


def registered(office: Office, tenant: str, agent: str, now: int) -> None:
    """The phone registered anew: perhaps the line is another one."""
    line = None if office.lines is None else office.lines.get((tenant, agent))
    if line is not None:
        line.missed = 0
        if line.grade is LineGrade.UNUSABLE:
            _become(office, tenant, agent, LineGrade.FAILING, line.reason, now)


def timer(office: Office, key: str, now: int) -> None:
    """A grade has stood for its time without anything that confirmed it."""
    tenant, _, agent = key.partition(" ")
    line = None if office.lines is None else office.lines.get((tenant, agent))
    if line is not None and line.grade:
        line.missed = 0
        _become(office, tenant, agent, *line.lapsed(), now)


def resume(office: Office, tenant: str, now: int) -> None:
    """The router of the last process goes on with its grades: they are mended in time here as well."""
    for view in office.parts.tenancies[tenant].router.agents(now):
        if view.line:
            line = _line(office, tenant, view.name)
            line.grade, line.reason = LineGrade(view.line), "measured before the last restart"
            _remind(office, tenant, view.name, line.grade, now)


def reason_of(office: Office, tenant: str, agent: str) -> str:
    """Why the line is not good; empty while it is."""
    line = None if office.lines is None else office.lines.get((tenant, agent))
    return "" if line is None else line.reason


def _watched(office: Office, tenant: str) -> bool:
    tenancy = office.parts.tenancies.get(tenant)
    return tenancy is not None and tenancy.plan.routing.watch_lines


def _line(office: Office, tenant: str, agent: str) -> Line:
    if office.lines is None:
        office.lines = {}
    return office.lines.setdefault((tenant, agent), Line())


def _loss(quality: StreamQuality) -> int:
    """Lost of a thousand, the worse way."""
    came = quality.packets_received + quality.packets_lost
    heard = 1000 * quality.packets_lost // came if came else 0
    told = 1000 * quality.peer_lost // quality.packets_sent if quality.reports else 0
    return max(heard, told)


def _since(before: StreamQuality, quality: StreamQuality) -> StreamQuality:
    """The part of a talk behind `before`. Jitter and round trip are of just now as they are."""
    return replace(
        quality,
        packets_received=quality.packets_received - before.packets_received,
        packets_sent=quality.packets_sent - before.packets_sent,
        # Whoever repeats packets takes loss back.
        packets_lost=max(0, quality.packets_lost - before.packets_lost),
        reports=quality.reports - before.reports,
        peer_lost=max(0, quality.peer_lost - before.peer_lost),
    )


def _heard(quality: StreamQuality) -> Heard:
    """The worse of both ways."""
    jitter_us = max(quality.jitter_us, quality.peer_jitter_us if quality.reports else 0)
    return Heard(_loss(quality), jitter_us, quality.round_trip_us)


def _become(
    office: Office, tenant: str, agent: str, grade: LineGrade | int, reason: str, now: int, call: str = ""
) -> None:
    line = _line(office, tenant, agent)
    grade = LineGrade(grade)
    changed = line.become(grade, reason)
    _remind(office, tenant, agent, grade, now)
    if not changed:
        return
    office.tell_router(tenant, SetLine(agent, grade))
    graded = queue_events.LineGraded(agent, grade.name.lower(), reason)
    office.journal.write(graded, now, tenant=tenant, call=call)
    plan = office.parts.tenancies[tenant].plan.agents.get(agent)
    if plan is not None:
        messages.tell(office, tenant, plan.account, _SAID[grade].format(reason=reason), now)


def _remind(office: Office, tenant: str, agent: str, grade: LineGrade, now: int) -> None:
    key = ("line", f"{tenant} {agent}")
    stands = stands_us(grade)
    if stands:
        office.timers.set(key, now + stands)
    else:
        office.timers.cancel(key)
