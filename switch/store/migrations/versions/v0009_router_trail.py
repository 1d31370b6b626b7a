"""What each tenant's router was told, so that its run can be repeated."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "router_trail",
        sa.Column("tenant", sa.Text, primary_key=True, nullable=False),
        sa.Column("run", sa.BigInteger, primary_key=True, autoincrement=False, nullable=False),
        sa.Column("first", sa.BigInteger, primary_key=True, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text, primary_key=True, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("at_us", "wall_us", "entry")),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
