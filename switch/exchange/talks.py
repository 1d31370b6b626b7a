"""Talks: bring two legs together, let a caller hear ringing, keep the agent's load in step."""

from switch.acd.events import Abandon, Engage, Finish
from switch.call.cause import Reason, ours
from switch.call.incoming import IncomingLeg
from switch.call.leg import Leg
from switch.exchange import recordings, supervised
from switch.exchange.office import Office
from switch.exchange.session import ContactState, Session
from switch.journal import events as journal
from switch.media.commands import Bridge, Play, StopPlay

RINGBACK_PLAYBACK = 0
"""Not a dialplan's playback: its end concerns nobody."""


def engage(office: Office, session: Session, leg: Leg, agent: str) -> None:
    """The agent is on a call that no queue gave."""
    leg.agent = agent
    leg.engaged = True
    office.tell_router(session.tenant, Engage(agent))


def keep_busy(office: Office, session: Session) -> None:
    """An agent whom the customer transfers stays on a call when the queue's contact ends: it is theirs now.

    Told before the contact ends, so that there is no moment at which the agent looks free.
    """
    anchor = session.call.anchor
    if anchor.agent and not anchor.engaged:
        engage(office, session, anchor, anchor.agent)


def answer_anchor(office: Office, session: Session, now: int) -> bool:
    """Answer the caller if that has not happened; False where the caller's offer could not be met."""
    anchor = session.call.anchor
    if isinstance(anchor, IncomingLeg) and not anchor.talking and not anchor.over:
        done = anchor.answer(now)
        office.schedule(anchor)
        if done and not session.call.record.answered_wall_us:
            session.call.record.answered_wall_us = office.journal.wall(now)
        return done
    return not anchor.over


def connect(office: Office, session: Session, leg: Leg, now: int) -> None:
    """Anchor and `leg` talk from now on."""
    stop_ringback(office, session)
    anchor = session.call.anchor
    if anchor.negotiation.chooses:
        anchor.negotiation.want(leg.spoken)
    if not answer_anchor(office, session, now):
        office.hang_up(leg, ours(Reason.NOT_ACCEPTABLE), now)
        return
    session.blame = ""
    office.media(session.call.bridge(leg, now))
    recordings.talk_begins(office, session, leg, now)
    if office.supervised is not None:
        supervised.follow(office, session)
    office.write(journal.Bridged(session.call.anchor.id, leg.id), now, session)


def caller_hears_ringing(office: Office, session: Session, early: Leg | None, now: int) -> None:
    """180 to a caller who is not answered; a tone to one who is. `early` has audio of its own to hear."""
    anchor = session.call.anchor
    if isinstance(anchor, IncomingLeg) and not anchor.talking:
        if early is not None and anchor.negotiation.chooses:
            anchor.negotiation.want(early.spoken)
        if early is None:
            anchor.ring(now)
        elif anchor.early_media(now):
            office.media([Bridge(anchor.slot.number, early.slot.number)])
        office.schedule(anchor)
    elif early is not None:
        stop_ringback(office, session)
        office.media([Bridge(anchor.slot.number, early.slot.number)])
    else:
        play_ringback(office, session)


def play_ringback(office: Office, session: Session) -> None:
    """The ringing tone of the tenant's country, to an anchor who waits for somebody to answer."""
    clip = office.tenancy(session).plan.ringback
    if clip and not session.ringback:
        session.ringback = True
        office.media([Play(session.call.anchor.slot.number, RINGBACK_PLAYBACK, (clip,), loop=True)])


def stop_ringback(office: Office, session: Session) -> None:
    if session.ringback:
        session.ringback = False
        office.media([StopPlay(session.call.anchor.slot.number)])


def leave_queue(office: Office, session: Session) -> None:
    """The contact is over for the router, whatever it was doing; harmless without one."""
    if session.contact_state is ContactState.CONNECTED:
        office.tell_router(session.tenant, Finish(session.contact))
    elif session.contact_state is ContactState.WAITING:
        office.tell_router(session.tenant, Abandon(session.contact))
    session.contact_state = ContactState.NONE
