"""What a record says of the caller, and which limit stopped the call."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("caller_name", "limited_by", "verification", "forwarded_by"):
        op.add_column("call_record", sa.Column(name, sa.Text, nullable=False, server_default=""))
