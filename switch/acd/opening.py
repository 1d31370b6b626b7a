"""How a record that begins in the middle begins: what stands in a router's snapshot, as values."""

from dataclasses import dataclass

from switch.acd.settings import AgentSettings, Contact, QueueSettings, TenantSettings
from switch.acd.snapshot import read
from switch.acd.state import VisitState


@dataclass(frozen=True, slots=True)
class Standing:
    """An offer that rings at that moment, since about `at`."""

    offer: int
    fence: int
    contact: str
    agent: str
    at: int
    ring_us: int
    lease_until: int


@dataclass(frozen=True, slots=True)
class Opening:
    """`snapshot` as it is, its time, and when its router wanted to be woken (before then: never). `waiting`
    are contacts that wait or are rung."""

    snapshot: bytes
    now: int
    wake_at: int
    tenant: TenantSettings
    queues: tuple[QueueSettings, ...]
    agents: tuple[AgentSettings, ...]
    signed_in: tuple[str, ...]
    waiting: tuple[Contact, ...]
    offers: tuple[Standing, ...]


def opening(data: bytes) -> Opening:
    """Raises SnapshotError."""
    state = read(data)
    offers = []
    for offer in state.offers.values():
        queue = offer.visit.queue
        settings = QueueSettings("") if queue is None else queue.settings
        at = min(state.now, offer.lease_until - settings.ring_us - settings.lease_margin_us)
        names = offer.visit.id, offer.agent.name
        offers.append(Standing(offer.number, offer.fence, *names, at, settings.ring_us, offer.lease_until))
    return Opening(
        data,
        state.now,
        state.wake_at,
        state.tenant,
        tuple(queue.settings for queue in state.queues.values()),
        tuple(agent.settings for agent in state.agents.values()),
        tuple(agent.name for agent in state.agents.values() if agent.signed_in),
        tuple(visit.contact for visit in state.visits.values() if visit.state is not VisitState.CONNECTED),
        tuple(offers),
    )
