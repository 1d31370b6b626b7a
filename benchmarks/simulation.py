"""CPU of a simulated day: 100,000 calls and 500 agents through the real router.

    python -m benchmarks.simulation [--calls 100000] [--agents 500]

Once with everybody alike, and once with five skills of which each agent has one and each call needs one.
"""

import argparse
import time

from switch.acd.select import make_router
from switch.acd.settings import AgentSettings, Need, Policy, QueueSettings, Requirement, Step
from switch.wfm.day import simulate_day
from switch.wfm.scenario import Handling, Scenario, Shift, Stream, Worker

DAY_S = 43_200
SKILLS = ("french", "english", "spanish", "german", "italian")


def scenario(calls: int, agents: int, *, skilled: bool) -> Scenario:
    """Agents are busy nine tenths of twelve hours."""
    kinds = SKILLS if skilled else ("",)
    handling_s = 0.9 * agents * DAY_S / calls
    return Scenario(
        queues=(QueueSettings("line", Policy.LONGEST_IDLE),),
        workers=tuple(
            Worker(
                AgentSettings(f"agent-{number:05}", ((kinds[number % len(kinds)], 80),) if skilled else ()),
                "all",
                (Shift(0, DAY_S),),
                answer_s=2,
            )
            for number in range(agents)
        ),
        streams=tuple(
            Stream(
                kind or "calls",
                "line",
                Requirement((Step(0, (Need(kind, 50),)),)) if kind else Requirement(),
                calls=(calls / len(kinds) / 24,) * 24,
                handling=Handling(handling_s),
                patience_s=120,
            )
            for kind in kinds
        ),
        day_s=DAY_S,
        interval_s=1800,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--agents", type=int, default=500)
    options = parser.parse_args()
    for skilled in (False, True):
        day = scenario(options.calls, options.agents, skilled=skilled)
        start = time.process_time()
        result = simulate_day(day, make_router(1), 1, 0)
        seconds = time.process_time() - start
        kind = "five skills" if skilled else "all alike"
        print(
            f"{kind:>11}: {len(result.visits):,} calls, {result.events:,} events in {seconds:.2f} s of CPU "
            f"({seconds / result.events * 1e6:.1f} us an event)"
        )


if __name__ == "__main__":
    main()
