"""Whom the oracle knows, and what it holds of them; plain functions of plain values."""

from dataclasses import dataclass, field

from switch.acd.settings import AgentSettings, Contact, Need, Policy, QueueSettings


@dataclass
class Person:
    settings: AgentSettings
    idle_since: int
    on: bool = False
    phone: bool = False
    pause: str | None = None
    own_calls: int = 0
    contact: str = ""
    wrap: int = 0
    rest: int = 0
    answered: int = 0
    missed: int = 0


@dataclass
class Customer:
    contact: Contact
    since: int
    seq: int
    state: str = "WAITING"
    agent: str = ""
    offer: int = 0
    fence: int = 0
    lease: int = 0
    wrap: int = 0
    tried: dict[str, int] = field(default_factory=dict)


def needs(c: Customer, now: int) -> tuple[Need, ...]:
    """The needs of the last step that has begun."""
    return [step for step in c.contact.requirement.steps if c.since + step.after_us <= now][-1].needs


def suits(p: Person, c: Customer, wanted: tuple[Need, ...]) -> bool:
    """By settings alone: queue, avoidance and levels."""
    levels = dict(p.settings.skills)
    return (
        (not p.settings.queues or c.contact.queue in p.settings.queues)
        and p.settings.name not in c.contact.avoid
        and all(levels.get(need.skill, 0) >= need.level for need in wanted)
    )


def worth(p: Person, policy: Policy, wanted: tuple[Need, ...]) -> int:
    """What the policy prefers, more is better."""
    levels = dict(p.settings.skills)
    return {
        Policy.MOST_SKILLED: sum(levels.get(need.skill, 0) for need in wanted),
        Policy.LEAST_SKILLED: -sum(levels.values()),
        Policy.LONGEST_IDLE: 0,
        Policy.FEWEST_CALLS: -p.answered,
        Policy.LINEAR: -p.settings.order,
    }[policy]


def refusal(
    c: Customer, queues: dict[str, QueueSettings], people: dict[str, Person], here: dict[str, Customer]
) -> str:
    """Why a contact is not let in, or nothing."""
    queue = queues.get(c.contact.queue)
    if queue is None:
        return "unknown-queue"
    inside = [o for o in here.values() if o.contact.queue == queue.name and o.state != "CONNECTED"]
    if 0 < queue.contacts_max <= len(inside):
        return "full"
    serve = [p for p in people.values() if not p.settings.queues or queue.name in p.settings.queues]
    if queue.refuse_without_agents and not any(p.on for p in serve):
        return "no-agents"
    steps = c.contact.requirement.steps
    return "" if any(suits(p, c, step.needs) for p in people.values() for step in steps) else "unservable"
