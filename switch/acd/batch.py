"""Whole-batch assignment: several contacts and several agents matched at once, as well as can be.

Theory of operation. Which contacts are served is settled first and without any score: in the order of service
each is kept where all kept ones can still have agents of their own. The sets that can are the independent
sets of a transversal matroid, so taking them greedily in order gives the best set: nobody is overtaken.
Then the kept are matched at the least cost (Kuhn 1955; shortest augmenting paths with potentials, as in
Jonker and Volgenant 1987). Costs say, from the weightiest on: few failing lines, great scores, long idle;
and at last, digit by digit, the place of the first contact's agent, of the second's, and so on. So no two
matchings cost the same, and any other algorithm must find this one. The digits make the numbers long; the C
half keeps them apart and looks for the first matching among the equal ones instead.
"""

from switch.acd.choose import Given, draw_for, may_serve
from switch.acd.clean import amount
from switch.acd.limits import BATCH_MAX, BATCH_SCORE_MAX
from switch.acd.orders import Walk
from switch.acd.scores import RANDOM_POLICIES, scores
from switch.acd.settings import Policy
from switch.acd.state import Agent, State, Visit, VisitState

_FAILING_SHIFT = 54
_SCORE_SHIFT = 17
_DIGIT_BITS = 8
_SCALE = {Policy.RANDOM: 35, Policy.WEIGHTED_RANDOM: 27, Policy.IDLENESS_RATIO: 0}
_SCALE_ELSE = 19
"""Bits of a score that are left out, so that 256 of them and as many failing lines stay within 64 bits."""


def assign(state: State) -> list[Given]:
    """The assignments of one batch, in the order of service; none where fewer than two can be served."""
    agents = _agents(state)
    kept = _kept(state, agents) if len(agents) > 1 else []
    if len(kept) < 2:
        return []
    draws, costs = [], []
    for place, (visit, able) in enumerate(kept):
        draw, row = _costs(state, visit, [agents[at] for at in able])
        digit = _DIGIT_BITS * (len(kept) - 1 - place)
        draws.append(draw)
        costs.append(
            {
                at: (cost + _idle(visit, agents, at) << _DIGIT_BITS * len(kept)) + (at << digit)
                for at, cost in zip(able, row, strict=True)
            }
        )
    return [
        Given(visit, agents[at], draw, len(kept))
        for (visit, _), at, draw in zip(kept, least(costs), draws, strict=True)
    ]


def _waiting(state: State) -> list[Visit]:
    return [
        visit for queue in state.queues.values() for visit in queue.line if visit.state is VisitState.WAITING
    ]


def _agents(state: State) -> list[Agent]:
    """Those who may serve any of the waiting, the longest idle first."""
    waiting = _waiting(state)
    if len(waiting) < 2:
        return []
    ready = [agent for agent in state.agents.values() if agent.is_ready()]
    ready.sort(key=lambda agent: (agent.idle_since, agent.order, agent.name))
    found: list[Agent] = []
    for agent in ready:
        if len(found) < BATCH_MAX and any(may_serve(state, agent, visit) for visit in waiting):
            found.append(agent)
    return found


def _kept(state: State, agents: list[Agent]) -> list[tuple[Visit, list[int]]]:
    """The contacts that are served, in order, each with the places of the agents who may serve it."""
    able: dict[int, list[int]] = {}
    owner: dict[int, Visit] = {}
    kept: list[tuple[Visit, list[int]]] = []

    def can_be_kept(visit: Visit) -> bool:
        if visit.state is not VisitState.WAITING or len(kept) == BATCH_MAX:
            return False
        if visit.seq not in able:
            able[visit.seq] = [at for at, agent in enumerate(agents) if may_serve(state, agent, visit)]
        return _augment(visit, able, dict(owner), set())

    walk = Walk(state, [queue.line for queue in state.queues.values()], can_be_kept)
    while (visit := walk.next()) is not None:
        _augment(visit, able, owner, set())
        kept.append((visit, able[visit.seq]))
        assert visit.queue is not None, "a waiting visit has a queue"
        # For the order `ratio` who is kept waits no longer.
        visit.queue.assigned += 1
    for visit, _ in kept:
        assert visit.queue is not None, "a waiting visit has a queue"
        visit.queue.assigned = 0
    return kept


def _augment(visit: Visit, able: dict[int, list[int]], owner: dict[int, Visit], seen: set[int]) -> bool:
    """Give the visit an agent, where others must move to other agents; `owner` is by the agent's place."""
    for at in able[visit.seq]:
        if at in seen:
            continue
        seen.add(at)
        if at not in owner or _augment(owner[at], able, owner, seen):
            owner[at] = visit
            return True
    return False


def _costs(state: State, visit: Visit, fit: list[Agent]) -> tuple[int, list[int]]:
    """The visit's random word, and what each of its agents costs as to line and score."""
    assert visit.queue is not None, "a waiting visit has a queue"
    policy = visit.queue.settings.policy
    draw = draw_for(state, policy)
    if policy in RANDOM_POLICIES:
        state.rng.next()
    scale = _SCALE.get(policy, _SCALE_ELSE)
    return draw, [
        (agent.line << _FAILING_SHIFT)
        - (amount(score >> scale, -BATCH_SCORE_MAX, BATCH_SCORE_MAX) << _SCORE_SHIFT)
        for agent, score in zip(fit, scores(state, visit, fit, draw), strict=True)
    ]


def _idle(visit: Visit, agents: list[Agent], at: int) -> int:
    """Among equals the agent of before, then the longest idle."""
    return 0 if agents[at].name == visit.contact.before else at + 1


def least(costs: list[dict[int, int]]) -> list[int]:
    """The column of each row in the matching of all rows that costs least. Each row names its columns."""
    matching = _Matching(costs)
    for row in range(len(costs)):
        matching.add(row)
    return [matching.column_of[row] for row in range(len(costs))]


class _Matching:
    """Rows matched so far, at the least cost; prices keep all reduced costs at 0 or above."""

    def __init__(self, costs: list[dict[int, int]]) -> None:
        self._costs = costs
        self.column_of: dict[int, int] = {}
        self._row_of: dict[int, int] = {}
        self._row_price = [0] * len(costs)
        self._column_price = dict.fromkeys((column for row in costs for column in row), 0)

    def add(self, start: int) -> None:
        """Match one more row, along the path that costs least."""
        distance: dict[int, int] = {}
        came_from: dict[int, int] = {}
        done: dict[int, int] = {}
        row, so_far = start, 0
        while True:
            for column, cost in self._costs[row].items():
                far = so_far + cost - self._row_price[row] - self._column_price[column]
                if column not in done and (column not in distance or far < distance[column]):
                    distance[column], came_from[column] = far, row
            so_far, column = min((far, at) for at, far in distance.items() if at not in done)
            done[column] = so_far
            if column not in self._row_of:
                break
            row = self._row_of[column]
        self._row_price[start] += so_far
        for at, far in done.items():
            if at in self._row_of:
                self._row_price[self._row_of[at]] += so_far - far
            self._column_price[at] -= so_far - far
        free: int | None = column
        while free is not None:
            row = came_from[free]
            before = self.column_of.get(row)
            self.column_of[row], self._row_of[free] = free, row
            free = before
