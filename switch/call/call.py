"""A call: its legs, who is bridged with whom, and what its record will say.

One leg is the anchor: the party whom the dialplan serves (a customer, or a phone that dials). Another
may be the partner, with whom the anchor talks. A transfer changes members; legs keep their identity.
"""

from dataclasses import dataclass, field

from switch.base.values import quick
from switch.call.cause import Cause
from switch.call.leg import Leg
from switch.media.commands import Bridge, Command, Play, StopPlay, Unbridge

HOLD_PLAYBACK = 0
"""Playback number of music on hold; a dialplan's playbacks count from 1."""


@quick
@dataclass(slots=True)
class Record:
    """What the call-detail record collects; wall times in microseconds since 1970, 0 for never."""

    direction: str
    caller: str
    called: str
    source: str
    started_wall_us: int
    caller_name: str = ""
    answered_wall_us: int = 0
    queue: str = ""
    agent: str = ""
    waited_us: int = 0
    talked_us: int = 0
    held_us: int = 0
    transfers: int = 0
    cause: Cause | None = None
    ended_by: str = ""
    limit: str = ""
    """The limit that stopped a call to the outside, as `account:calls`."""
    verification: str = ""
    """What STIR made of the caller's number."""
    forwarded_by: str = ""
    """Who forwarded the caller to us, as the carrier says."""
    trunk: str = ""
    gateway: str = ""
    """Who carried it to or from the outside, and by which of its addresses."""
    recordings: tuple[str, ...] = ()
    """Files, relative to the folder of recordings and without their ending."""


@dataclass(slots=True)
class Call:
    """`legs` are those that are not over, by id, in the order in which they joined."""

    id: str
    tenant: str
    record: Record
    anchor: Leg
    hold_clip: str = ""
    partner: Leg | None = None
    legs: dict[str, Leg] = field(default_factory=dict)
    _talking_since: int = 0
    _held_since: int = 0

    def __post_init__(self) -> None:
        self.legs[self.anchor.id] = self.anchor

    def other(self, leg: Leg) -> Leg | None:
        """The party that `leg` is bridged with."""
        if self.partner is None:
            return None
        if leg is self.anchor:
            return self.partner
        return self.anchor if leg is self.partner else None

    def bridge(self, partner: Leg, now: int) -> list[Command]:
        """Anchor and `partner` hear each other from now on; whatever played to them ends."""
        self.partner = partner
        self._talking_since = now
        anchor, other = self.anchor.slot.number, partner.slot.number
        commands: list[Command] = [StopPlay(anchor), StopPlay(other), Bridge(anchor, other)]
        for leg in (self.anchor, partner):
            if leg.remote_held:
                commands += self.held(leg, True, now)
        return commands

    def opened(self, leg: Leg) -> list[Command]:
        """`leg` is confirmed. Where its session came with the ACK, the engine had no stream to bridge."""
        other = self.other(leg)
        return [] if other is None else [Bridge(leg.slot.number, other.slot.number)]

    def unbridge(self, now: int) -> list[Command]:
        """The talk is over; its time goes to the record."""
        if self.partner is None:
            return []
        self._settle_hold(now)
        self.record.talked_us += now - self._talking_since
        commands: list[Command] = []
        for leg in (self.anchor, self.partner):
            if not leg.over:
                commands.append(StopPlay(leg.slot.number))
        self.partner = None
        return [*commands, Unbridge(self.anchor.slot.number)]

    def held(self, leg: Leg, held: bool, now: int) -> list[Command]:
        """`leg` put the other on hold: who waits hears music; taken back, the bridge is heard again."""
        other = self.other(leg)
        if other is None or other.over:
            return []
        if not held:
            if not other.remote_held:
                self._settle_hold(now)
            return [StopPlay(other.slot.number)]
        if self._held_since == 0:
            self._held_since = now
        if not self.hold_clip:
            return []
        return [Play(other.slot.number, HOLD_PLAYBACK, (self.hold_clip,), loop=True)]

    def _settle_hold(self, now: int) -> None:
        if self._held_since:
            self.record.held_us += now - self._held_since
            self._held_since = 0
