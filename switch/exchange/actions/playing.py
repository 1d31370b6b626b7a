"""Play and StopPlay: what the anchor hears."""

from switch.call.incoming import IncomingLeg
from switch.dialplan.actions import Play, StopPlay
from switch.dialplan.events import PlayEnded
from switch.exchange.office import Office
from switch.exchange.session import Session
from switch.media import commands


def play(office: Office, session: Session, action: Play, now: int) -> None:
    """Clips to the anchor; before the answer they are early media (183)."""
    anchor = session.call.anchor
    if isinstance(anchor, IncomingLeg) and not anchor.talking:
        if anchor.over or not anchor.early_media(now):
            return
        office.schedule(anchor)
    if not anchor.stream_open:
        # The caller offered no session yet: nothing can be heard, and the flow must not wait for it.
        office.tell_flow(session, PlayEnded(action.playback, False))
        return
    session.playing = commands.Play(
        anchor.slot.number, action.playback, action.clips, action.loop, action.speed_percent, action.volume_db
    )
    office.media([session.playing])


def stop(office: Office, session: Session, action: StopPlay, now: int) -> None:
    del action, now
    session.playing = None
    if session.call.anchor.stream_open:
        office.media([commands.StopPlay(session.call.anchor.slot.number)])
