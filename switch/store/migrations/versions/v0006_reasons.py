"""What whoever ended a call said of it (RFC 3326)."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("call_record", sa.Column("told", sa.Text, nullable=False, server_default=""))
