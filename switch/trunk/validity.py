"""What is wrong with a trunk's settings, where whoever wrote them has not been told with a place already."""

from collections.abc import Iterable

from switch.base.errors import Problem
from switch.tenant.numbers import is_country
from switch.trunk.capacity import CALLS_PER_SECOND_MAX
from switch.trunk.settings import NEVER_FAILED_OVER, NamedGateway, TrunkSettings

GATEWAYS_MAX = 32
"""Of one trunk: a list that a person keeps, and that is sorted for each call."""


def problems_of(settings: TrunkSettings) -> Iterable[Problem]:
    """Each thing that cannot be worked with."""
    for message in _messages(settings):
        yield Problem(settings.name, 0, 0, message)


def _messages(settings: TrunkSettings) -> Iterable[str]:
    if not is_country(settings.country):
        yield f"country {settings.country!r}: expected two letters, such as FR"
    places = [
        (str(gateway), gateway.transport)
        if isinstance(gateway, NamedGateway)
        else (str(gateway.address), gateway.transport)
        for gateway in settings.gateways
    ]
    if len(set(places)) < len(places):
        yield "a gateway is named twice"
    if len(places) > GATEWAYS_MAX:
        yield f"at most {GATEWAYS_MAX} gateways were expected"
    caps = [(settings.channels_max, settings.calls_per_second_max)]
    caps += [
        (gateway.terms.channels_max, gateway.terms.calls_per_second_max) for gateway in settings.gateways
    ]
    for channels, rate in caps:
        if channels < 0:
            yield "channels_max must be 0 (no limit) or more"
        if not 0 <= rate <= CALLS_PER_SECOND_MAX:
            yield f"calls_per_second_max must be 0 (no limit) to {CALLS_PER_SECOND_MAX}"
    health = settings.health
    if health.failures_to_down < 1 or not 1 <= health.down_s <= health.down_s_max:
        yield "health: expected failures_to_down >= 1 and 1 <= down_s <= down_s_max"
    if health.probe_s < 0 or health.answers_to_up < 1:
        yield "health: expected probe_s >= 0 and answers_to_up >= 1"
    for status in sorted(settings.failover_on):
        if not 400 <= status <= 699 or status in NEVER_FAILED_OVER:
            yield f"failover_on: {status} must not lead to another gateway"
    if settings.registration is not None and settings.credentials is None:
        yield "a registration needs a username and a password"
