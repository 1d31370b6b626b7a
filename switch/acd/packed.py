"""Packed batches: many events in one call, as records of fixed size, and their decisions the same way.

For whoever has so many events that an object for each costs more than the router does: replay, simulation,
benchmarks. Names are numbers. `intern` gives the number of a text, or of a `Contact`, whose name and
`waiting_since` then do not count: it stands for all who ask for the same. A number holds until `forget`.
Decisions that name a text without a number give it one. 0 is the empty text. Both halves of the router give
the same numbers and the same bytes. Settings (queues, agents, the tenant) are given by `apply`.

All is little-endian. An event is 32 bytes:

| at | bytes | what |
| --- | --- | --- |
| 0 | 1 | the kind: the place in `KINDS` |
| 1 | 1 | `Reach`: 1 reachable; `Decline`: the place of the reason in `DeclineReason`; else 0 |
| 4 | 4 | the number of the agent, queue or contact (0 for `Claim`, `Decline`, `Wake`) |
| 8 | 8 | now |
| 16 | 8 | `Claim`, `Decline`: the offer; `Arrive`: waiting since; `Pause`, `Withdraw`: the reason's number;
`SetLine`: the grade |
| 24 | 8 | `Claim`, `Decline`: the fence; `Arrive`: the number of the contact that it is like |

A decision is 64 bytes: kind (the place in `DECISIONS`), word (the place of the outcome, refusal or state in
its enumeration), two bytes 0, the place of the event in the batch (4 bytes), the numbers of contact, queue,
agent and reason (4 each), the number (offer, position, step, grade or time of a wake), the fence, ring time
or time waited, lease or time talked, and 8 bytes 0 (8 each). What a kind does not have is 0. An offer is
followed by its choice, of 256 bytes: kind 10, tie-break, policy, how many are named (1 each), candidates
(4), sequence (8), step (4), key (8), batch (4), how many needs (4), 4 bytes 0, the exclusions in the order
of their enumeration (24 of 4), and the best five (number of the agent 4, 4 bytes 0, score 8, idle time 8);
and by its needs, eight in 64 bytes (number of the skill 4, level 4).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from struct import Struct
from typing import Protocol

from switch.acd import decisions as de
from switch.acd import events as ev
from switch.acd.decisions import (
    AgentState,
    Choice,
    Decision,
    Exclusion,
    OfferOutcome,
    Ranked,
    RefusalReason,
    VisitOutcome,
)
from switch.acd.events import DeclineReason, Event
from switch.acd.settings import Contact, Policy

KINDS: tuple[type[Event], ...] = (
    ev.SetQueue,
    ev.SetAgent,
    ev.RemoveQueue,
    ev.RemoveAgent,
    ev.SignIn,
    ev.SignOut,
    ev.Pause,
    ev.Resume,
    ev.Reach,
    ev.Engage,
    ev.Disengage,
    ev.Arrive,
    ev.Abandon,
    ev.Withdraw,
    ev.Claim,
    ev.Decline,
    ev.Finish,
    ev.EndWrapUp,
    ev.Wake,
    ev.SetTenant,
    ev.SetLine,
)
"""The kinds of events by their numbers. Settings cannot be packed."""

DECISIONS: tuple[type[Decision], ...] = (
    de.Admitted,
    de.Refused,
    de.Offered,
    de.OfferEnded,
    de.Connected,
    de.ClaimRefused,
    de.VisitEnded,
    de.AgentChanged,
    de.WakeAt,
    de.Widened,
)
"""The kinds of decisions by their numbers; the next number is that of a choice."""

TIES = ("only candidate", "score", "longest idle", "order", "random", "line", "agent of before", "batch")
"""The words of `Choice.tie_break` by their numbers."""

EVENT = Struct("<BB2xIqqq")
DECISION = Struct("<BB2xI4I4q8x")
CHOICE = Struct("<BBBBIqIqII4x24I")
EXCLUSIONS_ROOM = 24
BEST = Struct("<I4xqq")
NEED = Struct("<Ii")
CHOICE_SIZE = 256
NEEDS_SIZE = 64

_ABOUT: dict[int, Callable[[str], Event]] = {
    2: ev.RemoveQueue,
    3: ev.RemoveAgent,
    4: ev.SignIn,
    5: ev.SignOut,
    7: ev.Resume,
    9: ev.Engage,
    10: ev.Disengage,
    12: ev.Abandon,
    16: ev.Finish,
    17: ev.EndWrapUp,
}
_KIND_OF = {cls: kind for kind, cls in enumerate(KINDS)}
_DECISION_OF = {cls: kind for kind, cls in enumerate(DECISIONS)}
_INT32 = 1 << 31
_EXCLUSIONS = tuple(Exclusion)
_POLICIES = tuple(Policy)
_REASONS = tuple(DeclineReason)
_REFUSALS = tuple(RefusalReason)
_STATES = tuple(AgentState)
_OUTCOMES = tuple(OfferOutcome)
_ENDINGS = tuple(VisitOutcome)


class PackedRouter(Protocol):
    """What a router with packed batches offers."""

    def intern(self, value: str | Contact) -> int: ...
    def forget(self, number: int) -> None: ...
    def interned(self, number: int) -> str: ...
    def apply_packed(self, records: bytes) -> bytes: ...


class Numbers:
    """Numbers and what they stand for; one given back is the next to be given."""

    def __init__(self) -> None:
        self._things: list[str | Contact | None] = [""]
        self._numbers = {"": 0}
        self._spare: list[int] = []

    def intern(self, value: str | Contact) -> int:
        number = self._numbers.get(value) if isinstance(value, str) else None
        if number is not None:
            return number
        if self._spare:
            number = self._spare.pop()
            self._things[number] = value
        else:
            number = len(self._things)
            self._things.append(value)
        if isinstance(value, str):
            self._numbers[value] = number
        return number

    def forget(self, number: int) -> None:
        thing = self._things[number] if 0 < number < len(self._things) else None
        if thing is None:
            raise ValueError(f"no such number: {number}")
        self._things[number] = None
        self._spare.append(number)
        if isinstance(thing, str):
            del self._numbers[thing]

    def text(self, number: int) -> str:
        thing = self._things[number] if 0 <= number < len(self._things) else None
        if not isinstance(thing, str):
            raise ValueError(f"no text has the number {number}")
        return thing

    def contact(self, number: int) -> Contact:
        thing = self._things[number] if 0 <= number < len(self._things) else None
        if not isinstance(thing, Contact):
            raise ValueError(f"no contact has the number {number}")
        return thing


class Packed(ABC):
    """The methods for packed batches of the router in Python."""

    __slots__ = ("_numbers",)

    def __init__(self) -> None:
        self._numbers = Numbers()

    @abstractmethod
    def apply(self, event: Event, now: int) -> list[Decision]:
        """Take one event."""

    def intern(self, value: str | Contact) -> int:
        """The number of a text, or a new one for all contacts like this one."""
        return self._numbers.intern(value)

    def forget(self, number: int) -> None:
        """The number may be given to something else. Raises ValueError where nothing has it."""
        self._numbers.forget(number)

    def interned(self, number: int) -> str:
        """The text that has the number. Raises ValueError."""
        return self._numbers.text(number)

    def apply_packed(self, records: bytes) -> bytes:
        """Take all events; their packed decisions. Where one is not sound: ValueError, and none is taken."""
        if len(records) % EVENT.size:
            raise ValueError("events are records of 32 bytes")
        events = []
        for place, fields in enumerate(EVENT.iter_unpack(records)):
            try:
                events.append((_event_of(self._numbers, *fields), fields[3]))
            except (ValueError, IndexError) as problem:
                raise ValueError(f"record {place} is not sound; none was taken") from problem
        out: list[bytes] = []
        for place, (event, now) in enumerate(events):
            for decision in self.apply(event, now):
                out.extend(_decision_parts(self._numbers, decision, place))
        return b"".join(out)


def _event_of(numbers: Numbers, kind: int, flag: int, name: int, now: int, first: int, second: int) -> Event:
    del now
    cls = KINDS[kind]
    if cls is ev.Wake:
        return ev.Wake()
    if cls is ev.Claim:
        return ev.Claim(first, second)
    if cls is ev.Decline:
        return ev.Decline(first, second, _REASONS[flag])
    text = numbers.text(name)
    if cls is ev.Arrive:
        return ev.Arrive(replace(numbers.contact(second), contact=text, waiting_since=first))
    if cls is ev.Reach:
        return ev.Reach(text, flag != 0)
    if cls is ev.Pause:
        return ev.Pause(text, numbers.text(first))
    if cls is ev.Withdraw:
        return ev.Withdraw(text, numbers.text(first))
    if cls is ev.SetLine:
        return ev.SetLine(text, first)
    if kind not in _ABOUT:
        raise ValueError("settings are not packed")
    return _ABOUT[kind](text)


def pack_event(router: PackedRouter, event: Event, now: int) -> bytes:
    """The record of an event. Its names get numbers; of a contact, a new one, which the caller forgets."""
    kind = _KIND_OF[type(event)]
    match event:
        case ev.Wake():
            return EVENT.pack(kind, 0, 0, now, 0, 0)
        case ev.Claim(offer, fence):
            return EVENT.pack(kind, 0, 0, now, offer, fence)
        case ev.Decline(offer, fence, reason):
            return EVENT.pack(kind, _REASONS.index(reason), 0, now, offer, fence)
        case ev.Arrive(contact):
            name = router.intern(contact.contact)
            return EVENT.pack(kind, 0, name, now, contact.waiting_since, router.intern(contact))
        case ev.Reach(agent, reachable):
            return EVENT.pack(kind, int(reachable), router.intern(agent), now, 0, 0)
        case ev.Pause(name, reason) | ev.Withdraw(name, reason):
            return EVENT.pack(kind, 0, router.intern(name), now, router.intern(reason), 0)
        case ev.Abandon(name) | ev.Finish(name) | ev.RemoveQueue(name):
            return EVENT.pack(kind, 0, router.intern(name), now, 0, 0)
        case ev.SetLine(agent, grade):
            return EVENT.pack(kind, 0, router.intern(agent), now, max(0, min(grade, 2)), 0)
        case ev.SetQueue() | ev.SetAgent() | ev.SetTenant():
            raise ValueError(f"{type(event).__name__} is not packed")
        case _:
            return EVENT.pack(kind, 0, router.intern(event.agent), now, 0, 0)


def _decision_parts(numbers: Numbers, decision: Decision, place: int) -> Iterator[bytes]:
    """The records of one decision. Numbers are given in the order of the fields, as in C."""
    kind = _DECISION_OF[type(decision)]

    def record(word: int, names: Sequence[str], *amounts: int) -> bytes:
        named = [numbers.intern(name) for name in names]
        return DECISION.pack(kind, word, place, *named, *amounts, *[0] * (4 - len(amounts)))

    match decision:
        case de.Admitted(contact, queue, position):
            yield record(0, (contact, queue, "", ""), position)
        case de.Refused(contact, queue, why):
            yield record(_REFUSALS.index(why), (contact, queue, "", ""))
        case de.Offered():
            d = decision
            names = (d.contact, d.queue, d.agent, "")
            yield record(0, names, d.offer, d.fence, d.ring_us, d.lease_until)
            yield from _choice_parts(numbers, d.choice)
        case de.OfferEnded(offer, contact, agent, outcome):
            yield record(_OUTCOMES.index(outcome), (contact, "", agent, ""), offer)
        case de.Connected(offer, contact, queue, agent, waited):
            yield record(0, (contact, queue, agent, ""), offer, 0, waited)
        case de.ClaimRefused(offer):
            yield record(0, ("", "", "", ""), offer)
        case de.VisitEnded(contact, queue, ending, reason, agent, waited, talked):
            yield record(_ENDINGS.index(ending), (contact, queue, agent, reason), 0, 0, waited, talked)
        case de.AgentChanged(agent, state, reason, line):
            yield record(_STATES.index(state), ("", "", agent, reason), line)
        case de.WakeAt(at):
            yield record(0, ("", "", "", ""), at)
        case de.Widened(contact, queue, step):
            yield record(0, (contact, queue, "", ""), step)


def _choice_parts(numbers: Numbers, choice: Choice) -> Iterator[bytes]:
    counts = dict(choice.exclusions)
    excluded = [counts.get(why, 0) for why in _EXCLUSIONS]
    head = CHOICE.pack(
        len(DECISIONS),
        TIES.index(choice.tie_break),
        _POLICIES.index(Policy(choice.policy)),
        len(choice.best),
        choice.candidates,
        choice.sequence,
        choice.step,
        choice.key,
        choice.batch,
        len(choice.needs),
        *excluded,
        *[0] * (EXCLUSIONS_ROOM - len(excluded)),
    )
    best = b"".join(BEST.pack(numbers.intern(b.agent), b.score, b.idle_us) for b in choice.best)
    yield (head + best).ljust(CHOICE_SIZE, b"\0")
    needs = b"".join(
        NEED.pack(numbers.intern(skill), max(-_INT32, min(level, _INT32 - 1)))
        for skill, level in choice.needs
    )
    yield needs.ljust(-(-len(needs) // NEEDS_SIZE) * NEEDS_SIZE, b"\0")


def unpack_decisions(router: PackedRouter, data: bytes) -> Iterator[tuple[int, Decision]]:
    """The decisions, each with the place of its event in the batch."""
    at = 0
    while at < len(data):
        kind, word, place, contact, queue, agent, reason, *amounts = DECISION.unpack_from(data, at)
        at += DECISION.size
        choice = None
        if DECISIONS[kind] is de.Offered:
            choice, at = _unpack_choice(router, data, at)
        names = [router.interned(number) for number in (contact, queue, agent, reason)]
        yield place, _decision_of(DECISIONS[kind], word, names, amounts, choice)


def _decision_of(
    cls: type[Decision], word: int, names: list[str], amounts: list[int], choice: Choice | None
) -> Decision:
    contact, queue, agent, reason = names
    number, fence, third, fourth = amounts
    if cls is de.Admitted:
        return de.Admitted(contact, queue, number)
    if cls is de.Refused:
        return de.Refused(contact, queue, _REFUSALS[word])
    if choice is not None:
        return de.Offered(number, fence, contact, queue, agent, third, fourth, choice)
    if cls is de.OfferEnded:
        return de.OfferEnded(number, contact, agent, _OUTCOMES[word])
    if cls is de.Connected:
        return de.Connected(number, contact, queue, agent, third)
    if cls is de.ClaimRefused:
        return de.ClaimRefused(number)
    if cls is de.VisitEnded:
        return de.VisitEnded(contact, queue, _ENDINGS[word], reason, agent, third, fourth)
    if cls is de.AgentChanged:
        return de.AgentChanged(agent, _STATES[word], reason, number)
    if cls is de.WakeAt:
        return de.WakeAt(number)
    return de.Widened(contact, queue, number)


def _unpack_choice(router: PackedRouter, data: bytes, at: int) -> tuple[Choice, int]:
    head = CHOICE.unpack_from(data, at)
    _, tie, policy, named, candidates, sequence, step, key, batch, needs = head[:10]
    excluded = head[10 : 10 + len(_EXCLUSIONS)]
    best = [BEST.unpack_from(data, at + CHOICE.size + BEST.size * i) for i in range(named)]
    at += CHOICE_SIZE
    wanted = [NEED.unpack_from(data, at + NEED.size * i) for i in range(needs)]
    choice = Choice(
        policy=_POLICIES[policy].value,
        candidates=candidates,
        exclusions=tuple((why, count) for why, count in zip(_EXCLUSIONS, excluded, strict=True) if count),
        best=tuple(Ranked(router.interned(agent), score, idle) for agent, score, idle in best),
        tie_break=TIES[tie],
        needs=tuple((router.interned(skill), level) for skill, level in wanted),
        sequence=sequence,
        step=step,
        key=key,
        batch=batch,
    )
    return choice, at - (-needs * NEED.size // NEEDS_SIZE) * NEEDS_SIZE
