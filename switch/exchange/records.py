"""The end of a call: one record, written once, and nothing of the call left behind."""

from switch.call.call import Record
from switch.call.cause import Reason, ours
from switch.exchange.office import Office
from switch.exchange.session import Session
from switch.journal import events as journal


def close(office: Office, session: Session, now: int) -> None:
    """Write the record; harmless when it is written already."""
    call = session.call
    if office.sessions.pop(call.id, None) is None:
        return
    office.timers.cancel(("flow", call.id))
    office.write(_ended(office, call.record, now), now, session)
    _forget_tenant(office, session.tenant)


def refused(office: Office, tenant: str, record: Record, sip_call_id: str, now: int) -> None:
    """The record of a call that was never opened: two entries, without a leg."""
    call = office.parts.ids.make("c")
    started = journal.CallStarted(record.direction, record.caller, record.called, record.source, sip_call_id)
    office.journal.write(started, now, tenant=tenant, call=call)
    office.journal.write(_ended(office, record, now), now, tenant=tenant, call=call)


def _ended(office: Office, record: Record, now: int) -> journal.CallEnded:
    cause = record.cause or ours(Reason.NORMAL)
    return journal.CallEnded(
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
        caller_name=record.caller_name,
        limit=record.limit,
        verification=record.verification,
        forwarded_by=record.forwarded_by,
        trunk=record.trunk,
        gateway=record.gateway,
        told=cause.told,
        recordings=" ".join(record.recordings),
    )


def _forget_tenant(office: Office, tenant: str) -> None:
    """A reload may have taken the tenant away while its last calls went on: this was the last of them."""
    if office.parts.directory.entry(tenant) is not None:
        return
    if all(session.tenant != tenant for session in office.sessions.values()):
        office.parts.tenancies.pop(tenant, None)
        office.timers.cancel(("router", tenant))
