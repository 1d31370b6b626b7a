"""Reading and shortening what routers were told. Every method may block, as those of the store."""

import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, and_, case, delete, func, or_, select

from switch.acd.trail import Piece, PieceKind, TrailError
from switch.store.tables import router_trail

PAGE = 256
"""Pieces read at once: with windows of a busy centre some 100 kB."""

PRUNED_AT_ONCE = 2_000
"""Rows of one transaction that prunes: the journal's writer waits some milliseconds for it, no longer."""

_columns = router_trail.c
_SNAPSHOT = PieceKind.SNAPSHOT.value
_KINDS = {kind.value: kind for kind in PieceKind}


@dataclass(frozen=True, slots=True)
class TrailRun:
    """One router from its beginning to its end, as far as its trail is kept.

    Events `first` to `last` follow the first snapshot; `entry` is the journal's last sequence at its end.
    """

    tenant: str
    run: int
    first: int
    last: int
    from_wall_us: int
    until_wall_us: int
    entry: int


class TrailTable:
    """Made by `Store.trails`."""

    def __init__(
        self,
        read: Callable[[Select[Any]], Sequence[Any]],
        writing: Callable[[], AbstractContextManager[Connection]],
    ) -> None:
        self._read = read
        self._writing = writing

    def runs(self, tenant: str = "") -> list[TrailRun]:
        """Of one tenant, or of all; by tenant, oldest first."""
        query = (
            select(
                _columns.tenant,
                _columns.run,
                func.min(_columns.first),
                func.max(_columns.first + case((_columns.kind == _SNAPSHOT, 0), else_=_columns.count - 1)),
                func.min(_columns.wall_us),
                func.max(_columns.wall_us),
                func.max(_columns.entry),
            )
            .group_by(_columns.tenant, _columns.run)
            .order_by(_columns.tenant, _columns.run)
        )
        if tenant:
            query = query.where(_columns.tenant == tenant)
        return [TrailRun(*row) for row in self._read(query)]

    def latest(self) -> dict[str, int]:
        """The last run of each tenant."""
        query = select(_columns.tenant, func.max(_columns.run)).group_by(_columns.tenant)
        return {str(tenant): int(run) for tenant, run in self._read(query)}

    def run_at(self, tenant: str, entry: int) -> int | None:
        """The run that stood when the journal came to `entry`."""
        query = select(func.max(_columns.run)).where(_columns.tenant == tenant, _columns.run <= entry)
        run: int | None = self._read(query)[0][0]
        return run

    def snapshot(
        self, tenant: str, run: int, *, until_event: int | None = None, until_wall_us: int | None = None
    ) -> Piece | None:
        """The last snapshot up to an event, or up to a time; without either the last of all."""
        query = _of(tenant, run).where(_columns.kind == _SNAPSHOT)
        if until_event is not None:
            query = query.where(_columns.first <= until_event)
        if until_wall_us is not None:
            query = query.where(_columns.wall_us <= until_wall_us)
        found = self._pieces(query.order_by(_columns.first.desc()).limit(1))
        return found[0] if found else None

    def first_snapshot(self, tenant: str, run: int) -> Piece | None:
        """Where the trail of a run begins now."""
        query = _of(tenant, run).where(_columns.kind == _SNAPSHOT).order_by(_columns.first)
        found = self._pieces(query.limit(1))
        return found[0] if found else None

    def onward(self, snapshot: Piece) -> Iterator[Piece]:
        """A snapshot, and all pieces of its run behind it."""
        piece = snapshot
        yield piece
        while True:
            query = (
                _of(piece.tenant, piece.run)
                # Said twice: without it the database reads the run from its beginning for each page.
                .where(_columns.first >= piece.first)
                .where(
                    or_(
                        _columns.first > piece.first,
                        and_(_columns.first == piece.first, _columns.kind > piece.kind.value),
                    )
                )
                .order_by(_columns.first, _columns.kind)
            )
            page = self._pieces(query.limit(PAGE))
            if not page:
                return
            yield from page
            piece = page[-1]

    def prune(self, before_wall_us: int) -> int:
        """Forget what is older; how many rows went.

        What the younger needs to be repeated stays, from the last snapshot before on, and so does the end of
        each tenant's last run, with which a restart begins.
        """
        runs = self.runs()
        latest = {run.tenant: run.run for run in runs}
        pruned = 0
        for run in runs:
            anchor = self.snapshot(run.tenant, run.run, until_wall_us=before_wall_us)
            if anchor is None:
                continue
            old = and_(_columns.tenant == run.tenant, _columns.run == run.run)
            if run.until_wall_us >= before_wall_us or latest[run.tenant] == run.run:
                packs_before = and_(_columns.first == anchor.first, _columns.kind != _SNAPSHOT)
                old = and_(old, or_(_columns.first < anchor.first, packs_before))
            pruned += self._forget(old)
        return pruned

    def _forget(self, old: Any) -> int:
        gone = 0
        keys = (_columns.first, _columns.kind)
        while True:
            with self._writing() as connection:
                edge = connection.execute(
                    select(*keys).where(old).order_by(*keys).offset(PRUNED_AT_ONCE).limit(1)
                ).first()
                some = old if edge is None else and_(old, _columns.first < edge[0])
                gone += connection.execute(delete(router_trail).where(some)).rowcount
            if edge is None:
                return gone

    def _pieces(self, query: Select[Any]) -> list[Piece]:
        return [_piece(*row) for row in self._read(query)]


def _of(tenant: str, run: int) -> Select[Any]:
    return select(router_trail).where(_columns.tenant == tenant, _columns.run == run)


def _piece(
    tenant: str,
    run: int,
    first: int,
    kind: str,
    count: int,
    at: int,
    wall_us: int,
    entry: int,
    body: bytes,
) -> Piece:
    piece = Piece(tenant, run, first, _KINDS[kind], count, at, wall_us, entry, bytes(body))
    if piece.kind is not PieceKind.SNAPSHOT:
        return piece
    try:
        body = zlib.decompress(body)
    except zlib.error as error:
        raise TrailError(f"{piece} cannot be read: the journal is damaged ({error})") from error
    return Piece(tenant, run, first, piece.kind, count, at, wall_us, entry, body)
