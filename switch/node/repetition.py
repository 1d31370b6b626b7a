"""A recorded run repeated and compared with the journal, decision by decision.

What routers were told and what the journal says of it were stored in one transaction a window, so the two are
compared window by window: each entry must be a decision that is made again, in the same order. Some decisions
leave no entry, where the call they were about was gone already; those alone may be more.
"""

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

from switch.acd import decisions as acd
from switch.acd.repeat import Repeat
from switch.acd.trail import Piece, PieceKind, TrailError
from switch.journal import events as journal
from switch.journal.codec import decode_event, frozen
from switch.store.store import READ_MAX, Store
from switch.store.trails import TrailRun

Shape = tuple[Any, ...]
"""A decision as both sides know it: what it is, then its values."""

_ALWAYS_WRITTEN = frozenset({"offer", "connected", "visit-ended", "agent"})


@dataclass(frozen=True, slots=True)
class Difference:
    """The first one of a run; `recorded` or `now` is empty where that side decided nothing."""

    tenant: str
    event: int
    wall_us: int
    recorded: str
    now: str

    def __str__(self) -> str:
        return f"recorded: {self.recorded or 'nothing'}; now: {self.now or 'nothing'}"


@dataclass(frozen=True, slots=True)
class Repeated:
    """One run again. `decisions` were compared; `proofs` are digests and snapshots that fit.

    `unproved` is the first event behind which the state differed, 0 for none; `gaps` are events that were
    never stored.
    """

    tenant: str
    run: int
    from_wall_us: int
    until_wall_us: int
    events: int
    decisions: int
    proofs: int
    unproved: int
    gaps: tuple[tuple[int, int], ...]
    difference: Difference | None

    @property
    def equal(self) -> bool:
        return self.difference is None and not self.unproved


def chosen(
    store: Store, tenant: str = "", from_wall_us: int = 0, until_wall_us: int = 1 << 62
) -> list[TrailRun]:
    """The runs of a time. Raises TrailError where there are none."""
    runs = [
        run
        for run in store.trails.runs(tenant)
        if run.until_wall_us >= from_wall_us and run.from_wall_us <= until_wall_us
    ]
    if not runs:
        whose = f"of tenant {tenant} " if tenant else ""
        raise TrailError(f"store {store.name}: no router events {whose}are kept of that time")
    return runs


def begin(store: Store, run: TrailRun, from_wall_us: int = 0) -> Piece:
    """The snapshot with which to begin so that a time is read whole. Raises TrailError."""
    found = store.trails.snapshot(run.tenant, run.run, until_wall_us=from_wall_us)
    found = found or store.trails.first_snapshot(run.tenant, run.run)
    if found is None:
        raise TrailError(f"router {run.tenant}: its trail has no snapshot to begin with")
    return found


def repeat_run(
    store: Store,
    run: TrailRun,
    from_wall_us: int = 0,
    until_wall_us: int = 1 << 62,
    told: Callable[[int], None] = lambda _: None,
) -> Repeated:
    """The part of a run that lies in a time; `told` is called with the events done. Raises TrailError."""
    snapshot = begin(store, run, from_wall_us)
    again = Repeat()
    written = _Written(store, run, snapshot.entry)
    decisions, last = 0, snapshot
    difference = None
    for piece in store.trails.onward(snapshot):
        if piece.wall_us > until_wall_us:
            break
        known_gaps = len(again.gaps)
        decided = [
            (shape, step.sequence, step.now)
            for step in again.steps([piece])
            for shape in _decided(step.decisions)
        ]
        last = piece
        if piece.kind is PieceKind.SNAPSHOT:
            if len(again.gaps) > known_gaps:
                written.forget(piece.entry)
            continue
        said = written.until(piece.entry)
        decisions += len(said)
        difference = difference or _first_difference(piece, decided, said)
        told(again.events)
    return Repeated(
        run.tenant,
        run.run,
        snapshot.wall_us,
        last.wall_us,
        again.events,
        decisions,
        again.proved,
        next(iter(again.unequal), 0),
        tuple(again.gaps),
        difference,
    )


class _Written:
    """The journal's side, in order."""

    def __init__(self, store: Store, run: TrailRun, after: int) -> None:
        self._store = store
        self._run = run
        self._after = after
        self._read_all = False
        self._ahead: deque[tuple[int, Shape]] = deque()

    def until(self, entry: int) -> list[Shape]:
        """What was written up to an entry, since the last call."""
        shapes = []
        while (self._ahead or self._more()) and self._ahead[0][0] <= entry:
            shapes.append(self._ahead.popleft()[1])
        return shapes

    def forget(self, entry: int) -> None:
        """Skip what lies in a gap."""
        self.until(entry)

    def _more(self) -> bool:
        if self._read_all:
            return False
        page = self._store.bodies_of_tenant(
            self._run.tenant, _KINDS, after=self._after, until=self._run.entry
        )
        self._read_all = len(page) < READ_MAX
        self._ahead += written_shapes(page)
        if page:
            self._after = page[-1][0]
        return bool(self._ahead) or self._more()


def written_shapes(page: Sequence[tuple[int, str, int, str]]) -> Iterator[tuple[int, Shape]]:
    """Sequence and shape of journal rows. What this version writes is taken from the JSON as it stands, for a
    day has millions of these; all else goes the long way. Raises CodecError."""
    try:
        values = json.loads(f"[{','.join(body for *_, body in page)}]")
    except ValueError:
        values = []
    for place, (sequence, kind, version, body) in enumerate(page):
        known = _QUICKLY[kind]
        if len(values) == len(page) and version == known.version and values[place].keys() == known.names:
            shape = known.shape(values[place])
        else:
            event = decode_event(kind, version, body)
            make = _SHAPE_OF.get(type(event))
            shape = () if make is None else make(event)
        if shape:
            yield sequence, shape


def _first_difference(
    piece: Piece, decided: list[tuple[Shape, int, int]], written: list[Shape]
) -> Difference | None:
    """Both sides of one window."""

    def differs(recorded: Shape, now: Shape, event: int, at: int) -> Difference:
        wall_us = piece.wall_us - piece.at + at
        return Difference(piece.tenant, event, wall_us, _say(recorded), _say(now))

    sides = iter(decided)
    for recorded in written:
        for now, event, at in sides:
            if now == recorded:
                break
            if now[0] in _ALWAYS_WRITTEN:
                return differs(recorded, now, event, at)
        else:
            return differs(recorded, (), piece.last, piece.at)
    for now, event, at in sides:
        if now[0] in _ALWAYS_WRITTEN:
            return differs((), now, event, at)
    return None


def _decided(decisions: Iterable[acd.Decision]) -> Iterator[Shape]:
    for decision in decisions:
        match decision:
            case acd.Admitted(contact, queue, position):
                yield ("queued", contact, queue, position)
            case acd.Refused(contact, queue, reason):
                yield ("refused", contact, queue, str(reason))
            case acd.Offered():
                yield _offer(decision)
            case acd.OfferEnded(offer, contact, agent, outcome):
                yield ("offer-ended", offer, contact, agent, str(outcome))
            case acd.Connected(_, contact, queue, agent, waited_us):
                yield ("connected", contact, queue, agent, waited_us)
            case acd.VisitEnded():
                yield _visit(decision)
            case acd.AgentChanged():
                yield ("agent", decision.agent, str(decision.state), decision.reason)


def _offer(decision: acd.Offered) -> Shape:
    choice = decision.choice
    return (
        "offer",
        decision.offer,
        decision.contact,
        decision.queue,
        decision.agent,
        choice.policy,
        choice.candidates,
        tuple((str(reason), count) for reason, count in choice.exclusions),
        tuple((ranked.agent, ranked.score, ranked.idle_us) for ranked in choice.best),
        choice.tie_break,
        choice.needs,
        choice.sequence,
    )


def _offer_made(event: journal.OfferMade) -> Shape:
    return (
        "offer",
        event.offer,
        event.contact,
        event.queue,
        event.agent,
        event.policy,
        event.candidates,
        event.exclusions,
        event.best,
        event.tie_break,
        event.needs,
        event.sequence,
    )


def _visit(ended: acd.VisitEnded | journal.VisitEnded) -> Shape:
    outcome = str(ended.outcome)
    values = (ended.contact, ended.queue, outcome, ended.reason, ended.agent)
    return ("visit-ended", *values, ended.waited_us, ended.talked_us)


_REFUSALS = frozenset(str(reason) for reason in acd.RefusalReason)

_SHAPE_OF: dict[type, Callable[[Any], Shape]] = {
    journal.Queued: lambda event: ("queued", event.contact, event.queue, event.position),
    # The dialplan refuses at a queue's gates, too; that was not the router.
    journal.QueueRefused: lambda event: (
        ("refused", event.contact, event.queue, event.reason) if event.reason in _REFUSALS else ()
    ),
    journal.OfferMade: _offer_made,
    journal.OfferEnded: lambda event: (
        "offer-ended", event.offer, event.contact, event.agent, event.outcome
    ),
    journal.AgentConnected: lambda event: (
        "connected", event.contact, event.queue, event.agent, event.waited_us
    ),
    journal.VisitEnded: _visit,
    journal.AgentChanged: lambda event: ("agent", event.agent, event.state, event.reason),
}  # fmt: skip
_KINDS = tuple(vars(kind)["KIND"] for kind in _SHAPE_OF)


@dataclass(frozen=True, slots=True)
class _Quickly:
    """How to make a shape of a body, where it has this version and these fields."""

    version: int
    names: frozenset[str]
    shape: Callable[[dict[str, Any]], Shape]


class _Fields:
    """A body, read as if it were its event."""

    __slots__ = ("_values",)

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    def __getattr__(self, name: str) -> Any:
        value = self._values[name]
        return frozen(value) if type(value) is list else value


def _quickly(kind: type, shape: Callable[[Any], Shape]) -> _Quickly:
    names = frozenset(field.name for field in fields(kind))
    return _Quickly(vars(kind)["VERSION"], names, lambda values: shape(_Fields(values)))


_QUICKLY = {vars(kind)["KIND"]: _quickly(kind, shape) for kind, shape in _SHAPE_OF.items()}


def _say(shape: Shape) -> str:
    """A decision in words, with all its figures: two may differ in the last of them."""
    match shape:
        case ():
            return ""
        case ("offer", offer, contact, queue, agent, policy, candidates, *rest):
            told = (
                f"offer {offer} of {contact} (queue {queue}) to {agent} by {policy}, {candidates} candidates"
            )
            return f"{told}, {', '.join(map(str, rest))}"
        case ("agent", agent, state, reason):
            return f"agent {agent} is {state}" + (f" ({reason})" if reason else "")
        case (word, *rest):
            return f"{word} {', '.join(map(str, rest))}"
        case _:
            raise AssertionError("a shape is a word and values")
