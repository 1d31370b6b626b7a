"""TakeMessage, EndMessage: what a caller says is recorded for a mailbox."""

from switch.dialplan.actions import EndMessage, TakeMessage
from switch.dialplan.events import MessageTaken
from switch.exchange import recordings
from switch.exchange.office import Office
from switch.exchange.session import Session


def take(office: Office, session: Session, action: TakeMessage, now: int) -> None:
    """`MessageTaken` follows, at once where nothing can be heard of the caller."""
    if not session.call.anchor.stream_open:
        office.tell_flow(session, MessageTaken(0, "failed"))
        return
    recordings.take_message(office, session, action.mailbox, action.seconds_max, action.silence_ms, now)


def end(office: Office, session: Session, action: EndMessage, now: int) -> None:
    """The engine tells the end, and that goes to the flow."""
    del action, now
    recordings.stop(office, session)
