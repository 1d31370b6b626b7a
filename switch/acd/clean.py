"""Settings and contacts with every number brought within the bounds that both halves share."""

from dataclasses import replace

from switch.acd.limits import AMOUNT_MAX, ORDER_MAX, SHARE_MAX, SPAN_MAX, UNITS_MAX
from switch.acd.settings import (
    LEVEL_MAX,
    AgentSettings,
    Contact,
    Need,
    QueueSettings,
    Requirement,
    Step,
    TenantSettings,
)


def amount(value: int, least: int = -AMOUNT_MAX, most: int = AMOUNT_MAX) -> int:
    """`value` brought within the bounds that both halves share."""
    return max(least, min(value, most))


def clean_tenant(settings: TenantSettings) -> TenantSettings:
    """The same settings within the shared bounds; of a channel named twice the last counts."""
    channels = {name: amount(units, 1, UNITS_MAX) for name, units in settings.channels}
    return replace(
        settings,
        ageing_us=amount(settings.ageing_us, 0, SPAN_MAX),
        channels=tuple(sorted(channels.items())),
        day_start_us=amount(settings.day_start_us),
    )


def clean_queue(settings: QueueSettings) -> QueueSettings:
    """The same settings within the shared bounds."""
    return replace(
        settings,
        priority=amount(settings.priority),
        ring_us=amount(settings.ring_us, 0),
        lease_margin_us=amount(settings.lease_margin_us, 0),
        wrap_up_us=amount(settings.wrap_up_us, 0),
        misses_before_pause=amount(settings.misses_before_pause, 0),
        contacts_max=amount(settings.contacts_max, 0),
        service_level_us=amount(settings.service_level_us, 0),
        retry_same_agent_us=amount(settings.retry_same_agent_us, 0),
        share=amount(settings.share, 0, SHARE_MAX),
        cost=amount(settings.cost, 0, SHARE_MAX),
        handling_us=amount(settings.handling_us, 1, SPAN_MAX),
        target_percent=amount(settings.target_percent, 0, 100),
        shares=tuple((team, amount(share, 0, SHARE_MAX)) for team, share in settings.shares),
        ring_more_us=amount(settings.ring_more_us, 0),
    )


def clean_agent(settings: AgentSettings) -> AgentSettings:
    """The same settings within the shared bounds; names in order, of one named twice the last counts."""
    skills = {name: amount(level, 0, LEVEL_MAX) for name, level in settings.skills}
    most = {channel: amount(count, 0) for channel, count in settings.most}
    return replace(
        settings,
        skills=tuple(sorted(skills.items())),
        queues=tuple(sorted(set(settings.queues))),
        order=amount(settings.order, -ORDER_MAX, ORDER_MAX),
        teams=tuple(sorted(set(settings.teams))),
        weight=amount(settings.weight, 1, SHARE_MAX),
        units=amount(settings.units, 0, UNITS_MAX),
        most=tuple(sorted(most.items())),
    )


def clean_contact(contact: Contact, now: int) -> Contact:
    """The same contact within the shared bounds; `waiting_since` 0 means from now, and never later."""
    since = now if contact.waiting_since == 0 else min(amount(contact.waiting_since), now)
    steps = contact.requirement.steps or Requirement().steps
    return replace(
        contact,
        requirement=Requirement(tuple(map(_clean_step, steps))),
        priority=amount(contact.priority),
        waiting_since=since,
        sticky_us=amount(contact.sticky_us, 0),
    )


def _clean_step(step: Step) -> Step:
    return replace(
        step,
        after_us=amount(step.after_us, 0),
        needs=_clean_needs(step.needs),
        any_of=tuple(map(_clean_needs, step.any_of)),
        none_of=_clean_needs(step.none_of),
        prefer=tuple(replace(wish, weight=amount(wish.weight, 1, SHARE_MAX)) for wish in step.prefer),
    )


def _clean_needs(needs: tuple[Need, ...]) -> tuple[Need, ...]:
    return tuple(replace(need, level=amount(need.level)) for need in needs)
