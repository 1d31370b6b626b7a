"""Which contact is served first: the keys of each order, and the walk that gives visits by them."""

from collections.abc import Callable, Iterable

from switch.acd.limits import DEFAULT_T_US, SPAN_MAX
from switch.acd.settings import Order
from switch.acd.state import Queue, State, Visit


def contact_key(state: State, visit: Visit) -> int:
    """The key of `Choice.key`: the greatest is served first. 0 where the order has no such number."""
    queue = visit.queue
    assert queue is not None, "only visits of a standing queue are in a line"
    waited = visit.waited(state.now)
    match state.tenant.order:
        case Order.PRIORITY | Order.FIRST_COME:
            return 0
        case Order.AGEING:
            return waited + state.urgency(visit) * state.tenant.ageing_us
        case Order.COST:
            mean = max(1, queue.mean_handling_us() >> 10)
            return (queue.settings.cost * min(waited, SPAN_MAX) << 12) // mean
        case Order.RATIO:
            return _excess(state, queue)
        case Order.SERVICE_LEVEL:
            return (_lateness(queue) << 32) + (min(waited, SPAN_MAX) << 16) // _t_us(queue)


def _excess(state: State, queue: Queue) -> int:
    """By how much the queue has more of the waiting than its share."""
    shares = sum(other.settings.share for other in state.queues.values())
    waiting = sum(other.waiting() for other in state.queues.values())
    return queue.waiting() * shares - queue.settings.share * waiting


def _lateness(queue: Queue) -> int:
    """By how much the last waits that ended fall short of the target, in 1/65536."""
    if not queue.ends:
        return 0
    in_time = (queue.ends_in_time & ((1 << queue.ends) - 1)).bit_count()
    target = (queue.settings.target_percent << 16) // 100
    return max(0, target - (in_time << 16) // queue.ends)


def _t_us(queue: Queue) -> int:
    return queue.settings.service_level_us or DEFAULT_T_US


def service_key(state: State, visit: Visit) -> tuple[int, ...]:
    """Of the first visits of all lines the one with the least of these is served."""
    queue = visit.queue
    assert queue is not None, "only visits of a standing queue are in a line"
    _, since, seq = visit.key
    match state.tenant.order:
        case Order.PRIORITY:
            return (-queue.settings.priority, *visit.key)
        case Order.FIRST_COME | Order.AGEING:
            return visit.key
        case Order.COST | Order.RATIO:
            return (-contact_key(state, visit), since, seq)
        case Order.SERVICE_LEVEL:
            late = visit.waited(state.now) > _t_us(queue)
            return (int(late), -contact_key(state, visit), since, seq)


class Walk:
    """Gives the visits that may be served, in the order of service, until there is none.

    Of each line only the first that may be served competes. Who may not be served is passed over for good:
    within one event agents are only taken. Keys are asked for anew each time, for they may depend on what
    was given before.
    """

    def __init__(self, state: State, lines: Iterable[list[Visit]], may_be_served: Callable[[Visit], bool]):
        self._state = state
        self._lines = [_Rest(line) for line in lines if line]
        self._may_be_served = may_be_served

    def next(self) -> Visit | None:
        """The next visit. It is passed over from now on, whatever becomes of it."""
        heads = [(rest, head) for rest in self._lines if (head := rest.head(self._may_be_served)) is not None]
        if not heads:
            return None
        rest, first = min(heads, key=lambda pair: service_key(self._state, pair[1]))
        rest.at += 1
        return first


class _Rest:
    """What the walk has not yet passed of one line."""

    __slots__ = ("at", "line")

    def __init__(self, line: list[Visit]) -> None:
        self.line = line
        self.at = 0

    def head(self, may_be_served: Callable[[Visit], bool]) -> Visit | None:
        while self.at < len(self.line):
            if may_be_served(self.line[self.at]):
                return self.line[self.at]
            self.at += 1
        return None
