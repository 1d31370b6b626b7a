"""How good the audio of each leg was."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_COUNTS = (
    "received",
    "sent",
    "lost",
    "jitter_us",
    "jitter_max_us",
    "concealed_ms",
    "reports",
    "peer_lost",
    "peer_jitter_us",
    "round_trip_us",
    "round_trip_max_us",
    "mos_heard",
    "mos_peer",
    "mos_worst",
)


def upgrade() -> None:
    op.create_table(
        "leg_audio",
        sa.Column(
            "sequence",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            primary_key=True,
            autoincrement=False,
        ),
        *(
            sa.Column(name, sa.Text, nullable=False)
            for name in ("call", "tenant", "leg", "role", "peer", "trunk", "agent")
        ),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in _COUNTS),
        sa.Column("alarms", sa.Text, nullable=False),
    )
    op.create_index("leg_audio_call", "leg_audio", ["call"])
