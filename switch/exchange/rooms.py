"""Conferences: callers of several calls who hear one another.

A member is the anchor of its call, in the flow's step `conference`. The engine is given the whole room anew
at each change: who came, who left, who is muted. A room is gone with its last member.

A room that is recorded has one RTP port of its own, which nobody sends to: it hears everybody who is not
muted, and what it hears is recorded. So the file goes on whoever comes and goes.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from switch.dialplan.actions import ConferenceVerb, JoinConference
from switch.dialplan.events import ConferenceEnded, ConferenceJoined, ConferenceRefused, ConferenceTold
from switch.exchange import recordings
from switch.exchange.office import Office
from switch.exchange.session import Session
from switch.journal import room_events
from switch.media.commands import (
    CloseStream,
    Member,
    Mix,
    OpenStream,
    Play,
    SoundFormat,
    StartRecording,
    StopPlay,
    StopRecording,
    Unmix,
)
from switch.media.plan import Codec, Slot, StreamPlan

ROOMS_MAX = 100
"""Of a tenant: a name from a variable must not fill the engine."""

_PLAYBACK = 0
"""Of music and beeps: not a dialplan's playback, so that its end concerns nobody."""

_HEARS_ONLY = StreamPlan("0.0.0.0", 0, Codec.PCMU, 0, sends=False, receives=False, symmetric=False, idle_s=0)
"""Of a room's own port."""


@dataclass(slots=True)
class InRoom:
    """One member. `since` is when it came, monotonic us; `name` the clip with which it is announced."""

    session: Session
    moderator: bool
    muted: bool
    since: int
    name: str = ""


@dataclass(slots=True)
class Room:
    """`asked` is what its first member asked for; `ear` is the port by which it is recorded."""

    number: int
    tenant: str
    asked: JoinConference
    members: dict[str, InRoom] = field(default_factory=dict)
    locked: bool = False
    others_muted: bool = False
    music_for: str = ""
    """The call of whoever is alone and hears music."""
    ear: Slot | None = None
    recording: int = 0

    def is_heard(self, member: InRoom) -> bool:
        """Who is on hold would be heard as the music of its phone."""
        silenced = member.muted or (self.others_muted and not member.moderator)
        return not silenced and not member.session.call.anchor.remote_held


@dataclass(slots=True)
class Rooms:
    """All that there are, by tenant and name, and by the call of each member."""

    by_name: dict[tuple[str, str], Room] = field(default_factory=dict)
    of_call: dict[str, Room] = field(default_factory=dict)


def join(office: Office, session: Session, action: JoinConference, now: int) -> None:
    """`ConferenceJoined` or `ConferenceRefused` follows."""
    if office.rooms is None:
        office.rooms = Rooms()
    rooms, key = office.rooms, (session.tenant, action.name)
    room = rooms.by_name.get(key)
    refused = _refusal(rooms, session, room, action)
    if refused:
        office.tell_flow(session, ConferenceRefused(refused))
        return
    if room is None:
        office.rooms_begun += 1
        room = rooms.by_name[key] = Room(office.rooms_begun, session.tenant, action)
        if action.record:
            _record(office, session, room, now)
    call = session.call.id
    room.members[call] = InRoom(session, action.moderator, action.muted, now, action.name_clip)
    rooms.of_call[call] = room
    if room.recording:
        recordings.note(session, office.recordings[room.recording][2])
    members = len(room.members)
    office.write(room_events.ConferenceJoined(action.name, members), now, session)
    _mix(office, room)
    _announce(office, room, room.asked.on_enter, action.name_clip)
    office.tell_flow(session, ConferenceJoined(members))


def _refusal(rooms: Rooms, session: Session, room: Room | None, action: JoinConference) -> str:
    if not session.call.anchor.stream_open:
        return "failed"
    if room is None:
        mine = sum(tenant == session.tenant for tenant, _ in rooms.by_name)
        return "full" if mine >= ROOMS_MAX else ""
    if len(room.members) >= room.asked.members_max:
        return "full"
    return "locked" if room.locked and not action.moderator else ""


def leave(office: Office, session: Session, now: int) -> None:
    """Out of the room, if it is in one: hung up, moved on, or by its own wish."""
    rooms, call = office.rooms, session.call.id
    room = None if rooms is None else rooms.of_call.pop(call, None)
    if rooms is None or room is None:
        return
    member = room.members.pop(call)
    if room.music_for == call:
        _stop_music(office, room)
    left = len(room.members)
    office.write(room_events.ConferenceLeft(room.asked.name, left, now - member.since), now, session)
    if left:
        _mix(office, room)
        _announce(office, room, room.asked.on_leave, member.name)
    else:
        _close(office, rooms, room)


def control(office: Office, session: Session, verb: ConferenceVerb, now: int) -> None:
    """What a member's keys say."""
    room = None if office.rooms is None else office.rooms.of_call.get(session.call.id)
    if room is None:
        return
    member = room.members[session.call.id]
    if verb is ConferenceVerb.HEAR:
        if room.music_for != session.call.id:
            return
        room.music_for = ""  # a prompt took its place
    elif verb is ConferenceVerb.MUTE:
        member.muted = not member.muted
        office.tell_flow(session, ConferenceTold("muted" if member.muted else "not-muted"))
    elif verb is ConferenceVerb.LEAVE:
        leave(office, session, now)
        office.tell_flow(session, ConferenceEnded("left"))
        return
    elif not member.moderator:
        return
    elif verb is ConferenceVerb.LOCK:
        room.locked = not room.locked
        office.tell_flow(session, ConferenceTold("room-locked" if room.locked else "room-open"))
    elif verb is ConferenceVerb.MUTE_OTHERS:
        room.others_muted = not room.others_muted
        told = "others-muted" if room.others_muted else "others-not-muted"
        office.tell_flow(session, ConferenceTold(told))
    else:
        for other in list(room.members.values()):
            leave(office, other.session, now)
            office.tell_flow(other.session, ConferenceEnded("ended"))
        return
    _mix(office, room)


def follow(office: Office, session: Session) -> None:
    """The member's phone put it on hold or took it back, or another leg stands where its anchor stood."""
    room = None if office.rooms is None else office.rooms.of_call.get(session.call.id)
    if room is not None:
        room.music_for = ""
        _mix(office, room)


def move(office: Office, giver: Session, taker: Session) -> None:
    """The flow that serves `giver` serves `taker` from now on."""
    rooms = office.rooms
    room = None if rooms is None else rooms.of_call.pop(giver.call.id, None)
    if rooms is None or room is None:
        return
    member = room.members.pop(giver.call.id)
    member.session = taker
    room.members[taker.call.id] = member
    rooms.of_call[taker.call.id] = room


def _mix(office: Office, room: Room) -> None:
    """Who hears whom, as it is now."""
    slots = {call: member.session.call.anchor.slot.number for call, member in room.members.items()}
    heard = [slots[call] for call, member in room.members.items() if room.is_heard(member)]
    members = [Member(slot, tuple(h for h in heard if h != slot)) for slot in slots.values()]
    if room.ear is not None:
        members.append(Member(room.ear.number, tuple(heard)))
    if len(slots) > 1 and room.music_for:
        _stop_music(office, room)
    office.media([Mix(room.number, tuple(members), room.asked.levels)])
    clip = office.parts.tenancies[room.tenant].hold_clip
    if len(slots) == 1 and room.asked.music and clip and not room.music_for:
        ((room.music_for, slot),) = slots.items()
        office.media([Play(slot, _PLAYBACK, (clip,), loop=True)])


def _stop_music(office: Office, room: Room) -> None:
    member = room.members.get(room.music_for)
    room.music_for = ""
    if member is not None:
        office.media([StopPlay(member.session.call.anchor.slot.number)])


def _announce(office: Office, room: Room, stated: tuple[str, ...], name: str) -> None:
    """To those who are in: somebody comes or goes. Who is not called by a name is nobody who "has joined"."""
    beep = office.parts.tenancies[room.tenant].plan.beep
    if room.asked.names:
        stated = (name, *stated) if name else ()
    clips = stated or ((beep,) if beep else ())
    if clips and room.asked.announce and len(room.members) > 1:
        office.media(
            [
                Play(member.session.call.anchor.slot.number, _PLAYBACK, clips)
                for member in room.members.values()
            ]
        )


def _record(office: Office, session: Session, room: Room, now: int) -> None:
    """Into one file; where no port is left the room does without, and a notice says so."""
    slot = office.parts.slots.reserve()
    if slot is None:
        path = f"{session.tenant}/conferences/{room.asked.name}"
        office.notices.append(recordings.RecordingFailed(session.tenant, session.call.id, path, 105, 0))
        return
    plan = office.tenancy(session).plan.recording
    moment = datetime.fromtimestamp(office.journal.wall(now) // 1_000_000, UTC)
    form = f"conferences/{room.asked.name}/{moment:%Y-%m-%d-%H%M%S}"
    number, _ = recordings.next_file(office, session, form, now)
    sound = SoundFormat.OPUS if plan.opus else SoundFormat.WAV
    room.ear, room.recording = slot, number
    office.ears.add(slot.number)
    path = office.recordings[number][2]
    office.media(
        [
            OpenStream(slot.number, _HEARS_ONLY),
            StartRecording(slot.number, number, path, sound, 0, 1, seconds_max=plan.seconds_max),
        ]
    )


def _close(office: Office, rooms: Rooms, room: Room) -> None:
    del rooms.by_name[room.tenant, room.asked.name]
    office.media([Unmix(room.number)])
    if room.ear is not None:
        slot = room.ear.number
        office.media([StopRecording(slot, room.recording), CloseStream(slot)])
