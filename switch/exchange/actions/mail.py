"""What a flow asks of mailboxes, and of a message that is listened to."""

from switch.dialplan.actions import (
    AskMailbox,
    DeleteMail,
    FetchMail,
    MailSteering,
    MarkMail,
    OpenMailbox,
    PaceMail,
    SteerMail,
)
from switch.exchange import mail
from switch.exchange.office import Office
from switch.exchange.session import Session
from switch.media.commands import PacePlay, Steering, SteerPlay

_HOW = {
    MailSteering.PAUSE: Steering.PAUSE,
    MailSteering.RESUME: Steering.RESUME,
    MailSteering.SKIP: Steering.SKIP,
}


def ask(office: Office, session: Session, action: AskMailbox, now: int) -> None:
    del now
    mail.status(office, session, action.mailbox)


def opened(office: Office, session: Session, action: OpenMailbox, now: int) -> None:
    del now
    mail.opened(office, session, action.mailbox)


def fetch(office: Office, session: Session, action: FetchMail, now: int) -> None:
    del now
    mail.fetch(office, session, action.mailbox, action.path)


def mark(office: Office, session: Session, action: MarkMail, now: int) -> None:
    del now
    mail.mark(office, session.tenant, action.mailbox, action.path, new=action.new)


def delete(office: Office, session: Session, action: DeleteMail, now: int) -> None:
    """A flow deletes what is in the mailbox that it opened."""
    if action.path.startswith(f"{session.tenant}/{mail.FOLDER}/{action.mailbox}/"):
        mail.delete(office, action.path, now)


def steer(office: Office, session: Session, action: SteerMail, now: int) -> None:
    del now
    playing = session.playing
    if playing is not None:
        office.media([SteerPlay(playing.slot, playing.playback, _HOW[action.verb], action.ms)])


def pace(office: Office, session: Session, action: PaceMail, now: int) -> None:
    del now
    playing = session.playing
    if playing is not None:
        office.media([PacePlay(playing.slot, playing.playback, action.speed_percent, action.volume_db)])
