"""Hand-made journals that several tests read."""

from switch.journal.entry import Entry, Journal
from switch.journal.events import (
    AgentConnected,
    Bridged,
    CallEnded,
    CallStarted,
    FlowStep,
    LegAnswered,
    LegEnded,
    LegOpened,
    LegRinging,
    OfferEnded,
    OfferMade,
    Queued,
    VisitEnded,
)

S = 1_000_000
ONE = 1 << 32
"""One, as the router counts scores."""
WALL = 1_750_000_000 * S


def offer(number: int, agent: str, tie_break: str) -> OfferMade:
    return OfferMade(
        contact="v-1",
        queue="support",
        offer=number,
        agent=agent,
        policy="most-skilled",
        candidates=3,
        exclusions=(("busy", 2), ("skill-missing", 1)),
        best=((agent, 80 * ONE, 30 * S), ("carl", (70 if tie_break == "score" else 80) * ONE, 20 * S)),
        tie_break=tie_break,
        needs=(("french", 50),),
        sequence=40 + number,
    )


def ended(queue: str = "support", agent: str = "bob", **changes: int) -> CallEnded:
    times = {"waited_us": 26 * S, "talked_us": 60 * S, "held_us": 0, "transfers": 0} | changes
    return CallEnded(
        direction="inbound",
        caller="+33123456789",
        called="+33800000000",
        source="carrier",
        started_wall_us=WALL,
        answered_wall_us=WALL + S,
        ended_wall_us=WALL + 91 * S,
        cause="normal",
        by="caller",
        sip_status=200,
        queue=queue,
        agent=agent,
        **times,
    )


def queued_call(journal: Journal | None = None, tenant: str = "acme", call: str = "c-1") -> list[Entry]:
    """A caller waits, anna misses the offer, bob answers and talks for a minute: 17 entries."""
    journal = journal or Journal(wall_offset_us=WALL)
    steps = (
        (0, CallStarted("inbound", "+33123456789", "+33800000000", "carrier", "sip-1@carrier")),
        (0, LegOpened("l-1", "caller", "carrier")),
        (1, LegAnswered("l-1", "PCMA")),
        (1, FlowStep("main", "menu", "1")),
        (4, Queued("v-1", "support", 0, 1, ("french>=50",))),
        (5, offer(7, "anna", "score")),
        (5, LegOpened("l-2", "agent", "101")),
        (5, LegRinging("l-2")),
        (25, LegEnded("l-2", "no-answer", "switch", 487)),
        (25, OfferEnded("v-1", 7, "anna", "no-answer")),
        (26, offer(8, "bob", "longest idle")),
        (26, LegOpened("l-3", "agent", "102")),
        (30, AgentConnected("v-1", "support", "bob", 26 * S)),
        (30, Bridged("l-1", "l-3")),
        (90, LegEnded("l-1", "normal", "caller", 200)),
        (90, VisitEnded("v-1", "support", "ended", "", "bob", 26 * S, 60 * S)),
        (91, ended()),
    )
    return [journal.write(event, at * S, tenant=tenant, call=call) for at, event in steps]
