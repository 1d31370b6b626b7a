"""Which trunk and gateway carried a call."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("trunk", "gateway"):
        op.add_column("call_record", sa.Column(name, sa.Text, nullable=False, server_default=""))
