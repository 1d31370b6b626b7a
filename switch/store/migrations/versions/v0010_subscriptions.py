"""Who watches what, so that lamps outlive a killed process."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_WHO = ("tenant", "account", "watcher", "package", "event", "entity")
_DIALOG = ("call_id", "local", "remote", "remote_target", "local_contact", "routes")


def upgrade() -> None:
    op.create_table(
        "subscription",
        sa.Column("tag", sa.Text, primary_key=True, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in (*_WHO, *_DIALOG)),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("local_cseq", "remote_cseq")),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("transport", "local_host")),
        sa.Column("local_port", sa.Integer, nullable=False),
        sa.Column("remote_host", sa.Text, nullable=False),
        sa.Column("remote_port", sa.Integer, nullable=False),
        sa.Column("expires_wall_us", sa.BigInteger, nullable=False),
    )
