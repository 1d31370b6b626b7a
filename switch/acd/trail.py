"""A router's events as bytes, gathered and written so that its run can be repeated exactly.

Theory of operation. A run begins with a snapshot (of an empty router, or of one that a restart brought back),
and every event that the router is given follows, with its `now`. `note` costs one append; what gathered in a
window is packed at once. Every so often a digest proves that whoever repeats the run is still on it, and a
snapshot lets a reader begin near what it looks for.

Packing is by type and field, whatever the fields are: values go by place, and each snapshot says which types
and fields stand at which place. So a journal of an older version loads (a field it lacks takes its default),
and one that says more than this version knows is refused rather than misread.
"""

import json
import zlib
from collections.abc import Callable, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from enum import Enum, StrEnum
from operator import attrgetter
from types import UnionType
from typing import Any, Protocol, Union, get_args, get_origin, get_type_hints

from switch.acd.events import Event
from switch.acd.snapshot import sequence_of
from switch.base.errors import SoftswitchError
from switch.base.values import quick

VERSION = 1
"""Of the layout of packs and of the head of snapshots."""

DIGEST_EVERY = 10_000
"""Events between two digests: a difference is found within as many."""

SNAPSHOT_EVERY = 10_000
"""Events between two snapshots at least: as many are repeated in some 50 ms by the C router."""

SNAPSHOT_EVERY_US = 3_600_000_000
"""Also once an hour in which anything happened, so that a day can be read from its beginning."""

SNAPSHOT_SHARE = 8
"""A snapshot comes only when the packs since the last one are an eighth of its bytes: compressed it is about
as much, so that snapshots of a huge centre at most double the trail."""

EVENTS_MAX = 500_000
"""Whatever their bytes, no more events than this follow a snapshot: some seconds of reading."""

_decode = json.JSONDecoder().decode
_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True).encode
_SCALARS = (str, int, bool, float, type(None))


class TrailError(SoftswitchError):
    """The trail is damaged, has a gap, or was written by a newer version; the line says at which event."""


class PieceKind(StrEnum):
    SNAPSHOT = "snapshot"
    EVENTS = "events"


@quick
@dataclass(frozen=True, slots=True)
class Piece:
    """A snapshot after event `first`, or `count` events from event `first` on.

    `run` tells routers of one tenant apart, in order of time: the journal's sequence when this one began.
    `entry` is the journal's last sequence when the piece was taken: what these events led to stands up to
    there.
    """

    tenant: str
    run: int
    first: int
    kind: PieceKind
    count: int
    at: int
    wall_us: int
    entry: int
    body: bytes

    @property
    def last(self) -> int:
        """The event that a reader has reached behind this piece."""
        return self.first + max(0, self.count - 1)

    def __str__(self) -> str:
        if self.kind is PieceKind.SNAPSHOT:
            return f"the snapshot of router {self.tenant} after event {self.first}"
        return f"events {self.first} to {self.last} of router {self.tenant}"


class Recorded(Protocol):
    """What a trail needs of its router."""

    def digest(self) -> int: ...
    def snapshot(self) -> bytes: ...


class Trail:
    """Of one router. `note` before each `apply`; `take` between two of them, once a window."""

    __slots__ = (
        "_bytes",
        "_digested",
        "_held",
        "_lost",
        "_sequence",
        "_size",
        "_snapped",
        "_snapped_at",
        "_waiting",
        "run",
        "tenant",
    )

    def __init__(self, tenant: str, run: int, router: Recorded) -> None:
        """`router` has not been told anything in this run."""
        self.tenant = tenant
        self.run = run
        self._waiting: list[tuple[Event, int]] = []
        self._held = router.snapshot()
        """The run's beginning, until `take` has given it out."""
        self._sequence = self._snapped = self._digested = sequence_of(self._held)
        self._snapped_at = self._size = self._bytes = 0
        self._lost = False

    def note(self, event: Event, now: int) -> bool:
        """True for the first of a window."""
        self._waiting.append((event, now))
        return len(self._waiting) == 1

    def lost(self) -> None:
        """What `take` gave last was not kept: the trail has a gap, and goes on from a new snapshot."""
        self._lost = True

    def take(self, router: Recorded, now: int, wall_us: int, entry: int) -> list[Piece]:
        """What is to be kept of this window, in order."""
        pieces = []
        waiting, self._waiting = self._waiting, []
        if self._held:
            # What the journal says from the run's number on, this router led to.
            pieces.append(self._snapshot(self._held, now, wall_us, self.run - 1))
            self._held = b""
        self._sequence += len(waiting)
        if waiting and not self._lost:
            due = self._sequence - self._digested >= DIGEST_EVERY
            body = pack(waiting, router.digest() if due else None)
            self._digested = self._sequence if due else self._digested
            self._bytes += len(body)
            first = self._sequence - len(waiting) + 1
            pieces.append(
                Piece(self.tenant, self.run, first, PieceKind.EVENTS, len(waiting), now, wall_us, entry, body)
            )
        if self._lost or self._snapshot_due(now):
            pieces.append(self._snapshot(router.snapshot(), now, wall_us, entry))
            self._lost = False
        return pieces

    def _snapshot_due(self, now: int) -> bool:
        events = self._sequence - self._snapped
        often = events >= SNAPSHOT_EVERY and self._bytes * SNAPSHOT_SHARE >= self._size
        return often or events >= EVENTS_MAX or (events > 0 and now - self._snapped_at >= SNAPSHOT_EVERY_US)

    def _snapshot(self, state: bytes, now: int, wall_us: int, entry: int) -> Piece:
        self._snapped, self._snapped_at = self._sequence, now
        self._size, self._bytes = len(state), 0
        body = _HEAD + state
        return Piece(self.tenant, self.run, self._sequence, PieceKind.SNAPSHOT, 0, now, wall_us, entry, body)


# Packing.


def _plain(value: Any) -> Any:
    """A value as JSON takes it; values of ours as their fields in order."""
    kind = type(value)
    if kind in _SCALARS:
        return value
    if kind is tuple:
        return [_plain(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    return [_plain(getattr(value, name)) for name in _names(kind)]


_NAMES: dict[type, tuple[str, ...]] = {}


def _names(kind: Any) -> tuple[str, ...]:
    names = _NAMES.get(kind)
    if names is None:
        names = _NAMES[kind] = tuple(field.name for field in fields(kind))
    return names


_Packer = Callable[[Any], list[Any]]


def _packer(kind: type[Event]) -> _Packer:
    """What gives an event's fields: most hold nothing but names and numbers."""
    names = _names(kind)
    hints = get_type_hints(kind)
    if any(hints[name] not in _SCALARS for name in names):
        return lambda event: [_plain(getattr(event, name)) for name in names]
    if len(names) < 2:
        return lambda event: [getattr(event, name) for name in names]
    get = attrgetter(*names)
    return lambda event: list(get(event))


def pack(events: Sequence[tuple[Event, int]], digest: int | None = None) -> bytes:
    """Events with their times, and the router's digest behind the last; a check sum before all."""
    last = start = events[0][1]
    rows = []
    for event, now in events:
        number, values = _PACKERS[type(event)]
        rows.append([number, now - last, *values(event)])
        last = now
    text = _encode([start, digest, rows]).encode("ascii")
    return zlib.crc32(text).to_bytes(4, "little") + text


def _structures() -> dict[str, type]:
    """Every type of ours that an event can hold, by name; events first, in the order of `Event`."""
    found: dict[str, type] = {}

    def visit(hint: Any) -> None:
        for inner in get_args(hint):
            visit(inner)
        if is_dataclass(hint) and isinstance(hint, type) and hint.__name__ not in found:
            found[hint.__name__] = hint
            for inner in get_type_hints(hint).values():
                visit(inner)

    for event in get_args(Event):
        found[event.__name__] = event
    for event in get_args(Event):
        for hint in get_type_hints(event).values():
            visit(hint)
    return found


_STRUCTURES = _structures()
_PACKERS: dict[type, tuple[int, _Packer]] = {
    kind: (number, _packer(kind)) for number, kind in enumerate(get_args(Event))
}
_HEAD = (
    _encode({"version": VERSION, "types": [[name, _names(kind)] for name, kind in _STRUCTURES.items()]})
    + "\n"
).encode("ascii")
"""Before each snapshot: what stands where in the packs behind it."""


class Reader:
    """Understands the packs behind one snapshot. `state` is the router's snapshot."""

    def __init__(self, piece: Piece) -> None:
        """Raises TrailError."""
        assert piece.kind is PieceKind.SNAPSHOT
        head, newline, self.state = piece.body.partition(b"\n")
        try:
            said = json.loads(head)
            version, types = (
                said["version"],
                [(str(name), [*map(str, names)]) for name, names in said["types"]],
            )
        except (ValueError, KeyError, TypeError) as error:
            raise TrailError(f"{piece} cannot be read: it is damaged") from error
        if not newline or version != VERSION:
            raise TrailError(f"{piece} was written by another version of the switch (layout {version})")
        self._fields = dict(types)
        self._events = [name for name, _ in types]
        self._makers: dict[Any, Callable[[Any], Any]] = {}
        self._by_number: dict[int, Callable[[Any], Any]] = {}

    def events(self, piece: Piece) -> tuple[list[tuple[Event, int]], int | None]:
        """Events with their times, and the digest behind the last where there is one. Raises TrailError."""
        text = piece.body[4:]
        if zlib.crc32(text).to_bytes(4, "little") != piece.body[:4]:
            raise TrailError(f"{piece} cannot be read: the check sum does not fit, the journal is damaged")
        try:
            now, digest, rows = _decode(text.decode("ascii"))
            events = []
            for number, later, *values in rows:
                now += later
                maker = self._by_number.get(number) or self._maker_of_event(number)
                events.append((maker(values), now))
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise TrailError(
                f"{piece} cannot be read: it holds what this version does not know ({error!r})"
            ) from error
        if len(events) != piece.count:
            raise TrailError(f"{piece} cannot be read: {len(events)} events in it, the journal is damaged")
        return events, digest

    def _maker_of_event(self, number: int) -> Callable[[Any], Any]:
        maker = self._by_number[number] = self._maker(_STRUCTURES[self._events[number]])
        return maker

    def _maker(self, hint: Any) -> Callable[[Any], Any]:
        known = self._makers.get(hint)
        if known is None:
            known = self._makers[hint] = self._make_maker(hint)
        return known

    def _make_maker(self, hint: Any) -> Callable[[Any], Any]:
        """What turns JSON back into a value of a type."""
        if hint in _SCALARS:
            return _as_it_is
        if is_dataclass(hint):
            assert isinstance(hint, type)
            return self._maker_of_ours(hint)
        if isinstance(hint, type) and issubclass(hint, Enum):
            return hint
        if get_origin(hint) is tuple:
            return self._maker_of_tuple(get_args(hint))
        if get_origin(hint) in (Union, UnionType):
            (one,) = (self._maker(inner) for inner in get_args(hint) if inner is not type(None))
            return lambda value: None if value is None else one(value)
        raise AssertionError(f"events hold no {hint}")

    def _maker_of_tuple(self, inner: tuple[Any, ...]) -> Callable[[Any], Any]:
        if inner[1:] == (...,):
            each = self._maker(inner[0])
            return lambda values: tuple([each(value) for value in values])
        makers = [self._maker(hint) for hint in inner]
        return lambda values: tuple([make(value) for make, value in zip(makers, values, strict=True)])

    def _maker_of_ours(self, kind: type) -> Callable[[Any], Any]:
        written = self._fields[kind.__name__]
        hints = get_type_hints(kind)
        unknown = [name for name in written if name not in hints]
        missing = [
            field.name
            for field in fields(kind)
            if field.name not in written and field.default is MISSING and field.default_factory is MISSING
        ]
        if unknown or missing:
            raise KeyError(f"{kind.__name__} with {', '.join(unknown)} and without {', '.join(missing)}")
        if written == list(_names(kind)) and all(hints[name] in _SCALARS for name in written):
            return lambda values: kind(*values)
        makers = [(place, self._maker(hints[name])) for place, name in enumerate(written)]
        hard = [(place, maker) for place, maker in makers if maker is not _as_it_is]

        def values_of(values: Any) -> Any:
            if len(values) != len(makers):
                raise ValueError(f"{kind.__name__} with {len(values)} values")
            for place, maker in hard:
                values[place] = maker(values[place])
            return values

        if written == list(_names(kind)):
            return lambda values: kind(*values_of(values))
        return lambda values: kind(**dict(zip(written, values_of(values), strict=True)))


def _as_it_is(value: Any) -> Any:
    return value
