"""The closed forms of queueing: Erlang B, C and A, and the square-root rule.

Calls arrive as a Poisson stream, handling times are exponential, all agents are alike and serve in order of
arrival. What a centre with skills does is told by simulation; these tell the size of it in a
millisecond, and tests hold the simulation against them.

Sources: Erlang (1917) for B and C; Palm (1957), and Mandelbaum and Zeltyn, "Service engineering in action:
the Palm/Erlang-A queue" (2007), for A; Halfin and Whitt (1981) for the square-root rule.
"""

from dataclasses import dataclass
from math import erfc, exp, inf, pi, sqrt

AGENTS_MAX = 1_000_000
"""No search goes on beyond: it would be a mistake in what was asked."""

_NEGLIGIBLE = 1e-15
"""A state of the queue that is this much rarer than the commonest one changes no printed digit."""


@dataclass(frozen=True, slots=True)
class Load:
    """What comes in: `calls_per_s` on average, each handled for `handling_s` (talk and wrap-up)."""

    calls_per_s: float
    handling_s: float

    def __post_init__(self) -> None:
        assert self.calls_per_s >= 0, "a load is counted from zero up"
        assert self.handling_s > 0, "a call takes time"

    @property
    def erlangs(self) -> float:
        """Agents who would be busy if nobody ever waited."""
        return self.calls_per_s * self.handling_s


@dataclass(frozen=True, slots=True)
class Forecast:
    """What so many agents give. Shares are of all calls that come in, 0 to 1; times in seconds.

    `service_level` is the share whose waiting ended within the threshold, with an agent or without: the
    definition of the metrics. `wait_s` is the mean over all calls, given up or not; it is infinite where the
    line grows for ever.
    """

    agents: int
    must_wait: float
    service_level: float
    wait_s: float
    abandoned: float
    occupancy: float


def erlang_b(agents: int, erlangs: float) -> float:
    """The share of calls that find all `agents` (or channels) busy, where nobody waits."""
    blocked = 1.0
    for n in range(1, agents + 1):
        blocked = erlangs * blocked / (n + erlangs * blocked)
    return blocked


def channels_for(erlangs: float, blocked_max: float) -> int:
    """The fewest channels of a trunk that refuse at most this share of calls, by Erlang B."""
    assert 0 < blocked_max < 1, "a share between nothing and everything"
    blocked, channels = 1.0, 0
    while blocked > blocked_max and channels < AGENTS_MAX:
        channels += 1
        blocked = erlangs * blocked / (channels + erlangs * blocked)
    return channels


def erlang_c(agents: int, erlangs: float) -> float:
    """The share of calls that must wait, where everybody waits for as long as it takes."""
    if erlangs >= agents:
        return 1.0
    blocked = erlang_b(agents, erlangs)
    return blocked / (1 - erlangs / agents * (1 - blocked))


def patient(load: Load, agents: int, threshold_s: float) -> Forecast:
    """Erlang C: nobody gives up. With fewer agents than erlangs the line grows for ever."""
    erlangs = load.erlangs
    if erlangs >= agents:
        return Forecast(agents, 1.0, 0.0, inf, 0.0, 1.0)
    must_wait = erlang_c(agents, erlangs)
    spare = agents - erlangs
    late = must_wait * exp(-spare * threshold_s / load.handling_s)
    return Forecast(agents, must_wait, 1 - late, must_wait * load.handling_s / spare, 0.0, erlangs / agents)


def impatient(load: Load, agents: int, threshold_s: float, patience_s: float) -> Forecast:
    """Erlang A: a caller gives up after an exponential time of mean `patience_s`.

    Who finds j others waiting is served after j+1 departures, of which the i-th from the end comes at rate
    n mu + i theta. Their sum S makes exp(-theta S) a Beta variable of n mu / theta and j + 1,
    so that the service level needs no integral.
    """
    assert agents > 0, "without agents nobody is served"
    assert patience_s > 0, "callers wait a little"
    if not load.calls_per_s:
        return Forecast(agents, 0.0, 1.0, 0.0, 0.0, 0.0)
    idle = _states_with_idle(load.erlangs, agents)
    if idle == inf:
        return Forecast(agents, 0.0, 1.0, 0.0, 0.0, load.erlangs / agents)
    shape = agents * patience_s / load.handling_s
    beyond = exp(-threshold_s / patience_s)
    # Of those who find j waiting: the share whose turn comes late, by the recursion of the incomplete beta.
    term = late_at = beyond**shape
    weight, j = 1.0, 0  # the probability of j waiting, beside that of all busy and nobody waiting
    waiting_weight = late = given_up = in_line = 0.0
    while weight > _NEGLIGIBLE * waiting_weight or j < 1:
        waiting_weight += weight
        late += weight * late_at
        in_line += weight * j
        given_up += weight * (j + 1) / (shape + j + 1)
        j += 1
        weight *= load.calls_per_s / (agents / load.handling_s + j / patience_s)
        term *= (1 - beyond) * (shape + j - 1) / j
        late_at += term
    total = idle + waiting_weight
    abandoned = given_up / total
    return Forecast(
        agents,
        waiting_weight / total,
        1 - beyond * late / total,
        in_line / total / load.calls_per_s,
        abandoned,
        load.erlangs * (1 - abandoned) / agents,
    )


def _states_with_idle(erlangs: float, agents: int) -> float:
    """The probability that an agent is idle, over the probability that all are busy and nobody waits."""
    weight, total = 1.0, 0.0
    for busy in range(agents, 0, -1):
        weight *= busy / erlangs
        total += weight
        if weight == inf:
            return inf
        if weight < _NEGLIGIBLE * total:
            break
    return total


def forecast(load: Load, agents: int, threshold_s: float, patience_s: float = 0.0) -> Forecast:
    """Erlang A where patience is known, else Erlang C. Without agents nobody is answered."""
    if agents == 0:
        nobody = not load.calls_per_s
        return Forecast(0, 0.0 if nobody else 1.0, float(nobody), 0.0 if nobody else inf, 0.0, 0.0)
    if patience_s:
        return impatient(load, agents, threshold_s, patience_s)
    return patient(load, agents, threshold_s)


def agents_for(
    load: Load,
    threshold_s: float,
    service_level: float,
    *,
    patience_s: float = 0.0,
    occupancy_max: float = 1.0,
) -> int:
    """The fewest agents who answer this share of calls within the threshold, and are busy at most so much.

    Both get better with each agent more, so the answer is found by halving.
    """
    assert 0 <= service_level < 1, "all calls at once is what no number of agents promises"
    assert 0 < occupancy_max <= 1, "a share of the time"

    def enough(agents: int) -> bool:
        told = forecast(load, agents, threshold_s, patience_s)
        return told.service_level >= service_level and told.occupancy <= occupancy_max

    low, high = 0, 1
    if enough(0):
        return 0
    while not enough(high):
        low, high = high, high * 2
        assert high <= AGENTS_MAX, "a load that no centre has"
    while high - low > 1:
        middle = (low + high) // 2
        if enough(middle):
            high = middle
        else:
            low = middle
    return high


def square_root_agents(erlangs: float, must_wait: float) -> float:
    """The square-root rule: erlangs + beta x sqrt(erlangs), where beta lets this share of calls wait.

    Says why large centres are cheaper: the spare agents grow with the root of the load only.
    """
    assert 0 < must_wait < 1, "a share between nothing and everything"
    low, high = 0.0, 20.0
    while high - low > 1e-9:
        beta = (low + high) / 2
        low, high = (beta, high) if _waits_at(beta) > must_wait else (low, beta)
    return erlangs + high * sqrt(erlangs)


def _waits_at(beta: float) -> float:
    """Halfin and Whitt's limit of the share that waits: 1 / (1 + beta Phi(beta) / phi(beta))."""
    below = erfc(-beta / sqrt(2)) / 2
    density = exp(-beta * beta / 2) / sqrt(2 * pi)
    return 1 / (1 + beta * below / density) if density else 0.0
