"""A recorded run of a router again, event by event, with the proof that it is the same."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from switch.acd.decisions import Decision
from switch.acd.events import Event
from switch.acd.select import RouterLike, restore_router
from switch.acd.snapshot import sequence_of
from switch.acd.snapshot_bytes import SnapshotError
from switch.acd.trail import Piece, PieceKind, Reader, TrailError
from switch.base.values import quick


@quick
@dataclass(frozen=True, slots=True)
class Step:
    """Event `sequence`, and what a router decides on it now."""

    tenant: str
    sequence: int
    now: int
    event: Event
    decisions: list[Decision]


class Repeat:
    """Feeds the pieces of one run, from a snapshot on, to a fresh router.

    `proved` counts digests that fit, `unequal` has the events behind which one did not; `gaps` the (first,
    last) events that the trail lacks. A state is proved only where this version still writes it in the layout
    of the one that recorded it.
    """

    def __init__(self, restore: Callable[[bytes], RouterLike] = restore_router) -> None:
        self._restore = restore
        self._provable = False
        self._reader: Reader | None = None
        self._router: RouterLike | None = None
        self.sequence = 0
        self.now = 0
        self.events = 0
        self.proved = 0
        self.unequal: list[int] = []
        self.gaps: list[tuple[int, int]] = []

    @property
    def router(self) -> RouterLike:
        """As it is behind what was fed."""
        assert self._router is not None, "a run begins with a snapshot"
        return self._router

    def steps(self, pieces: Iterable[Piece], until: int | None = None) -> Iterator[Step]:
        """Every event up to number `until`, once it was taken. Raises TrailError."""
        for piece in pieces:
            if piece.kind is PieceKind.SNAPSHOT:
                self._snapshot(piece)
                continue
            if self._reader is None:
                raise TrailError(f"{piece}: the trail begins without a snapshot")
            if piece.first != self.sequence + 1:
                raise TrailError(
                    f"{piece}: events {self.sequence + 1} to {piece.first - 1} before it are not there"
                )
            events, digest = self._reader.events(piece)
            for event, now in events:
                if until is not None and self.sequence >= until:
                    return
                self.sequence += 1
                self.events += 1
                self.now = now
                decisions = self.router.apply(event, now)
                yield Step(piece.tenant, self.sequence, now, event, decisions)
            if digest is not None and self._provable:
                self._prove(self.router.digest() == digest)

    def _prove(self, equal: bool) -> None:
        if equal:
            self.proved += 1
        else:
            self.unequal.append(self.sequence)

    def _snapshot(self, piece: Piece) -> None:
        """The first is where to begin; a later one is a proof, or what lies behind a gap."""
        reader = Reader(piece)
        if self._router is not None and piece.first == self.sequence:
            if self._provable:
                self._prove(self._router.snapshot() == reader.state)
            return
        if self._router is not None:
            self.gaps.append((self.sequence + 1, piece.first))
        try:
            self._router = self._restore(reader.state)
        except SnapshotError as error:
            raise TrailError(f"{piece}: {error}") from error
        if sequence_of(reader.state) != piece.first:
            raise TrailError(f"{piece} cannot be read: it is of another event, the journal is damaged")
        self._reader = reader
        self._provable = self._router.snapshot() == reader.state
        self.sequence = piece.first
