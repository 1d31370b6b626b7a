"""The caller is in a conference: PIN and name where they are asked for, the room, and what keys say there."""

from dataclasses import dataclass

from switch.dialplan.actions import ConferenceVerb, ControlConference, EndMessage, JoinConference, TakeName
from switch.dialplan.events import (
    ConferenceEnded,
    ConferenceJoined,
    ConferenceRefused,
    ConferenceTold,
    DigitPressed,
    Event,
    NameTaken,
    PlayEnded,
)
from switch.dialplan.phrases import BEEP
from switch.dialplan.pin import PinEntry
from switch.dialplan.program import Confer
from switch.dialplan.session import Session

PREFIX = "*"
"""In front of every key that says something, so that a key by mistake says nothing."""

VERBS = {
    "1": ConferenceVerb.MUTE,
    "*": ConferenceVerb.LEAVE,
    "2": ConferenceVerb.LOCK,
    "3": ConferenceVerb.MUTE_OTHERS,
    "0": ConferenceVerb.END,
}

TOLD = ("muted", "not-muted", "room-locked", "room-open", "others-muted", "others-not-muted")
"""What `ConferenceTold.message` may say."""

PHRASES = (*TOLD, "conference-ended")

ASKED, JOINED, LEFT = "say-name", "has-joined", "has-left"
"""Of names: what asks for one, and what follows it."""

NAME_END = "#"


@dataclass(slots=True)
class Conferring:
    """In the room until the caller leaves it, or its moderator ends it."""

    session: Session
    step: Confer
    pin: PinEntry | None = None
    moderator: bool = False
    asking: bool = False
    naming: bool = False
    joining: bool = False
    joined: bool = False
    ended: bool = False
    prefixed: bool = False

    def start(self, now: int) -> int | None:
        self.session.digits = ""
        pins = tuple(pin for pin in (self.step.pin, self.step.moderator_pin) if pin)
        if not pins:
            return self._let_in(moderator=self.step.moderator)
        self.pin = PinEntry(self.session, pins)
        self.pin.ask(now)
        return None

    def handle(self, event: Event, now: int) -> int | None:
        if self.asking or self.naming:
            return self._named(event)
        if self.pin is not None and not self.joining:
            return self._entered(self.pin.handle(event, now))
        match event:
            case ConferenceJoined(members) if self.joining:
                self.joined = True
                self.session.trail(self.step.where, f"{self._name}, member {members}")
            case ConferenceRefused(reason):
                self.session.trail(self.step.where, f"{self._name}: {reason}")
                return self.step.exits.get(reason, self.step.otherwise)
            case ConferenceEnded(reason):
                self.session.trail(self.step.where, f"{self._name}: {reason}")
                self.joined = False
                self.ended = reason == "ended" and self.session.play(("conference-ended",))
                return None if self.ended else self.step.next
            case PlayEnded() if self.ended:
                return self.step.next
            case PlayEnded() if self.joined:
                self.session.out.append(ControlConference(ConferenceVerb.HEAR))
            case ConferenceTold(message) if message in TOLD:
                self.session.play((message,))
            case DigitPressed(digit) if self.joined:
                self._key(digit)
            case _:
                pass
        return None

    @property
    def _name(self) -> str:
        name = self.step.name
        return self.session.variables.get(name[1:-1], "") if name.startswith("{") else name

    def _entered(self, pin: str | None) -> int | None:
        if pin is None:
            return None
        if not pin:
            self.session.trail(self.step.where, "no right PIN")
            return self.step.exits["refused"]
        return self._let_in(moderator=self.step.moderator or pin == self.step.moderator_pin)

    def _let_in(self, *, moderator: bool) -> int | None:
        self.moderator = moderator
        if not self.step.names:
            return self._join()
        self.session.stop()
        self.asking = self.session.play((ASKED, BEEP))
        if not self.asking:
            self._take_name()
        return None

    def _take_name(self) -> None:
        self.asking, self.naming = False, True
        self.session.out.append(TakeName())

    def _named(self, event: Event) -> int | None:
        match event:
            case PlayEnded() if self.asking:
                self._take_name()
            case DigitPressed(digit) if digit == NAME_END and self.naming:
                self.session.out.append(EndMessage())
            case NameTaken(clip) if self.naming:
                self.naming = False
                return self._join(clip)
            case _:
                pass
        return None

    def _join(self, name_clip: str = "") -> int | None:
        self.joining = True
        step, name = self.step, self._name
        if not name:
            self.session.trail(step.where, "no name of a conference")
            return step.otherwise
        self.session.stop()
        self.session.out.append(
            JoinConference(
                name,
                self.moderator,
                step.muted,
                step.members_max,
                step.announce,
                step.music,
                step.record,
                step.levels,
                self._clips(step.on_enter or ((JOINED,) if step.names else ())),
                self._clips(step.on_leave or ((LEFT,) if step.names else ())),
                step.names,
                name_clip,
            )
        )
        return None

    def _clips(self, prompts: tuple[str, ...]) -> tuple[str, ...]:
        found = (self.session.plan.clip(prompt, self.session.language) for prompt in prompts)
        return tuple(clip for clip in found if clip is not None)

    def _key(self, digit: str) -> None:
        if self.prefixed:
            self.prefixed = False
            verb = VERBS.get(digit)
            if verb is not None:
                self.session.out.append(ControlConference(verb))
        else:
            self.prefixed = digit == PREFIX
