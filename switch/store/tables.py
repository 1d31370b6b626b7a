"""The tables as SQLAlchemy Core sees them. The migrations make them; a test compares the two."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table, Text, text

metadata = MetaData()

# SQLite keeps a table in the order of an INTEGER primary key, and only of that type.
_Sequence = BigInteger().with_variant(Integer(), "sqlite")


def _sequence() -> Column[int]:
    return Column("sequence", _Sequence, primary_key=True, autoincrement=False)


def _text(name: str, *, key: bool = False) -> Column[str]:
    return Column(name, Text, primary_key=key, nullable=False)


def _late_text(name: str) -> Column[str]:
    """A column that rows of older versions lack: they have the empty text."""
    return Column(name, Text, nullable=False, server_default="")


def _count(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False)


def _us(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


accounts = Table(
    "account",
    metadata,
    _text("tenant", key=True),
    _text("account", key=True),
    _text("ha1_md5"),
    _text("ha1_sha256"),
    _text("ha1_sha512_256"),
)

bindings = Table(
    "binding",
    metadata,
    _text("account", key=True),
    _text("contact", key=True),
    _text("transport"),
    _text("local_host"),
    _count("local_port"),
    _text("remote_host"),
    _count("remote_port"),
    _us("expires_wall_us"),
    _count("q"),
    _text("user_agent"),
    _text("instance", key=True),
    Column("reg_id", Integer, primary_key=True, autoincrement=False, nullable=False),
    _text("path"),
    _text("call_id"),
    _us("cseq"),
)
"""Where phones were when the switch last looked: written behind, read at start."""

subscriptions = Table(
    "subscription",
    metadata,
    _text("tag", key=True),
    _text("tenant"),
    _text("account"),
    _text("watcher"),
    _text("package"),
    _text("event"),
    _text("entity"),
    _text("call_id"),
    _text("local"),
    _text("remote"),
    _text("remote_target"),
    _text("local_contact"),
    _text("routes"),
    _us("local_cseq"),
    _us("remote_cseq"),
    _text("transport"),
    _text("local_host"),
    _count("local_port"),
    _text("remote_host"),
    _count("remote_port"),
    _us("expires_wall_us"),
)
"""Who watched what when the switch last looked: written behind, read at start. `tag` is our own."""

journal = Table(
    "journal",
    metadata,
    _sequence(),
    _us("at_us"),
    _us("wall_us"),
    _text("tenant"),
    _text("call"),
    _text("kind"),
    _count("version"),
    _text("body"),
)
_of_a_call = text("call <> ''")
Index("journal_call", journal.c.call, sqlite_where=_of_a_call, postgresql_where=_of_a_call)
Index("journal_wall", journal.c.wall_us)

agent_axes = Table(
    "agent_axes",
    metadata,
    _text("tenant", key=True),
    _text("agent", key=True),
    _us("sequence"),
)
"""Which journal entry is the last AgentChanged of each agent."""

open_calls = Table("open_call", metadata, _text("call", key=True), _us("sequence"))
"""Which journal entries are the CallStarted of calls that have no CallEnded yet."""

router_trail = Table(
    "router_trail",
    metadata,
    _text("tenant", key=True),
    Column("run", BigInteger, primary_key=True, autoincrement=False, nullable=False),
    Column("first", BigInteger, primary_key=True, autoincrement=False, nullable=False),
    _text("kind", key=True),
    _count("count"),
    _us("at_us"),
    _us("wall_us"),
    _us("entry"),
    Column("body", LargeBinary, nullable=False),
    # One tree and not two: a run is read in the order of its key.
    sqlite_with_rowid=False,
)
"""What each tenant's router was told, and snapshots of it: `switch.acd.trail.Piece`, snapshots compressed.

A table of its own and not entries of the journal: it is pruned while the journal stays without gaps, is
read by tenant and event, and holds bytes."""

call_records = Table(
    "call_record",
    metadata,
    _sequence(),
    _text("call"),
    _text("tenant"),
    _text("direction"),
    _text("caller"),
    _text("called"),
    _text("source"),
    _us("started_wall_us"),
    _us("answered_wall_us"),
    _us("ended_wall_us"),
    _text("cause"),
    _text("ended_by"),
    _count("sip_status"),
    _text("queue"),
    _text("agent"),
    _us("waited_us"),
    _us("talked_us"),
    _us("held_us"),
    _count("transfers"),
    _late_text("caller_name"),
    _late_text("limited_by"),
    _late_text("verification"),
    _late_text("forwarded_by"),
    _late_text("trunk"),
    _late_text("gateway"),
    _late_text("told"),
    _late_text("recordings"),
)
Index("call_record_call", call_records.c.call)

leg_audio = Table(
    "leg_audio",
    metadata,
    _sequence(),
    _text("call"),
    _text("tenant"),
    _text("leg"),
    _text("role"),
    _text("peer"),
    _text("trunk"),
    _text("agent"),
    _us("received"),
    _us("sent"),
    _us("lost"),
    _us("jitter_us"),
    _us("jitter_max_us"),
    _us("concealed_ms"),
    _us("reports"),
    _us("peer_lost"),
    _us("peer_jitter_us"),
    _us("round_trip_us"),
    _us("round_trip_max_us"),
    _us("mos_heard"),
    _us("mos_peer"),
    _us("mos_worst"),
    _text("alarms"),
)
"""How good the audio of each leg was that had any; the columns are those of the journal's LegMeasured."""
Index("leg_audio_call", leg_audio.c.call)

visits = Table(
    "visit",
    metadata,
    _sequence(),
    _text("call"),
    _text("tenant"),
    _text("contact"),
    _text("queue"),
    _text("outcome"),
    _text("reason"),
    _text("agent"),
    _us("ended_wall_us"),
    _us("waited_us"),
    _us("talked_us"),
)
Index("visit_ended", visits.c.ended_wall_us)
