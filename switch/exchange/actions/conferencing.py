"""TakeName, JoinConference, ControlConference: the anchor in a room with the anchors of other calls."""

from switch.dialplan.actions import ControlConference, JoinConference, TakeName
from switch.dialplan.events import NameTaken
from switch.exchange import recordings, rooms
from switch.exchange.office import Office
from switch.exchange.session import Session


def take_name(office: Office, session: Session, action: TakeName, now: int) -> None:
    """`NameTaken` follows, at once where the caller is recorded already or cannot be heard."""
    del action, now
    if session.recording is not None or not session.call.anchor.stream_open:
        office.tell_flow(session, NameTaken(""))
        return
    recordings.take_name(office, session)


def join(office: Office, session: Session, action: JoinConference, now: int) -> None:
    rooms.join(office, session, action, now)


def control(office: Office, session: Session, action: ControlConference, now: int) -> None:
    rooms.control(office, session, action.verb, now)
