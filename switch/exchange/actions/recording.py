"""Record: the flow starts, stops or pauses the recording of its call."""

from switch.dialplan.actions import Record
from switch.exchange import recordings
from switch.exchange.office import Office
from switch.exchange.session import Session


def record(office: Office, session: Session, action: Record, now: int) -> None:
    """What cannot be done (to pause what is not recorded) is harmless: the flow goes on."""
    recordings.command(office, session, action.verb, now)
