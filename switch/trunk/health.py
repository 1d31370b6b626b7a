"""Whether a gateway is worth trying.

| state | input | next | what is told |
| --- | --- | --- | --- |
| UP | a call answered | UP, all failures forgotten | |
| UP | an OPTIONS answered | UP, failures of OPTIONS forgotten | |
| UP | failure, fewer than `failures_to_down` in a row | UP | |
| UP | failure, the last of them, or a 503 with Retry-After | DOWN | GatewayDown |
| DOWN, not probed | time | TRIAL | |
| DOWN, not probed | a call answered (tried as a last resort) | UP | GatewayUp |
| DOWN, probed | answered, fewer than `answers_to_up` in a row, or its rest is not over | DOWN | |
| DOWN, probed | answered, the last of them | UP | GatewayUp |
| DOWN | failure | DOWN, as long as before; answers forgotten | |
| TRIAL | answered | UP | GatewayUp |
| TRIAL | failure | DOWN, twice as long | GatewayDown |

The rest grows with each failed trial, and with each fall soon after a rise, and falls back only after an
answered call, so that a gateway that flaps is tried less and less: that is the hysteresis. Calls and OPTIONS
count their failures apart: a carrier whose OPTIONS are answered while every call dies is down.
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
    """One gateway's state. `rest_s` is how long the last rest took, 0 where all is forgiven.

    `since` is when the state began. `last` is how the last attempt went, in a word or a status, at `last_at`;
    `rtt_us` what the last answered OPTIONS took.
    """

    state: GatewayState = GatewayState.UP
    failures: int = 0
    probe_failures: int = 0
    answers: int = 0
    rest_s: int = 0
    until: int = 0
    since: int = 0
    last: str = ""
    last_at: int = 0
    rtt_us: int = 0


def step(
    health: GatewayHealth,
    outcome: GatewayOutcome,
    now: int,
    trunk: str,
    gateway: Gateway,
    settings: HealthSettings,
    retry_after_s: int,
    *,
    probe: bool = False,
) -> TrunkEvent | None:
    """Take in how one attempt, or with `probe` one OPTIONS, ended."""
    if outcome is GatewayOutcome.ANSWERED:
        return _answered(health, now, trunk, gateway, settings, probe=probe)
    health.answers = 0
    if health.state is GatewayState.DOWN:
        return None
    if probe:
        health.probe_failures += 1
    else:
        health.failures += 1
    wait_asked_s = retry_after_s if outcome is GatewayOutcome.UNAVAILABLE else 0
    failed_trial = health.state is GatewayState.TRIAL
    failures = max(health.failures, health.probe_failures)
    if not failed_trial and not wait_asked_s and failures < settings.failures_to_down:
        return None
    flaps = failed_trial or now - health.since < settings.down_s_max * SECOND
    grown_s = health.rest_s * 2 if health.rest_s and flaps else settings.down_s
    health.rest_s = min(max(grown_s, wait_asked_s), settings.down_s_max)
    _enter(health, GatewayState.DOWN, now)
    health.until = now + health.rest_s * SECOND
    return GatewayDown(trunk, gateway, outcome, health.rest_s)


def _answered(
    health: GatewayHealth, now: int, trunk: str, gateway: Gateway, settings: HealthSettings, *, probe: bool
) -> TrunkEvent | None:
    if health.state is GatewayState.DOWN and settings.probe_s:
        health.answers += 1
        if health.answers < settings.answers_to_up or now < health.until:
            return None
    health.probe_failures = 0
    was = health.state
    if not probe:
        health.failures, health.rest_s = 0, 0
    if was is GatewayState.UP:
        return None
    health.failures = 0
    _enter(health, GatewayState.UP, now)
    return GatewayUp(trunk, gateway)


def _enter(health: GatewayHealth, state: GatewayState, now: int) -> None:
    health.state, health.since = state, now
    health.answers = 0


def rested(health: GatewayHealth, settings: HealthSettings, now: int) -> None:
    """The rest is over: the next call is the trial, where no OPTIONS are."""
    if health.state is GatewayState.DOWN and not settings.probe_s:
        _enter(health, GatewayState.TRIAL, now)
