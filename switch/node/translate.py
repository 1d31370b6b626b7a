"""What the administrator wrote, said in the words of each room: tenants, trunks, queues, agents.

`dialplan` knows none of those rooms and they do not know it; only here do they meet.
"""

from switch.acd.events import Event as RouterEvent
from switch.acd.events import RemoveAgent, RemoveQueue, SetAgent, SetQueue, SetTenant
from switch.acd.settings import AgentSettings, Assign, Order, Policy, QueueSettings, TenantSettings
from switch.base.clock import SECOND
from switch.call.negotiation import CAPABILITY
from switch.call.settings import LegSettings
from switch.dialplan.hours import local_time
from switch.dialplan.plan import AgentPlan, Centre, LimitsPlan, QueuePlan, RoutingPlan, TenantPlan
from switch.dialplan.plan import Gateway as GatewayPlan
from switch.dialplan.plan import TrunkSettings as TrunkPlan
from switch.engine._engine import OPUS_MISSING
from switch.exchange.codecs import of_words
from switch.sip.flow import Address, Transport
from switch.sip.locate import default_port, is_address
from switch.tenant.entry import TenantEntry
from switch.tenant.limits import NO_LIMITS, Limits, TenantLimits
from switch.trunk.caller import PLAIN, CallerSettings, IdentityHeader
from switch.trunk.forwarding import ForwardingHeader
from switch.trunk.settings import (
    Credentials,
    Gateway,
    HealthSettings,
    Identity,
    NamedGateway,
    NumberFormat,
    RegistrationSettings,
    RouteOrder,
    Terms,
    TrunkSettings,
)
from switch.trunk.stir.settings import StirSettings

UNSERVED = frozenset({"OPUS"}) if OPUS_MISSING else frozenset()
"""Codecs whose library is not here: nobody is offered them."""


def leg_settings(centre: Centre) -> LegSettings:
    """What every leg does alike."""
    timer = centre.session_timer
    audio = of_words(centre.codecs, UNSERVED) if centre.codecs else CAPABILITY
    return LegSettings(timer.expires_s, timer.min_s, centre.reliable_183, audio, UNSERVED)


def tenant_entry(plan: TenantPlan) -> TenantEntry:
    """What the directory needs of a tenant. Short numbers and codes are for the tenant's own phones."""
    public = frozenset(number for number in plan.numbers if number.startswith("+"))
    inside = frozenset(number for number in plan.numbers if number not in public)
    reasons = (
        frozenset(f"{plan.pause_code}{key}" for key in plan.pause_reasons) if plan.pause_code else frozenset()
    )
    return TenantEntry(
        key=plan.key,
        domain=plan.domain,
        numbers=public,
        extensions=frozenset(plan.accounts),
        feature_codes=inside | frozenset(plan.codes) | reasons,
        country=plan.country,
        trunk=plan.outside.trunk,
        caller_id=plan.outside.caller_id,
        account_caller_ids=tuple(
            (account.name, account.caller_id) for account in plan.accounts.values() if account.caller_id
        ),
        outside_prefixes=(plan.outside.access_code,) if plan.outside.access_code else (),
        premium_allowed=plan.outside.premium,
        outside_allowed=tuple(rule for rule in plan.outside.allow if rule.startswith("+")),
    )


def trunk_settings(plan: TrunkPlan, secret: str, stir: StirSettings | None = None) -> TrunkSettings:
    """A carrier in the trunk room's words."""
    return TrunkSettings(
        name=plan.name,
        gateways=tuple(map(_gateway, plan.gateways)),
        identify=tuple(Identity(item.network, item.port or None, item.certificate) for item in plan.identify),
        number_format=NumberFormat(plan.numbers),
        country=plan.country,
        channels_max=plan.channels_max,
        credentials=Credentials(plan.username, secret) if plan.username else None,
        host=plan.domain,
        encrypted_media=plan.encrypted_media,
        codecs=plan.codecs,
        dtmf=plan.dtmf,
        progress_tones=plan.progress_tones,
        calls_per_second_max=plan.calls_per_second_max,
        order=RouteOrder.CHEAPEST if plan.cheapest else RouteOrder.PRIORITY,
        failover_on=plan.failover_on,
        registration=None
        if plan.register is None
        else RegistrationSettings(plan.register.expires_s, plan.register.user),
        health=HealthSettings(
            failures_to_down=plan.health.failures_to_down,
            down_s=plan.health.down_s,
            down_s_max=plan.health.down_s_max,
            probe_s=plan.health.probe_s,
            answers_to_up=plan.health.answers_to_up,
        ),
        prefix=plan.prefix,
        caller=_caller(plan),
        stir=stir,
    )


def _gateway(plan: GatewayPlan) -> Gateway | NamedGateway:
    """An address is complete in itself; what a name leaves open is for the DNS to say."""
    transport = Transport(plan.transport.upper()) if plan.transport else None
    terms = Terms(
        priority=plan.priority,
        weight=plan.weight,
        prefixes=plan.prefixes,
        cost_micros=plan.cost_micros,
        channels_max=plan.channels_max,
        calls_per_second_max=plan.calls_per_second_max,
    )
    if is_address(plan.host):
        spoken = transport or Transport.UDP
        return Gateway(Address(plan.host, plan.port or default_port(spoken)), spoken, terms=terms)
    return NamedGateway(plan.host.rstrip(".").lower(), plan.port or None, transport, terms)


def _caller(plan: TrunkPlan) -> CallerSettings:
    words = plan.caller_identity
    settings = CallerSettings(
        accept=tuple(IdentityHeader(word) for word in words.accept),
        send=tuple(IdentityHeader(word) for word in words.send),
        trusted=words.trusted,
        present_caller=words.present_caller,
        tell_forwarding=tuple(ForwardingHeader(word) for word in words.tell_forwarding),
        strip=plan.strip,
        user_phone=plan.user_phone,
    )
    # The one that costs a call nothing.
    return PLAIN if settings == PLAIN else settings


def queue_settings(plan: QueuePlan) -> QueueSettings:
    """A queue in the router's words."""
    return QueueSettings(
        name=plan.name,
        policy=Policy(plan.policy),
        priority=plan.priority,
        ring_us=plan.ring_s * SECOND,
        wrap_up_us=plan.wrap_up_s * SECOND,
        misses_before_pause=plan.misses_before_pause,
        contacts_max=plan.contacts_max,
        refuse_without_agents=plan.refuse_without_agents,
        service_level_us=plan.service_level_s * SECOND,
        retry_same_agent_us=plan.retry_same_agent_s * SECOND,
        share=plan.share,
        cost=plan.cost,
        handling_us=plan.handling_s * SECOND,
        target_percent=plan.target,
        shares=plan.shares,
        ring_more_us=plan.ring_more_s * SECOND,
        busy_is_miss="busy" in plan.also_missed,
        unreachable_is_miss="unreachable" in plan.also_missed,
    )


def agent_settings(plan: AgentPlan) -> AgentSettings:
    """An agent in the router's words."""
    return AgentSettings(
        name=plan.name,
        skills=plan.skills,
        queues=plan.queues,
        order=plan.order,
        teams=plan.teams,
        weight=plan.weight,
        units=plan.units,
        most=plan.most,
    )


def tenant_settings(plan: TenantPlan, now: int, wall_us: int) -> TenantSettings:
    """What holds in all queues of a tenant; `wall_us` is wall time at `now`, where a day begins."""
    local = local_time(wall_us, plan.zone)
    return routing_settings(plan.routing, now, (local.hour * 60 + local.minute) * 60 + local.second)


def routing_settings(routing: RoutingPlan, now: int, clock_s: int) -> TenantSettings:
    """The same; `clock_s` is the tenant's own time of day at `now`, in seconds after midnight."""
    return TenantSettings(
        order=Order(routing.order),
        assign=Assign(routing.assign),
        ageing_us=routing.ageing_s * SECOND,
        channels=routing.channels,
        own_calls_reset_idle=routing.own_calls_reset_idle,
        day_start_us=0 if routing.day_start < 0 else _day_start(routing, now, clock_s),
    )


def _day_start(routing: RoutingPlan, now: int, clock_s: int) -> int:
    """The monotonic time at which the tenant's day began, by its own clock."""
    # 0 would mean: since the agent was defined.
    return now - (clock_s - routing.day_start * 60) % 86_400 * SECOND or 1


def router_events(
    new: TenantPlan, old: TenantPlan | None, now: int = 0, wall_us: int = 0, *, resumes: bool = False
) -> list[RouterEvent]:
    """What makes a router that knows `old` know `new`. Removals come first, so that names can move.

    `resumes`: it goes on from the last process, whose configuration may have been another one.
    """
    events: list[RouterEvent] = []
    settings = tenant_settings(new, now, wall_us)
    if resumes or settings != (TenantSettings() if old is None else tenant_settings(old, now, wall_us)):
        events.append(SetTenant(settings))
    if old is not None:
        events += [RemoveQueue(name) for name in old.queues if name not in new.queues]
        events += [RemoveAgent(name) for name in old.agents if name not in new.agents]
    events += [SetQueue(queue_settings(queue)) for queue in new.queues.values()]
    events += [SetAgent(agent_settings(agent)) for agent in new.agents.values()]
    return events


def tenant_limits(centre: Centre) -> dict[str, TenantLimits]:
    """Limits on calls to the outside, of those tenants that have any."""
    found: dict[str, TenantLimits] = {}
    for key, plan in centre.tenants.items():
        accounts = {
            account.name: _limits(account.limits) for account in plan.accounts.values() if account.limits
        }
        if plan.limits is not None or accounts:
            own = plan.limits or LimitsPlan()
            found[key] = TenantLimits(_limits(own), accounts, own.rates, own.end_over_cost)
    return found


def _limits(plan: LimitsPlan) -> Limits:
    limits = Limits(
        calls=plan.calls,
        calls_per_minute=plan.calls_per_minute,
        countries=plan.countries,
        deny_countries=plan.deny_countries,
        prefixes=plan.prefixes,
        deny_prefixes=plan.deny_prefixes,
        cost_per_hour=plan.cost_per_hour,
    )
    return NO_LIMITS if limits == NO_LIMITS else limits


def tenant_entries(centre: Centre) -> tuple[TenantEntry, ...]:
    return tuple(tenant_entry(plan) for plan in centre.tenants.values())
