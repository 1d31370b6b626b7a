"""The one mutable state of a switch, and the few primitives with which every handler works on it.

Theory of operation. Handlers never call each other's machines in the middle of a step. They put inputs
for the router, for flows and for the wire into queues, and `Exchange.settle` empties them in a fixed order
until nothing is left. So each decider sees one event at a time, and the same inputs give the same journal.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol, TypeAlias

from switch.acd import decisions as acd_decisions
from switch.acd import events as acd_events
from switch.acd.auditor import Auditor
from switch.acd.trail import Piece, Trail
from switch.base.timers import TimerHeap
from switch.base.tokens import IdSource, TokenSource
from switch.call.cause import Cause
from switch.call.destination import Destination
from switch.call.leg import Leg
from switch.call.negotiation import CAPABILITY, wanting
from switch.call.outgoing import OutgoingLeg
from switch.call.signalling import Signalling
from switch.dialplan import events as flow_events
from switch.dialplan.actions import Action
from switch.dialplan.interpreter import Interpreter
from switch.dialplan.plan import ClipKind, TenantPlan
from switch.exchange.session import Session
from switch.journal import events as journal_events
from switch.journal.entry import Journal
from switch.media.commands import Command
from switch.media.plan import Slot
from switch.media.slots import SlotPool
from switch.registrar.registrar import Registrar
from switch.registrar.values import AuthenticationFailed
from switch.sip.flow import Address, Flow, Transport
from switch.sip.locate import Place, Question
from switch.sip.locator import Locator
from switch.sip.outputs import SendBytes
from switch.tenant.directory import Directory
from switch.tenant.limits import LimitBook
from switch.trunk.settings import Gateway, TrunkEvent
from switch.trunk.stir.settings import CertificateWanted
from switch.trunk.trunks import Trunks

if TYPE_CHECKING:
    from switch.exchange.callbacks import CallbackBook
    from switch.exchange.lines import Line
    from switch.exchange.mail import MailBook, MailOrder
    from switch.exchange.messages import MessageBook
    from switch.exchange.recordings import RecordingFailed
    from switch.exchange.rooms import Rooms
    from switch.exchange.stir import StirDesk
    from switch.exchange.supervised import Supervision
    from switch.exchange.watching import Watching
    from switch.exchange.wishes import LastAgents

TimerKey = tuple[str, str]
"""("leg", id), ("flow", call), ("ring" or "gateway", attempt), ("cost" or "router", tenant),
("locate", place), ("callback", id),
("line", tenant and agent), ("look", leg)."""

Notice: TypeAlias = "TrunkEvent | AuthenticationFailed | RecordingFailed"


@dataclass(frozen=True, slots=True)
class CommitWanted:
    """Somebody waits until the journal is durable up to this entry: `Exchange.committed` answers."""

    sequence: int


@dataclass(frozen=True, slots=True)
class QualityWanted:
    """Somebody wants to know how the audio of a stream is just now: `Exchange.quality` answers."""

    slot: int


Output: TypeAlias = (
    "SendBytes | Command | Question | CertificateWanted | CommitWanted | QualityWanted | MailOrder"
)
"""`node` answers a question by `Exchange.located`, if only to say that the resolver failed."""


class Router(Protocol):
    """Either twin."""

    def apply(self, event: acd_events.Event, now: int) -> list[acd_decisions.Decision]:
        """One event in, decisions out."""

    def place(self, contact: str, now: int) -> acd_decisions.Place | None:
        """Where a waiting contact stands."""

    def queues(self, now: int) -> list[acd_decisions.QueueView]:
        """All queues."""

    def agents(self, now: int) -> list[acd_decisions.AgentView]:
        """All agents."""

    def waiting(self, now: int) -> list[acd_decisions.WaitingView]:
        """All contacts that wait or are offered."""

    def digest(self) -> int:
        """Of the whole state."""

    def snapshot(self) -> bytes:
        """The whole state."""


@dataclass(frozen=True, slots=True)
class Listener:
    """An address at which the switch takes SIP, as peers see it; `ipv6` is what is bound.

    `media_host` is where phones of this listener send audio; empty: to the slot's own host.
    """

    transport: Transport
    address: Address
    ipv6: bool = False
    media_host: str = ""


@dataclass(slots=True)
class Tenancy:
    """A tenant's plan, its router with who watches it, and which agent sits at which account."""

    plan: TenantPlan
    router: Router
    trail: Trail
    auditor: Auditor = field(default_factory=Auditor)
    agent_at: dict[str, str] = field(default_factory=dict)
    hold_clip: str = ""
    staff: dict[str, tuple[int, int]] = field(default_factory=dict)
    """By queue, how many are signed in and ready, as of `staff_at`; filled where a queue's gates ask."""
    staff_at: int = -1

    def __post_init__(self) -> None:
        music = (clip.name for clip in self.plan.clips() if clip.kind is ClipKind.MUSIC)
        self.hold_clip = next(music, "")
        self.agent_at = {agent.account: agent.name for agent in self.plan.agents.values()}


@dataclass(slots=True)
class Watch:
    """A place that gateways of trunks are at. `failures` of the resolver, in a row."""

    place: Place
    failures: int = 0


@dataclass(slots=True)
class Parts:
    """What `node` puts together for an office."""

    listeners: tuple[Listener, ...]
    signalling: Signalling
    registrar: Registrar
    trunks: Trunks
    locator: Locator
    directory: Directory
    limits: LimitBook
    tenancies: dict[str, Tenancy]
    slots: SlotPool
    journal: Journal
    ids: IdSource
    tokens: TokenSource
    make_interpreter: Callable[[TenantPlan, str], Interpreter]


class Office:
    """Calls in progress, and the queues of what is still to be settled."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.signalling = parts.signalling
        self.journal = parts.journal
        self.sessions: dict[str, Session] = {}
        self._media_hosts = {
            listener.address: listener.media_host for listener in parts.listeners if listener.media_host
        }
        self.legs: dict[str, Leg] = {}
        self.session_of_leg: dict[str, Session] = {}
        self.leg_of_slot: dict[int, Leg] = {}
        self.ended_of_slot: dict[int, tuple[Session, Leg]] = {}
        """Of streams that are being closed: the figures of their audio still come, for that call."""
        self.gateway_of_leg: dict[str, Gateway] = {}
        """Of legs that were placed by a trunk: whose channel they hold."""
        self.session_of_contact: dict[tuple[str, str], Session] = {}
        self.session_of_attempt: dict[str, Session] = {}
        self.timers: TimerHeap[TimerKey] = TimerHeap()
        self.outputs: list[Output] = []
        self.commands: list[Command] = []
        """Media commands of handlers; they follow those of legs, whose streams they speak of."""
        self.router_inputs: deque[tuple[str, acd_events.Event]] = deque()
        self.trailing: list[Tenancy] = []
        """Those whose routers were told something since `take_trails`."""
        self.flow_inputs: deque[tuple[Session, flow_events.Event]] = deque()
        self.actions: deque[tuple[Session, Interpreter, Action]] = deque()
        self.closing: deque[Session] = deque()
        """Calls without legs; their records are written when nothing is left to be settled about them."""
        self.watches: dict[str, Watch] = {}
        """Names of gateways, as many as the administrator wrote; the key is that of their timer."""
        self.stir_desk: StirDesk | None = None
        """Certificates of those who sign numbers; made when a trunk first verifies one."""
        self.failed_logins = 0
        self.notices: list[Notice] = []
        """What carriers and disks did that an operator should read; whoever runs the exchange takes it."""
        self.recordings: dict[int, tuple[str, str, str]] = {}
        """Tenant, call and path of those whose file is not closed yet: as many as RTP ports, twice."""
        self.recordings_begun = 0
        self.rooms_begun = 0
        """Of the engine's, each with a number of its own."""
        self.mail: MailBook | None = None
        """What lies in mailboxes; made with the first message."""
        self.rooms: Rooms | None = None
        """Conferences; made with the first."""
        self.ears: set[int] = set()
        """Slots of conferences that are recorded: nobody's leg."""
        self.toned: dict[int, int] = {}
        """Slots of legs whose trunk says things by tones: since when it has answered, 0 for not yet."""
        self.supervised: dict[str, Supervision] | None = None
        """By call; made with the first."""
        self.watching: Watching | None = None
        """Who watches calls and agents by their phones; made with the first who does."""
        self.messages: MessageBook | None = None
        self.lines: dict[tuple[str, str], Line] | None = None
        """How good the lines of agents are, of those of whom anything is known."""
        self.last_agents: LastAgents | None = None
        """Whom callers talked to; made with the first queue that wants it."""
        self.callbacks: CallbackBook | None = None
        """Who is to be called back; made with the first."""
        self.sheds = False
        """No new call is taken: the journal's room that is left is for calls in progress."""
        self._session_ids = 0

    # Telling.

    def write(self, event: journal_events.Event, now: int, session: Session | None = None) -> None:
        """Into the journal, with the tenant and call of `session`."""
        if session is None:
            self.journal.write(event, now)
        else:
            call = session.call
            self.journal.write(event, now, tenant=call.tenant, call=call.id)

    def media(self, commands: Iterable[Command]) -> None:
        self.commands.extend(commands)

    def tell_router(self, tenant: str, event: acd_events.Event) -> None:
        self.router_inputs.append((tenant, event))

    def take_trails(self, now: int) -> list[Piece]:
        """What routers were told since the last time, for the store; together with what the journal holds."""
        trailing, self.trailing = self.trailing, []
        wall_us, entry = self.journal.wall(now), self.journal.last_sequence
        return [
            piece for tenancy in trailing for piece in tenancy.trail.take(tenancy.router, now, wall_us, entry)
        ]

    def tell_flow(self, session: Session, event: flow_events.Event) -> None:
        """Harmless where no flow serves the call any more."""
        if session.interpreter is not None:
            self.flow_inputs.append((session, event))

    # Finding.

    def tenancy(self, session: Session) -> Tenancy:
        return self.parts.tenancies[session.tenant]

    def agent_at(self, tenant: str, account: str) -> str:
        """The agent who sits at an account; empty where nobody does."""
        tenancy = self.parts.tenancies.get(tenant)
        return "" if tenancy is None else tenancy.agent_at.get(account, "")

    def flow_to(self, transport: Transport, remote: Address, server_name: str = "") -> Flow | None:
        """A flow to somebody who has not spoken to us first (a gateway), by the first listener of its
        transport and family. `server_name` is what its certificate must prove."""
        ipv6 = ":" in remote.host
        for listener in self.parts.listeners:
            if listener.transport is transport and listener.ipv6 == ipv6:
                return Flow(transport, listener.address, remote, 0, server_name)
        return None

    def reserve_slot(self, local: Address, near: Leg | None = None) -> Slot | None:
        """An RTP port for a leg by this listener, with the host that its phone can reach, on the media thread
        of another leg; None: all are in use."""
        slot = self.parts.slots.reserve(None if near is None else near.slot.number)
        host = self._media_hosts.get(local) if self._media_hosts else None
        return slot if slot is None or host is None else replace(slot, host=host)

    @property
    def leaked_slots(self) -> int:
        """RTP ports that nobody will give back: reserved without a leg, or of a leg that is gone while no
        stream of it is being closed. Between two inputs there is none; one is a bug of ours."""
        legs, ended = self.legs, self.ended_of_slot
        # A list: thousands of slots are looked at, at each scrape, while calls wait.
        orphans = [slot for slot, leg in self.leg_of_slot.items() if leg.id not in legs and slot not in ended]
        return len(orphans) + self.parts.slots.in_use - len(self.leg_of_slot) - len(self.ears)

    def media_host(self, local: Address) -> str:
        """Where phones of this listener reach our audio."""
        return self._media_hosts.get(local) or self.parts.slots.host

    # Legs.

    def next_session_id(self, now: int) -> int:
        """For the o= line: grows, so that two legs of one call differ (RFC 8866 section 5.2)."""
        self._session_ids += 1
        return self.journal.wall(now) // 1_000_000 * 1_000 + self._session_ids

    def add_leg(self, session: Session, leg: Leg, now: int) -> None:
        """From here on the leg's messages and media belong to `session`."""
        self.legs[leg.id] = leg
        self.session_of_leg[leg.id] = session
        self.leg_of_slot[leg.slot.number] = leg
        session.call.legs[leg.id] = leg
        self.write(journal_events.LegOpened(leg.id, leg.role, leg.peer), now, session)

    def open_leg(
        self, session: Session, destination: Destination, *, role: str, peer: str, now: int
    ) -> OutgoingLeg | None:
        """Send an INVITE; None where no RTP port is left."""
        slot = self.reserve_slot(destination.flow.local, session.call.anchor)
        if slot is None:
            return None
        audio = destination.audio or self.signalling.settings.audio
        if audio is not CAPABILITY:
            destination = replace(destination, audio=wanting(audio, session.call.anchor.spoken))
        tokens = self.parts.tokens
        leg = OutgoingLeg(
            self.parts.ids.make("l"),
            destination,
            role=role,
            peer=peer,
            slot=slot,
            session_id=self.next_session_id(now),
            call_id=f"{tokens.token(20)}@{destination.flow.local.host}",
            local_tag=tokens.token(10),
            signalling=self.signalling,
            max_forwards=session.hops,
        )
        self.add_leg(session, leg, now)
        leg.dial(now)
        return leg

    def schedule(self, leg: Leg) -> None:
        """Keep the leg's one timer up to date."""
        due = leg.next_timer()
        if due == leg.scheduled:
            return
        leg.scheduled = due
        if due is None:
            self.timers.cancel(("leg", leg.id))
        else:
            self.timers.set(("leg", leg.id), due)

    def stir(self, session: Session, leg: Leg) -> None:
        """Something about the leg has changed; whoever watches its account hears of it."""
        if self.watching is not None and leg.account:
            self.watching.leg_changed(session.tenant, leg)

    def hang_up(self, leg: Leg, cause: Cause, now: int) -> None:
        if not leg.over:
            leg.hang_up(cause, now)
            self.schedule(leg)
