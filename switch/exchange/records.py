"""The end of a call: one record, written once, and nothing of the call left behind."""

from switch.call.cause import Reason, ours
from switch.exchange.office import Office
from switch.exchange.session import Session
from switch.journal import events as journal


def close(office: Office, session: Session, now: int) -> None:
    """Write the record; harmless when it is written already."""
    call = session.call
    if office.sessions.pop(call.id, None) is None:
        return
    record = call.record
    cause = record.cause or ours(Reason.NORMAL)
    office.timers.cancel(("flow", call.id))
    office.write(
        journal.CallEnded(
            direction=record.direction,
            caller=record.caller,
            called=record.called,
            source=record.source,
            started_wall_us=record.started_wall_us,
            answered_wall_us=record.answered_wall_us,
            ended_wall_us=office.journal.wall(now),
            cause=cause.reason,
            by=record.ended_by or "switch",
            sip_status=cause.sip_status,
            queue=record.queue,
            agent=record.agent,
            waited_us=record.waited_us,
            talked_us=record.talked_us,
            held_us=record.held_us,
            transfers=record.transfers,
        ),
        now,
        session,
    )
    _forget_tenant(office, session.tenant)


def _forget_tenant(office: Office, tenant: str) -> None:
    """A reload may have taken the tenant away while its last calls went on: this was the last of them."""
    if office.parts.directory.entry(tenant) is not None:
        return
    if all(session.tenant != tenant for session in office.sessions.values()):
        office.parts.tenancies.pop(tenant, None)
        office.timers.cancel(("router", tenant))
