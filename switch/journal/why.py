"""Why a call went to that agent: read from its journal entries, told as values.

`explain` gives the structure (the JSON of `softswitch why CALL --json` is `document` of it);
`switch.journal.words` tells the same in plain words.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace

from switch.journal import audio
from switch.journal.entry import Entry
from switch.journal.events import (
    AgentConnected,
    AudioAlarm,
    Bridged,
    CallEnded,
    CallerIdentified,
    CallStarted,
    FlowStep,
    GatewayTried,
    LegAnswered,
    LegEnded,
    LegHeld,
    LegMeasured,
    LegMoved,
    LegOpened,
    LegRinging,
    OfferEnded,
    OfferMade,
    Queued,
    QueueRefused,
    RecordingEnded,
    RecordingPaused,
    RecordingStarted,
    Transferred,
    VisitEnded,
)
from switch.journal.queue_events import CallbackEnded, CallbackKept, LineGraded, Widened
from switch.journal.room_events import (
    AnswerHeard,
    ConferenceJoined,
    ConferenceLeft,
    Supervised,
    SupervisionEnded,
    ToneHeard,
)

REFUSED = "refused"
ANSWERED = "answered"
"""The outcome of the offer that an agent took; the journal says it by `AgentConnected`."""


@dataclass(frozen=True, slots=True)
class Rank:
    """One of the best candidates. A higher `score` is better."""

    agent: str
    score: int
    idle_us: int


@dataclass(frozen=True, slots=True)
class AgentReason:
    """One agent at the moment of a decision. `reason` is `chosen`, `candidate` or why it was none; `detail`
    has the figures behind it. `idle_us` -1 and `score` None where there are none. `further` are reasons that
    would still hold if the first did not, with their figures."""

    agent: str
    reason: str
    detail: str
    idle_us: int
    score: int | None
    further: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class OfferWhy:
    """One offer: who was not a candidate and why, how the best ranked, what decided, how it ended.

    `at_us` counts from the call's first entry; `entry` and `ended_entry` are sequence numbers of the
    journal (here and below). `lasted_us` is -1 while the offer stands, and `outcome` is empty then.
    `exclusions` are (reason, agents). `decision` is the router's event count, for replay, by which `agents`
    is told; where it cannot be, `untold` says why.
    """

    offer: int
    at_us: int
    entry: int
    agent: str
    policy: str
    needs: tuple[tuple[str, int], ...]
    candidates: int
    exclusions: tuple[tuple[str, int], ...]
    best: tuple[Rank, ...]
    tie_break: str
    decision: int
    outcome: str = ""
    lasted_us: int = -1
    ended_entry: int = 0
    agents: tuple[AgentReason, ...] = ()
    untold: str = ""


@dataclass(frozen=True, slots=True)
class VisitWhy:
    """One stay in a queue, or the refusal of one (`outcome` "refused", `position` 0).

    `outcome` is empty while the contact waits or talks. `agent` is who was connected.
    """

    contact: str
    queue: str
    at_us: int
    entry: int
    priority: int = 0
    position: int = 0
    needs: tuple[str, ...] = ()
    offers: tuple[OfferWhy, ...] = ()
    agent: str = ""
    outcome: str = ""
    reason: str = ""
    ended_at_us: int = -1
    ended_entry: int = 0
    waited_us: int = 0
    talked_us: int = 0


@dataclass(frozen=True, slots=True)
class Moment:
    """Something else that happened to the call. `what` is the journal's kind, `detail` in words."""

    at_us: int
    entry: int
    what: str
    detail: str


@dataclass(frozen=True, slots=True)
class Ending:
    at_us: int
    cause: str
    by: str
    sip_status: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """A call's story. `ending` is None while it lasts; `visits` is empty where it never queued."""

    call: str
    tenant: str
    direction: str
    caller: str
    called: str
    source: str
    started_wall_us: int
    visits: tuple[VisitWhy, ...]
    moments: tuple[Moment, ...]
    ending: Ending | None


def document(explanation: Explanation) -> dict[str, object]:
    """The explanation as what `json.dumps` takes; the names are those of the fields."""
    return asdict(explanation)


def explain(entries: Iterable[Entry]) -> Explanation | None:
    """The story that one call's entries tell, in any order. None where there are none."""
    ordered = sorted(entries, key=lambda entry: entry.sequence)
    if not ordered:
        return None
    story = _Story(ordered[0].at)
    for entry in ordered:
        story.take(entry)
    started = story.started or CallStarted("", "", "", "", "")
    return Explanation(
        call=ordered[0].call,
        tenant=next((entry.tenant for entry in ordered if entry.tenant), ""),
        direction=started.direction,
        caller=started.caller,
        called=started.called,
        source=started.source,
        started_wall_us=ordered[0].wall_us,
        visits=tuple(visit.value() for visit in story.visits),
        moments=tuple(story.moments),
        ending=story.ending,
    )


@dataclass(frozen=True, slots=True)
class _When:
    """The moment of one entry: microseconds since the call's first, and its sequence."""

    at_us: int
    entry: int


@dataclass(slots=True)
class _OpenVisit:
    """A visit while its entries come in."""

    visit: VisitWhy
    offers: list[OfferWhy] = field(default_factory=list)

    def value(self) -> VisitWhy:
        return replace(self.visit, offers=tuple(self.offers))

    def offered(self, event: OfferMade, when: _When) -> None:
        self.offers.append(
            OfferWhy(
                offer=event.offer,
                at_us=when.at_us,
                entry=when.entry,
                agent=event.agent,
                policy=event.policy,
                needs=event.needs,
                candidates=event.candidates,
                exclusions=event.exclusions,
                best=tuple(Rank(*rank) for rank in event.best),
                tie_break=event.tie_break,
                decision=event.sequence,
            )
        )

    def offer_ended(self, offer: int, outcome: str, when: _When) -> None:
        for index, known in enumerate(self.offers):
            if known.offer == offer and not known.outcome:
                lasted_us = when.at_us - known.at_us
                self.offers[index] = replace(
                    known, outcome=outcome, lasted_us=lasted_us, ended_entry=when.entry
                )

    def connected(self, event: AgentConnected, when: _When) -> None:
        for known in tuple(self.offers):
            if known.agent == event.agent:
                self.offer_ended(known.offer, ANSWERED, when)
        self.visit = replace(self.visit, agent=event.agent, waited_us=event.waited_us)

    def ended(self, event: VisitEnded, when: _When) -> None:
        self.visit = replace(
            self.visit,
            agent=event.agent or self.visit.agent,
            outcome=event.outcome,
            reason=event.reason,
            ended_at_us=when.at_us,
            ended_entry=when.entry,
            waited_us=event.waited_us,
            talked_us=event.talked_us,
        )

    def refused(self, reason: str, when: _When) -> None:
        self.visit = replace(
            self.visit, outcome=REFUSED, reason=reason, ended_at_us=when.at_us, ended_entry=when.entry
        )


class _Story:
    """Collects visits and moments in the order of the entries."""

    def __init__(self, first_at: int) -> None:
        self._first_at = first_at
        self._by_contact: dict[str, _OpenVisit] = {}
        self._parties: dict[str, str] = {}
        self.started: CallStarted | None = None
        self.visits: list[_OpenVisit] = []
        self.moments: list[Moment] = []
        self.ending: Ending | None = None

    def take(self, entry: Entry) -> None:
        when = _When(entry.at - self._first_at, entry.sequence)
        event = entry.event
        match event:
            case CallStarted():
                self.started = event
            case CallEnded():
                self.ending = Ending(when.at_us, event.cause, event.by, event.sip_status)
            case Queued():
                opened = self._open(event.contact, event.queue, when)
                opened.visit = replace(
                    opened.visit, priority=event.priority, position=event.position, needs=event.needs
                )
            case QueueRefused():
                self._refused(event, when)
            case OfferMade():
                self._visit(event.contact, event.queue, when).offered(event, when)
            case OfferEnded():
                self._visit(event.contact, "", when).offer_ended(event.offer, event.outcome, when)
            case AgentConnected():
                self._visit(event.contact, event.queue, when).connected(event, when)
            case VisitEnded():
                self._visit(event.contact, event.queue, when).ended(event, when)
            case _:
                detail = self._detail(entry)
                if detail:
                    self.moments.append(Moment(when.at_us, when.entry, event.KIND, detail))

    def _open(self, contact: str, queue: str, when: _When) -> _OpenVisit:
        opened = _OpenVisit(VisitWhy(contact, queue, when.at_us, when.entry))
        self.visits.append(opened)
        self._by_contact[contact] = opened
        return opened

    def _visit(self, contact: str, queue: str, when: _When) -> _OpenVisit:
        """The contact's latest visit; a new one where the journal begins in the middle of it."""
        return self._by_contact.get(contact) or self._open(contact, queue, when)

    def _refused(self, event: QueueRefused, when: _When) -> None:
        """Put out of the queue it waited in, or not let in."""
        visit = self._by_contact.get(event.contact)
        if visit is None or visit.visit.outcome:
            visit = self._open(event.contact, event.queue, when)
        visit.refused(event.reason, when)

    def _detail(self, entry: Entry) -> str:
        """What a moment says, with parties by name where the journal told who a leg is."""
        match entry.event:
            case GatewayTried(leg, trunk, gateway):
                return f"{self._party(leg)} goes by gateway {gateway} of trunk {trunk}"
            case CallerIdentified(withheld=withheld, source=source, verification=verification):
                # A number that was withheld is in the journal for the law, not for whoever asks why.
                who = "withholds the number" if withheld else f"is known by {source}"
                return f"the caller {who}" + (f", STIR: {verification}" if verification else "")
            case LegOpened(leg, role, peer):
                self._parties[leg] = f"{peer} ({role})"
                return "" if role == "caller" else f"calling {self._parties[leg]}"
            case LegRinging(leg):
                return f"{self._party(leg)} rings"
            case LegAnswered(leg, codec):
                return f"{self._party(leg)} answered, {codec}"
            case LegHeld(leg, held):
                return f"{self._party(leg)} {'put the call on hold' if held else 'took the call back'}"
            case LegEnded(leg, cause, by, _, told):
                return f"{self._party(leg)} left: {cause}, by {by}" + (f" ({told})" if told else "")
            case LegMoved(leg, role, peer, origin):
                self._parties[leg] = f"{peer} ({role})"
                return f"{self._parties[leg]} joins from call {origin}"
            case Bridged(left, right):
                return f"{self._party(left)} talks with {self._party(right)}"
            case AudioAlarm(leg, alarm, raised):
                return f"{self._party(leg)}: {audio.alarm(alarm, raised=raised)}"
            case LegMeasured(leg=leg) as measured:
                return f"audio of {self._party(leg)}: {audio.sentence(measured)}"
            case FlowStep(flow, step, detail):
                return f"flow {flow}: {step}" + (f" {detail}" if detail else "")
            case RecordingStarted(path):
                return f"recorded into {path}"
            case RecordingPaused(_, paused):
                return f"the recording {'pauses' if paused else 'goes on'}"
            case RecordingEnded(path, reason, error, duration_ms, lost_ms):
                why = f"{reason}, error {error}" if error else reason
                gaps = f", {lost_ms} ms lost to a slow disk" if lost_ms else ""
                return f"the recording ended: {why}, {duration_ms // 1000} s{gaps}"
            case ConferenceJoined(name, members):
                return f"joins conference {name}, where {members} are now"
            case ConferenceLeft(name, members, lasted_us):
                return f"leaves conference {name} after {lasted_us // 1_000_000} s, where {members} are left"
            case Supervised(leg, account, _, mode, by, reason):
                what = f"{account} {'does' if leg else 'is rung to'} {mode}"
                return f"supervision: {what}, asked for by {by or 'nobody known'}: {reason or 'no reason'}"
            case SupervisionEnded(account, reason):
                return f"supervision by {account} ended: {reason}"
            case AnswerHeard(leg, who, confidence, reason, greeting_ms, words):
                heard = f"{words} words, {greeting_ms / 1000:.1f} s of voice"
                return f"{self._party(leg)} is heard: {who}, {confidence} % sure ({reason}; {heard})"
            case ToneHeard(leg, tone):
                return f"{self._party(leg)} is heard: the network's {tone} tone"
            case Widened(_, queue, step, asks):
                return f"ring {step + 1} in queue {queue}: asks for {asks}"
            case LineGraded(agent, grade, reason):
                return f"the line of agent {agent} is {grade} from now on" + (f": {reason}" if reason else "")
            case CallbackKept(number=number, queue=queue, tries_left=tries):
                return f"{number} is to be called back for queue {queue}, {tries} tries left"
            case CallbackEnded(outcome=outcome):
                return f"the callback ended: {outcome}"
            case Transferred(by, target, "forwarded"):
                return f"{self._party(by)} forwards its calls to {target}"
            case Transferred(by, target, outcome):
                return f"{self._party(by)} transferred to {target}: {outcome}"
            case _:
                return ""

    def _party(self, leg: str) -> str:
        return self._parties.get(leg, leg)
