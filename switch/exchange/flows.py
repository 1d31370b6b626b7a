"""Flows: start an interpreter for a call's anchor, from its first step."""

from switch.dialplan.events import Started
from switch.dialplan.interpreter import Interpreter
from switch.exchange.office import Office
from switch.exchange.session import Session


def start(office: Office, session: Session, number: str, now: int) -> None:
    """Serve the anchor by the flow of `number`, from its beginning."""
    plan = office.tenancy(session).plan
    flow = plan.route(number)
    assert flow is not None, "the directory knows only numbers that have a flow"
    start_named(office, session, flow, number, now)


def start_named(office: Office, session: Session, flow: str, number: str, now: int) -> None:
    """Likewise by this flow; `number` is what the flow is told was called."""
    plan, call = office.tenancy(session).plan, session.call
    office.timers.cancel(("flow", call.id))
    interpreter: Interpreter = office.parts.make_interpreter(plan, flow)
    session.interpreter = interpreter
    caller = call.record.caller
    office.tell_flow(
        session, Started(caller, number, office.journal.wall(now), call.anchor.agent, call.anchor.talking)
    )
