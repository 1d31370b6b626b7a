"""Small centres to simulate."""

from switch.acd.select import make_router
from switch.acd.settings import AgentSettings, Policy, QueueSettings
from switch.wfm.day import DayResult, simulate_day
from switch.wfm.results import Sheet, sheet_of
from switch.wfm.scenario import Handling, Scenario, Shape, Shift, Stream, Worker

ENDLESS_S = 1e6
"""A shift that outlasts every call."""


def alike(
    agents: int,
    calls: tuple[float, ...],
    *,
    day_s: float,
    handling: Handling = Handling(120, Shape.EXPONENTIAL),  # noqa: B008 - a frozen value
    patience_s: float = 0.0,
) -> Scenario:
    """M/M/c, perhaps with impatience: everybody alike."""
    return Scenario(
        queues=(QueueSettings("line", Policy.LONGEST_IDLE, service_level_us=20_000_000),),
        workers=tuple(
            Worker(AgentSettings(f"agent-{number}", order=number), "all", (Shift(0, ENDLESS_S),))
            for number in range(agents)
        ),
        streams=(Stream("calls", "line", calls=calls, handling=handling, patience_s=patience_s),),
        day_s=day_s,
        interval_s=day_s / len(calls),
    )


def run(scenario: Scenario, seed: int = 1, number: int = 0) -> DayResult:
    return simulate_day(scenario, make_router(seed), seed, number)


def sheets(scenario: Scenario, replications: int, seed: int = 1) -> list[Sheet]:
    return [sheet_of(scenario, run(scenario, seed, number)) for number in range(replications)]
