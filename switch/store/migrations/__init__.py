"""Alembic's scripts; `switch.store.schema` runs them."""
