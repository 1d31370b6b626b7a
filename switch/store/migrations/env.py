"""Alembic runs this file with the connection that `switch.store.schema` hands over."""

from alembic import context
from sqlalchemy import Connection

_connection = context.config.attributes["connection"]
assert isinstance(_connection, Connection)

context.configure(connection=_connection)
with context.begin_transaction():
    context.run_migrations()
