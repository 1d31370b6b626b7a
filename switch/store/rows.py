"""Journal entries as the parameters of SQL statements, made once, on the thread that wrote the entry.

The writer thread then hands whole lists to the database driver and computes nothing in Python: a
thread that computes would hold the interpreter's lock while the loop has packets to answer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from switch.acd.trail import Piece
from switch.base.values import quick
from switch.journal.codec import columns
from switch.journal.entry import Entry
from switch.journal.events import AgentChanged, CallEnded, CallStarted, LegMeasured, VisitEnded
from switch.journal.texts import storable

Values = list[int | str]


@quick
@dataclass(slots=True)
class Rows:
    """What one transaction adds. Lists are flat: the columns of the first row, then of the second.

    The columns are in the order of `switch.store.tables`. `opened` and `agents` map the key to the
    entry's sequence; `closed` are calls whose beginning stands in the store already.
    """

    entries: int = 0
    last_sequence: int = 0
    journal: Values = field(default_factory=list)
    call_records: Values = field(default_factory=list)
    visits: Values = field(default_factory=list)
    leg_audio: Values = field(default_factory=list)
    opened: dict[str, int] = field(default_factory=dict)
    closed: list[str] = field(default_factory=list)
    agents: dict[tuple[str, str], int] = field(default_factory=dict)
    trail: list[Piece] = field(default_factory=list)

    def add(self, later: "Rows") -> None:
        """Append the rows of a later batch."""
        self.entries += later.entries
        self.last_sequence = later.last_sequence or self.last_sequence
        self.journal += later.journal
        self.call_records += later.call_records
        self.visits += later.visits
        self.leg_audio += later.leg_audio
        self.trail += later.trail
        for call in later.closed:
            self._close(call)
        self.opened.update(later.opened)
        self.agents.update(later.agents)

    def _close(self, call: str) -> None:
        if self.opened.pop(call, None) is None:
            self.closed.append(call)

    def _axis(self, entry: Entry, event: AgentChanged, tenant: str, _call: str) -> None:
        self.agents[tenant, storable(event.agent)] = entry.sequence

    def _open(self, entry: Entry, _event: CallStarted, _tenant: str, call: str) -> None:
        self.opened[call] = entry.sequence

    def _visit(self, entry: Entry, event: VisitEnded, tenant: str, call: str) -> None:
        self.visits += (
            entry.sequence,
            call,
            tenant,
            storable(event.contact),
            storable(event.queue),
            storable(event.outcome),
            storable(event.reason),
            storable(event.agent),
            entry.wall_us,
            event.waited_us,
            event.talked_us,
        )

    def _audio(self, entry: Entry, event: LegMeasured, tenant: str, call: str) -> None:
        self.leg_audio += (
            entry.sequence,
            call,
            tenant,
            storable(event.leg),
            storable(event.role),
            storable(event.peer),
            storable(event.trunk),
            storable(event.agent),
            event.received,
            event.sent,
            event.lost,
            event.jitter_us,
            event.jitter_max_us,
            event.concealed_ms,
            event.reports,
            event.peer_lost,
            event.peer_jitter_us,
            event.round_trip_us,
            event.round_trip_max_us,
            event.mos_heard,
            event.mos_peer,
            event.mos_worst,
            " ".join(event.alarms),
        )

    def _record(self, entry: Entry, event: CallEnded, tenant: str, call: str) -> None:
        self._close(call)
        self.call_records += (
            entry.sequence,
            call,
            tenant,
            storable(event.direction),
            storable(event.caller),
            storable(event.called),
            storable(event.source),
            event.started_wall_us,
            event.answered_wall_us,
            event.ended_wall_us,
            storable(event.cause),
            storable(event.by),
            event.sip_status,
            storable(event.queue),
            storable(event.agent),
            event.waited_us,
            event.talked_us,
            event.held_us,
            event.transfers,
            storable(event.caller_name),
            storable(event.limit),
            storable(event.verification),
            storable(event.forwarded_by),
            storable(event.trunk),
            storable(event.gateway),
            storable(event.told),
            storable(event.recordings),
        )


_More = Callable[[Rows, Entry, Any, str, str], None]

_MORE: dict[type[Any], _More] = {
    AgentChanged: Rows._axis,
    CallStarted: Rows._open,
    VisitEnded: Rows._visit,
    CallEnded: Rows._record,
    LegMeasured: Rows._audio,
}
"""What an event adds beside its entry, by its class."""


def rows_of(entries: Sequence[Entry], trail: Sequence[Piece] = ()) -> Rows:
    """One batch: it is stored whole or not at all. A piece of a trail counts as an entry."""
    rows = Rows()
    rows.entries = len(entries) + len(trail)
    if entries:
        rows.last_sequence = entries[-1].sequence
    rows.journal = columns(entries)
    rows.trail += trail
    for entry in entries:
        # Of a call's dozen two.
        more = _MORE.get(entry.event.__class__)
        if more is not None:
            more(rows, entry, entry.event, storable(entry.tenant), storable(entry.call))
    return rows
