"""Who watches what, kept across a kill. Every method may block, as those of the store."""

from collections.abc import Callable, Container, Sequence
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, insert, select

from switch.store.tables import subscriptions
from switch.store.values import StoredSubscription

_named = delete(subscriptions).where(subscriptions.c.tag == bindparam("of"))


class SubscriptionTable:
    """Made by `Store.subscriptions`."""

    def __init__(
        self,
        read: Callable[[Select[Any]], Sequence[Any]],
        writing: Callable[[], AbstractContextManager[Connection]],
    ) -> None:
        self._read = read
        self._writing = writing

    def all(self) -> list[StoredSubscription]:
        """As they were last written."""
        return [StoredSubscription(*row) for row in self._read(select(subscriptions))]

    def put(self, tags: Sequence[str], rows: Sequence[StoredSubscription]) -> None:
        """`rows` are all that is left of those with these tags; others stay."""
        with self._writing() as connection:
            connection.execute(_named, [{"of": tag} for tag in tags])
            if rows:
                names = StoredSubscription.__slots__
                values = [{name: getattr(row, name) for name in names} for row in rows]
                connection.execute(insert(subscriptions), values)

    def keep_only(self, tags: Container[str]) -> None:
        """Forget all others."""
        gone = [{"of": row.tag} for row in self.all() if row.tag not in tags]
        if gone:
            with self._writing() as connection:
                connection.execute(_named, gone)
