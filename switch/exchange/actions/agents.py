"""AgentCommand: what an agent says by a feature code, done for the agent who sits at the calling phone."""

from collections.abc import Callable

from switch.acd import events as acd
from switch.dialplan.actions import AgentCommand, AgentVerb
from switch.dialplan.events import AgentCommandDone
from switch.exchange.office import Office
from switch.exchange.session import Session

_MESSAGE_OF = {
    AgentVerb.SIGN_IN: "signed-in",
    AgentVerb.SIGN_OUT: "signed-out",
    AgentVerb.PAUSE: "paused",
    AgentVerb.RESUME: "resumed",
    AgentVerb.END_WRAP_UP: "wrap-up-ended",
}


_PLAIN: dict[AgentVerb, Callable[[str], acd.Event]] = {
    AgentVerb.SIGN_IN: acd.SignIn,
    AgentVerb.SIGN_OUT: acd.SignOut,
    AgentVerb.RESUME: acd.Resume,
    AgentVerb.END_WRAP_UP: acd.EndWrapUp,
}


def event_for(agent: str, verb: AgentVerb, reason: str) -> acd.Event:
    """The router's event for a verb."""
    if verb is AgentVerb.PAUSE:
        return acd.Pause(agent, reason)
    return _PLAIN[verb](agent)


def command(office: Office, session: Session, action: AgentCommand, now: int) -> None:
    """Only a phone at which an agent sits may command, and only for that agent."""
    del now
    agent = session.call.anchor.agent
    if not agent:
        office.tell_flow(session, AgentCommandDone(False, "not-an-agent"))
        return
    office.tell_router(session.tenant, event_for(agent, action.verb, action.reason))
    office.tell_flow(session, AgentCommandDone(True, _MESSAGE_OF[action.verb]))
