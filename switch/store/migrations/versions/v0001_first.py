"""The first schema: accounts, the journal, and what is derived from it for quick reading."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# SQLite keeps a table in the order of an INTEGER primary key, and only of that type.
_sequence = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("ha1_md5", sa.Text, nullable=False),
        sa.Column("ha1_sha256", sa.Text, nullable=False),
    )
    op.create_table(
        "journal",
        sa.Column("sequence", _sequence, primary_key=True, autoincrement=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("wall_us", sa.BigInteger, nullable=False),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("call", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    of_a_call = sa.text("call <> ''")
    op.create_index("journal_call", "journal", ["call"], sqlite_where=of_a_call, postgresql_where=of_a_call)
    op.create_index("journal_wall", "journal", ["wall_us"])
    op.create_table(
        "agent_axes",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("agent", sa.Text, primary_key=True),
        sa.Column("sequence", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "open_call",
        sa.Column("call", sa.Text, primary_key=True),
        sa.Column("sequence", sa.BigInteger, nullable=False),
    )
    _records()


def _records() -> None:
    op.create_table(
        "call_record",
        sa.Column("sequence", _sequence, primary_key=True, autoincrement=False),
        sa.Column("call", sa.Text, nullable=False),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("direction", sa.Text, nullable=False),
        sa.Column("caller", sa.Text, nullable=False),
        sa.Column("called", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("started_wall_us", sa.BigInteger, nullable=False),
        sa.Column("answered_wall_us", sa.BigInteger, nullable=False),
        sa.Column("ended_wall_us", sa.BigInteger, nullable=False),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("ended_by", sa.Text, nullable=False),
        sa.Column("sip_status", sa.Integer, nullable=False),
        sa.Column("queue", sa.Text, nullable=False),
        sa.Column("agent", sa.Text, nullable=False),
        sa.Column("waited_us", sa.BigInteger, nullable=False),
        sa.Column("talked_us", sa.BigInteger, nullable=False),
        sa.Column("held_us", sa.BigInteger, nullable=False),
        sa.Column("transfers", sa.Integer, nullable=False),
    )
    op.create_index("call_record_call", "call_record", ["call"])
    op.create_table(
        "visit",
        sa.Column("sequence", _sequence, primary_key=True, autoincrement=False),
        sa.Column("call", sa.Text, nullable=False),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("contact", sa.Text, nullable=False),
        sa.Column("queue", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("agent", sa.Text, nullable=False),
        sa.Column("ended_wall_us", sa.BigInteger, nullable=False),
        sa.Column("waited_us", sa.BigInteger, nullable=False),
        sa.Column("talked_us", sa.BigInteger, nullable=False),
    )
    op.create_index("visit_ended", "visit", ["ended_wall_us"])


def downgrade() -> None:
    for table in ("visit", "call_record", "open_call", "agent_axes", "journal", "account"):
        op.drop_table(table)
