"""The demo's audio check: in each talk, what each party heard is compared with what the other said.

Everybody speaks with a voice of their own, so a recording that holds another's voice, music or silence does
not pass. What a customer heard also holds the menu and the music; the talk is cut out of it by the times
of its beginning and end.
"""

from dataclasses import dataclass
from pathlib import Path
from statistics import median

from switch.cli.demo import audio
from switch.cli.demo.plan import TENANT
from switch.cli.demo.stage import Talk, voice

PEAK_MIN = 0.9
"""The right voice over G.711 gives more than 0.99, another about 0.1; see audio.py."""
OTHER_PEAK_MAX = 0.4
SOUND_MIN = 0.8
"""The part of a talk that must not be silent: a voice that comes late, or breaks off, was not heard."""
MARGIN_S = 0.5
"""Left out at both ends of a talk: an event reaches us a little after it happened."""
SHORTEST_S = 2.5
"""A shorter talk (its caller left in the instant of the answer) holds too little to compare."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One direction. `peak` is the median correlation, 0 to 1; `other_peak` that with another voice.

    `windows` of half a second were not silent, of `windows_talked` that the talk lasted.
    """

    peak: float
    windows: int
    windows_talked: int
    other_peak: float

    @property
    def ok(self) -> bool:
        enough = self.windows >= max(1, SOUND_MIN * self.windows_talked)
        return enough and self.peak >= PEAK_MIN and self.other_peak <= OTHER_PEAK_MAX


@dataclass(frozen=True, slots=True)
class TalkCheck:
    """One talk in both directions; both None where it was too short to compare."""

    customer: str
    agent: str
    seconds: float
    by_agent: Heard | None
    by_customer: Heard | None

    @property
    def checked(self) -> bool:
        return self.by_agent is not None and self.by_customer is not None

    @property
    def ok(self) -> bool:
        return all(heard is None or heard.ok for heard in (self.by_agent, self.by_customer))


@dataclass(frozen=True, slots=True)
class Direction:
    """All talks in one direction."""

    what: str
    talks: int
    lowest: float
    middle: float
    other_highest: float


def check_talks(talks: list[Talk]) -> list[TalkCheck]:
    """Every talk that has ended. Computes: not for the event loop."""
    return [_check(talk, talks) for talk in talks if talk.ended_at_s]


def directions(checks: list[TalkCheck]) -> list[Direction]:
    """Both, where anything was measured."""
    heard = {
        "customer to agent": [check.by_agent for check in checks if check.by_agent],
        "agent to customer": [check.by_customer for check in checks if check.by_customer],
    }
    return [
        Direction(
            what,
            len(all_of),
            min(one.peak for one in all_of),
            median(one.peak for one in all_of),
            max(one.other_peak for one in all_of),
        )
        for what, all_of in heard.items()
        if all_of
    ]


def _check(talk: Talk, talks: list[Talk]) -> TalkCheck:
    visitor = talk.visitor
    plan, seconds = visitor.plan, talk.ended_at_s - talk.began_at_s
    by_agent = by_customer = None
    if seconds >= SHORTEST_S:
        assert visitor.call is not None
        customer, agent = f"00{plan.number}", f"{TENANT}-{talk.account}"
        numbers = [other.visitor.plan.number for other in talks]
        strangers = [f"00{number}" for number in numbers if number != plan.number]
        colleagues = [f"{TENANT}-{other.account}" for other in talks if other.account != talk.account]
        # The agent's recording is the talk, as long as nobody is put on hold.
        by_agent = _heard(talk.agent_call.recording, 0, seconds, customer, strangers)
        from_s = talk.began_at_s - visitor.answered_at_s
        by_customer = _heard(visitor.call.recording, from_s, seconds, agent, colleagues)
    return TalkCheck(plan.number, talk.agent, seconds, by_agent, by_customer)


def _heard(recording: Path | None, from_s: float, seconds: float, speaker: str, others: list[str]) -> Heard:
    """What stands in a recording from then on, without the margins, against a voice and another one."""
    begin = int((from_s + MARGIN_S) * audio.RATE_HZ)
    end = int((from_s + seconds - MARGIN_S) * audio.RATE_HZ)
    talked = (end - begin) * 1_000 // (audio.WINDOW_MS * audio.RATE_HZ)
    if recording is None or not recording.exists():
        return Heard(0.0, 0, talked, 0.0)
    samples = audio.read_wav(recording)[begin:end]
    right = audio.listen(samples, voice(speaker))
    wrong = audio.listen(samples, voice(others[0])) if others else None
    return Heard(right.peak, right.windows, talked, wrong.peak if wrong else 0.0)
