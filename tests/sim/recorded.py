"""A simulated day in a real store: the journal and the routers' trails, as a running switch writes them."""

from switch.journal.entry import Entry
from switch.sim.world import World
from switch.store.rows import rows_of
from switch.store.store import Store

WINDOW = 40
"""Inputs to the switch of one window: some events, as a busy centre has within 20 ms."""


class Recorder:
    """Watches a world; `finish` stores what is left."""

    def __init__(self, world: World, store: Store) -> None:
        self._store = store
        self._world = world
        self._entries: list[Entry] = []
        self._inputs = 0
        world.watchers.append(self._watch)
        self._watch(world, list(world.journal))

    def _watch(self, _world: World, entries: list[Entry]) -> None:
        self._entries += entries
        self._inputs += 1
        if self._inputs >= WINDOW:
            self.finish()

    def finish(self) -> None:
        self._inputs = 0
        entries, self._entries = self._entries, []
        self._store.write(rows_of(entries, self._world.exchange.office.take_trails(self._world.now)))
