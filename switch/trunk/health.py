"""Whether a gateway is worth trying.

| state | input | next | what is told |
| --- | --- | --- | --- |
| UP | answered | UP, failures forgotten | |
| UP | failure, fewer than `failures_to_down` in a row | UP | |
| UP | failure, the last of them, or a 503 with Retry-After | DOWN | GatewayDown |
| DOWN | time | TRIAL | |
| DOWN | answered (tried as a last resort) | UP | GatewayUp |
| DOWN | failure | DOWN, as long as before | |
| TRIAL | answered | UP | GatewayUp |
| TRIAL | failure | DOWN, twice as long | GatewayDown |

The rest grows with each failed trial and falls back only after a success, so that a gateway that flaps
is tried less and less: that is the hysteresis.
"""

from dataclasses import dataclass
from enum import Enum

from switch.base.clock import SECOND
from switch.trunk.settings import (
    Gateway,
    GatewayDown,
    GatewayOutcome,
    GatewayUp,
    HealthSettings,
    TrunkEvent,
)


class GatewayState(Enum):
    """See the table above."""

    UP = "up"
    DOWN = "down"
    TRIAL = "trial"


@dataclass(slots=True)
class GatewayHealth:
    """One gateway's state. `rest_s` is how long the next rest takes."""

    state: GatewayState = GatewayState.UP
    failures: int = 0
    rest_s: int = 0
    until: int = 0


def step(
    health: GatewayHealth,
    outcome: GatewayOutcome,
    now: int,
    trunk: str,
    gateway: Gateway,
    settings: HealthSettings,
    retry_after_s: int,
) -> TrunkEvent | None:
    """Take in how one attempt ended."""
    if outcome is GatewayOutcome.ANSWERED:
        was = health.state
        health.state, health.failures, health.rest_s = GatewayState.UP, 0, 0
        return None if was is GatewayState.UP else GatewayUp(trunk, gateway)
    if health.state is GatewayState.DOWN:
        return None
    health.failures += 1
    wait_asked_s = retry_after_s if outcome is GatewayOutcome.UNAVAILABLE else 0
    failed_trial = health.state is GatewayState.TRIAL
    if not failed_trial and not wait_asked_s and health.failures < settings.failures_to_down:
        return None
    grown_s = health.rest_s * 2 if failed_trial else settings.down_s
    health.rest_s = min(max(grown_s, wait_asked_s), settings.down_s_max)
    health.state = GatewayState.DOWN
    health.until = now + health.rest_s * SECOND
    return GatewayDown(trunk, gateway, outcome, health.rest_s)


def rested(health: GatewayHealth) -> None:
    """The rest is over: the next call is the trial."""
    if health.state is GatewayState.DOWN:
        health.state = GatewayState.TRIAL
