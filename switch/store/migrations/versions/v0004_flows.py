"""SHA-512-256 for digest, and registrations by several flows.

Accounts made before have no such hash, for the password is kept nowhere: theirs is empty. A phone may be
bound twice by one contact, so the key of a registration takes in its instance and flow; what is known stays.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("account", sa.Column("ha1_sha512_256", sa.Text, nullable=False, server_default=""))
    connection = op.get_bind()
    known = connection.execute(sa.text("SELECT * FROM binding")).mappings().all()
    op.drop_table("binding")
    table = op.create_table(
        "binding",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("contact", sa.Text, primary_key=True),
        sa.Column("transport", sa.Text, nullable=False),
        sa.Column("local_host", sa.Text, nullable=False),
        sa.Column("local_port", sa.Integer, nullable=False),
        sa.Column("remote_host", sa.Text, nullable=False),
        sa.Column("remote_port", sa.Integer, nullable=False),
        sa.Column("expires_wall_us", sa.BigInteger, nullable=False),
        sa.Column("q", sa.Integer, nullable=False),
        sa.Column("user_agent", sa.Text, nullable=False),
        sa.Column("instance", sa.Text, primary_key=True),
        sa.Column("reg_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("call_id", sa.Text, nullable=False),
        sa.Column("cseq", sa.BigInteger, nullable=False),
    )
    assert table is not None
    if known:
        op.bulk_insert(table, [_two_fields(dict(row)) for row in known])


def _two_fields(row: dict[str, object]) -> dict[str, object]:
    """Instance and reg-id stood in one text, `<urn:...>;1`."""
    instance, _, reg_id = str(row["instance"]).rpartition(";")
    number = int(reg_id) if reg_id.isascii() and reg_id.isdigit() and len(reg_id) < 10 else 0
    return {**row, "instance": instance.strip('"'), "reg_id": number, "path": ""}
