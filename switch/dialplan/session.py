"""What a running flow carries from step to step, and the words in which it speaks to the outside."""

from dataclasses import dataclass, field
from datetime import datetime

from switch.base.values import quick
from switch.dialplan.actions import Action, Play, QueueNeed, StopPlay, Trail, WakeAt
from switch.dialplan.hours import local_time
from switch.dialplan.plan import TenantPlan
from switch.dialplan.program import Where

DIGITS_KEPT_MAX = 32
"""Keys pressed before somebody asks for them; more is a child on the phone."""

DETAIL_MAX = 200
"""Characters of a trail's detail: what a peer sent is not copied without a bound."""


@quick
@dataclass(slots=True)
class Session:
    """The state of one call in its dialplan. Actions gather in `out` until the event is done."""

    plan: TenantPlan
    language: str
    caller: str = ""
    called: str = ""
    agent: str = ""
    wall_offset_us: int = 0
    answered: bool = False
    told_of_recording: bool = False
    needs: tuple[QueueNeed, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)
    digits: str = ""
    playback: int = 0
    playing: bool = False
    wake_at: int | None = None
    out: list[Action] = field(default_factory=list)

    def local(self, now: int) -> datetime:
        """The tenant's local time."""
        return local_time(now + self.wall_offset_us, self.plan.zone)

    def play(
        self, prompts: tuple[str, ...], *, loop: bool = False, speed_percent: int = 100, volume_db: int = 0
    ) -> bool:
        """Play prompts in the caller's language; False where there is nothing to hear."""
        found = (self.plan.clip(prompt, self.language) for prompt in prompts)
        clips = tuple(clip for clip in found if clip is not None)
        if not clips:
            return False
        self.playback += 1
        self.playing = True
        self.out.append(Play(self.playback, clips, loop, speed_percent, volume_db))
        return True

    def stop(self) -> None:
        """Silence, where something plays."""
        if self.playing:
            self.playing = False
            self.out.append(StopPlay())

    def wake(self, at: int) -> None:
        """Ask for `Wake` at `at`."""
        if self.wake_at != at:
            self.wake_at = at
            self.out.append(WakeAt(at))

    def sleep(self) -> None:
        """No `Wake` is wanted any more."""
        if self.wake_at is not None:
            self.wake_at = None
            self.out.append(WakeAt(-1))

    def due(self, now: int) -> bool:
        """Whether the wanted time has come; a wake that is early is asked for again."""
        if self.wake_at is None:
            return False
        if now < self.wake_at:
            self.out.append(WakeAt(self.wake_at))
            return False
        self.wake_at = None
        return True

    def trail(self, where: Where, detail: str) -> None:
        """Note what was done, for the journal."""
        self.out.append(Trail(where.flow, where.step, detail[:DETAIL_MAX]))
