"""JoinConference, ControlConference: the anchor in a room with the anchors of other calls."""

from switch.dialplan.actions import ControlConference, JoinConference
from switch.exchange import rooms
from switch.exchange.office import Office
from switch.exchange.session import Session


def join(office: Office, session: Session, action: JoinConference, now: int) -> None:
    rooms.join(office, session, action, now)


def control(office: Office, session: Session, action: ControlConference, now: int) -> None:
    rooms.control(office, session, action.verb, now)
