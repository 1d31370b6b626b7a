"""Messages are listened to by telephone: a PIN, how many there are, then one after the other with keys."""

from dataclasses import dataclass, field
from enum import StrEnum

from switch.base.clock import SECOND
from switch.dialplan.actions import (
    DeleteMail,
    FetchMail,
    MailSteering,
    MarkMail,
    OpenMailbox,
    PaceMail,
    Play,
    SteerMail,
)
from switch.dialplan.events import DigitPressed, Event, MailboxOpened, MailItem, MailReady, PlayEnded, Wake
from switch.dialplan.hours import local_time
from switch.dialplan.phrases import number_prompt
from switch.dialplan.pin import PinEntry
from switch.dialplan.program import HearMailbox
from switch.dialplan.session import Session

CHOICE_US = 10 * SECOND
"""After the menu: silence goes on to the next message."""

SKIP_MS = 3_000

SPEEDS = (50, 75, 100, 125, 150, 200)
"""Percent."""

VOLUMES_DB = (0, 6, 12, -6)
"""One after the other, round again."""

PHRASES = (
    "mail-none",
    "mail-you-have",
    "mail-new",
    "mail-saved",
    "mail-today",
    "mail-yesterday",
    "mail-received",
    "mail-days-ago",
    "mail-at",
    "mail-hours",
    "mail-menu",
    "mail-help",
    "mail-kept",
    "mail-deleted",
    "mail-last",
    "mail-gone",
)


class Phase(StrEnum):
    """What is heard: the counts, a message with its envelope, the menu behind it, a word about what was done,
    the keys, the last word."""

    COUNTS = "counts"
    MESSAGE = "message"
    MENU = "menu"
    WORD = "word"
    HELP = "help"
    CLOSING = "closing"


@dataclass(slots=True)
class MailSession:
    """`at` is the place in `items`; -1 while the counts are told."""

    session: Session
    step: HearMailbox
    pin: PinEntry | None = None
    items: list[MailItem] = field(default_factory=list)
    at: int = -1
    opened: bool = False
    phase: Phase = Phase.COUNTS
    paused: bool = False
    speed: int = SPEEDS.index(100)
    volume: int = 0

    def start(self, now: int) -> int | None:
        self.session.digits = ""
        box = self.session.plan.mailboxes.get(self._name)
        pin = self.step.pin or ("" if box is None else box.pin)
        if not self._name or (not pin and self.step.mailbox.startswith("{")):
            # A mailbox that callers choose is open to nobody without its PIN.
            self.session.trail(self.step.where, "no such mailbox with a PIN")
            return self.step.refused
        if not pin:
            self._open()
            return None
        self.pin = PinEntry(self.session, (pin,))
        self.pin.ask(now)
        return None

    @property
    def _name(self) -> str:
        name = self.step.mailbox
        return self.session.variables.get(name[1:-1], "") if name.startswith("{") else name

    def _open(self) -> None:
        self.pin = None
        self.session.stop()
        self.session.out.append(OpenMailbox(self._name))

    def handle(self, event: Event, now: int) -> int | None:
        if self.pin is not None:
            entered = self.pin.handle(event, now)
            if entered == "":
                self.session.trail(self.step.where, "no right PIN")
                return self.step.refused
            if entered is not None:
                self._open()
            return None
        match event:
            case MailboxOpened(items) if not self.opened:
                self.opened = True
                self.items = list(items)
                return self._counts()
            case MailReady(path, clip) if self._is_now(path):
                self._hear(clip, now)
            case PlayEnded(completed=completed):
                return self._ended(now, completed=completed)
            case DigitPressed(digit) if self.opened and self.phase is not Phase.CLOSING:
                return self._key(digit)
            case Wake() if self.session.due(now):
                return self._go(self.at + 1)
            case _:
                pass
        return None

    def _is_now(self, path: str) -> bool:
        return 0 <= self.at < len(self.items) and self.items[self.at].path == path

    # What is said.

    def _say(self, phase: Phase, *prompts: str) -> bool:
        self.phase = phase
        return self.session.play(prompts)

    def _counts(self) -> int | None:
        new = sum(item.new for item in self.items)
        self.session.trail(self.step.where, f"{self._name}: {new} new, {len(self.items) - new} saved")
        if not self.items:
            return self._close("mail-none")
        said = ["mail-you-have", number_prompt(new), "mail-new"]
        if len(self.items) > new:
            said += [number_prompt(len(self.items) - new), "mail-saved"]
        return None if self._say(Phase.COUNTS, *said) else self._go(0)

    def _close(self, prompt: str) -> int | None:
        self.session.sleep()
        return None if self._say(Phase.CLOSING, prompt) else self.step.next

    def _go(self, to: int) -> int | None:
        """To a message; behind the last one the mailbox is closed."""
        self.session.stop()
        self.session.sleep()
        self.at, self.paused = max(0, to), False
        if self.at >= len(self.items):
            return self._close("mail-last")
        self.session.out.append(FetchMail(self._name, self.items[self.at].path))
        return None

    def _hear(self, clip: str, now: int) -> None:
        session = self.session
        if not clip:
            del self.items[self.at]
            self.at -= 1
            if not self._say(Phase.WORD, "mail-gone"):
                session.wake(now)
            return
        found = (session.plan.clip(prompt, session.language) for prompt in self._envelope(now))
        clips = (*(known for known in found if known is not None), clip)
        self.phase = Phase.MESSAGE
        session.playback += 1
        session.playing = True
        speed, volume = SPEEDS[self.speed], VOLUMES_DB[self.volume]
        session.out.append(Play(session.playback, clips, speed_percent=speed, volume_db=volume))

    def _envelope(self, now: int) -> tuple[str, ...]:
        """When it came, in the tenant's time."""
        plan, item = self.session.plan, self.items[self.at]
        left, here = local_time(item.left_wall_us, plan.zone), self.session.local(now)
        days = (here.date() - left.date()).days
        if days <= 0:
            when: tuple[str, ...] = ("mail-today",)
        elif days == 1:
            when = ("mail-yesterday",)
        else:
            when = ("mail-received", number_prompt(days), "mail-days-ago")
        return (*when, "mail-at", number_prompt(left.hour), "mail-hours", number_prompt(left.minute))

    # What follows.

    def _ended(self, now: int, *, completed: bool) -> int | None:
        if self.phase is Phase.CLOSING:
            return self.step.next
        if self.phase in (Phase.COUNTS, Phase.WORD):
            return self._go(self.at + 1)
        if self.phase is Phase.HELP:
            return self._go(self.at)
        if self.phase is Phase.MESSAGE:
            if completed:
                self._mark(new=False)
            if self._say(Phase.MENU, "mail-menu"):
                return None
        self.session.wake(now + CHOICE_US)
        return None

    def _key(self, digit: str) -> int | None:
        if digit == "*":
            return self.step.next
        if digit == "0":
            self.session.sleep()
            return None if self._say(Phase.HELP, "mail-help") else self._go(self.at)
        if self.at < 0:
            return self._go(0)
        if digit in "456789" and self.phase is Phase.MESSAGE:
            self._steer(digit)
        elif digit in "46#1":
            return self._go(self.at + {"4": -1, "1": 0}.get(digit, 1))
        elif digit == "2":
            self._mark(new=True)
            return self._word("mail-kept")
        elif digit == "3" and self.at < len(self.items):
            self.session.out.append(DeleteMail(self._name, self.items.pop(self.at).path))
            self.at -= 1
            return self._word("mail-deleted")
        return None

    def _word(self, prompt: str) -> int | None:
        self.session.sleep()
        return None if self._say(Phase.WORD, prompt) else self._go(self.at + 1)

    def _steer(self, digit: str) -> None:
        if digit == "8":
            self.paused = not self.paused
            verb = MailSteering.PAUSE if self.paused else MailSteering.RESUME
            self.session.out.append(SteerMail(verb))
        elif digit in "456":
            if digit == "5":
                self.volume = (self.volume + 1) % len(VOLUMES_DB)
            else:
                self.speed = min(max(self.speed + (1 if digit == "6" else -1), 0), len(SPEEDS) - 1)
            self.session.out.append(PaceMail(SPEEDS[self.speed], VOLUMES_DB[self.volume]))
        else:
            skip_ms = -SKIP_MS if digit == "7" else SKIP_MS
            self.session.out.append(SteerMail(MailSteering.SKIP, skip_ms))

    def _mark(self, *, new: bool) -> None:
        item = self.items[self.at]
        if item.new != new:
            self.items[self.at] = MailItem(item.path, item.left_wall_us, new)
            self.session.out.append(MarkMail(self._name, item.path, new))
