"""Counters and histograms that grow with the journal. The definitions are those of docs/metrics.md.

A visit is counted when its wait ends: answered at `AgentConnected`, abandoned at `VisitEnded`; so a
service level computed over an interval is by the end of the wait, whenever the contact arrived.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry

from switch.journal.entry import Entry
from switch.journal.events import (
    AgentChanged,
    AgentConnected,
    AudioAlarm,
    CallEnded,
    CallStarted,
    LegMeasured,
    OfferEnded,
    OfferMade,
    Queued,
    QueueRefused,
    RecordingEnded,
    Registered,
    Transferred,
    Unregistered,
    VisitEnded,
)
from switch.journal.queue_events import CallbackEnded
from switch.journal.room_events import RecordingDeleted
from switch.metrics import words
from switch.metrics.families import (
    JITTER_BUCKETS_S,
    LOSS_BUCKETS,
    MOS_BUCKETS,
    ROUND_TRIP_BUCKETS_S,
    TALK_BUCKETS_S,
    WAIT_BUCKETS_S,
    WRAP_UP_BUCKETS_S,
    CounterFamily,
    HistogramFamily,
)

_QUEUE = ("tenant", "queue")


class JournalCounters:
    """Fed with every entry once, in order."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._thresholds_us: dict[tuple[str, str], int] = {}
        # By (tenant, agent), so bounded by the agents that are configured: since when in wrap-up, and
        # the queue whose contact the agent had last.
        self._wrapping_since: dict[tuple[str, str], int] = {}
        self._served: dict[tuple[str, str], str] = {}
        self._make_calls(registry)
        self._make_queues(registry)
        self._make_histograms(registry)
        self._make_audio(registry)
        self._take: dict[type, Callable[[Entry, Any], None]] = {
            CallStarted: self._call_started,
            CallEnded: self._call_ended,
            Queued: self._queued,
            QueueRefused: self._queue_refused,
            OfferMade: self._offer_made,
            OfferEnded: self._offer_ended,
            AgentConnected: self._agent_connected,
            VisitEnded: self._visit_ended,
            CallbackEnded: self._callback_ended,
            AgentChanged: self._agent_changed,
            Transferred: self._transferred,
            RecordingDeleted: self._recording_deleted,
            RecordingEnded: self._recording_ended,
            Registered: self._registered,
            Unregistered: self._unregistered,
            AudioAlarm: self._audio_alarm,
            LegMeasured: self._leg_measured,
        }

    def _make_calls(self, registry: CollectorRegistry) -> None:
        def counter(name: str, definition: str, *labels: str) -> CounterFamily:
            return CounterFamily(registry, name, definition, labels)

        self._entries = counter(
            "softswitch_journal_entries_total", "Journal entries written, by kind of event.", "kind"
        )
        self._started = counter(
            "softswitch_calls_started_total",
            "Calls begun, by tenant and direction (inbound from a trunk, internal, outbound to a trunk).",
            "tenant",
            "direction",
        )
        self._ended = counter(
            "softswitch_calls_ended_total",
            "Calls that ended, by tenant, direction and the one cause of their end.",
            "tenant",
            "direction",
            "cause",
        )
        self._transfers = counter(
            "softswitch_transfers_total",
            "Transfers by a party of a call, by tenant and outcome (done, failed, refused, forwarded).",
            "tenant",
            "outcome",
        )
        self._recordings = counter(
            "softswitch_recordings_ended_total",
            "Recordings that ended, by tenant and reason (stopped, closed with the call, length, silence,"
            " failed: a disk refused).",
            "tenant",
            "reason",
        )
        self._recordings_deleted = counter(
            "softswitch_recordings_deleted_total",
            "Recordings and messages that were deleted, by tenant and reason: age or size (as the tenant's"
            " `recording` says), asked (by a listener or a command).",
            "tenant",
            "reason",
        )
        self._recordings_lost = counter(
            "softswitch_recordings_lost_seconds_total",
            "Seconds that are missing (silent) in recordings because the disk was too slow.",
            "tenant",
        )
        self._registrations = counter(
            "softswitch_registration_changes_total",
            "Phones that registered (a refresh is no change), and phones gone, by how: removed,"
            " expired, lost, replaced.",
            "tenant",
            "change",
        )

    def _make_queues(self, registry: CollectorRegistry) -> None:
        def counter(name: str, definition: str, *labels: str) -> CounterFamily:
            return CounterFamily(registry, name, definition, labels)

        self._entered = counter(
            "softswitch_queue_entered_total", "Contacts that the queue let in (visits begun).", *_QUEUE
        )
        self._refused = counter(
            "softswitch_queue_refusals_total",
            "Contacts that the queue did not let in, or put out as it was removed, by reason.",
            *_QUEUE,
            "reason",
        )
        self._left = counter(
            "softswitch_queue_left_total",
            "Contacts that left the queue without an agent by a gate, by gate (timeout, key, estimate,"
            " no-agents, nobody-ready, closed, holiday, callback).",
            *_QUEUE,
            "gate",
        )
        self._answered = counter(
            "softswitch_queue_answered_total", "Contacts connected to an agent (A), as they connect.", *_QUEUE
        )
        self._answered_in_time = counter(
            "softswitch_queue_answered_in_time_total",
            "Contacts connected within the queue's service level threshold (A within T).",
            *_QUEUE,
        )
        self._abandoned = counter(
            "softswitch_queue_abandoned_total",
            "Contacts whose customer left while waiting or while an agent was rung (B).",
            *_QUEUE,
        )
        self._abandoned_in_time = counter(
            "softswitch_queue_abandoned_in_time_total",
            "Contacts abandoned within the queue's service level threshold (B within T).",
            *_QUEUE,
        )
        self._abandoned_short = counter(
            "softswitch_queue_abandoned_short_total",
            "Contacts abandoned within 5 seconds; part of the abandoned.",
            *_QUEUE,
        )
        self._visits = counter(
            "softswitch_queue_visits_ended_total",
            "Visits ended, by outcome: ended (after a talk), abandoned, withdrawn (by the dialplan), refused"
            " (put out). Entered = ended by all outcomes + waiting + offered + talking.",
            *_QUEUE,
            "outcome",
        )
        self._callbacks = counter(
            "softswitch_callbacks_ended_total",
            "Callbacks that ended, by outcome: answered (the customer), no-answer after all tries, expired,"
            " cancelled, refused (the queue is gone), not-stored.",
            *_QUEUE,
            "outcome",
        )
        self._offers_made = counter(
            "softswitch_offers_made_total",
            "Offers of a contact to an agent, by the contact's queue.",
            *_QUEUE,
        )
        self._offers_ended = counter(
            "softswitch_offers_ended_total",
            "Offers ended, by outcome: answered, no-answer, declined, busy, unreachable, failed, caller-gone,"
            " withdrawn, agent-gone, lease-expired, answered-elsewhere (of several agents rung).",
            "tenant",
            "outcome",
        )

    def _make_histograms(self, registry: CollectorRegistry) -> None:
        self._wait = HistogramFamily(
            registry,
            "softswitch_queue_wait_seconds",
            "Wait from entering the queue to its end, by outcome: answered, abandoned, withdrawn, refused.",
            (*_QUEUE, "outcome"),
            WAIT_BUCKETS_S,
        )
        self._talk = HistogramFamily(
            registry,
            "softswitch_queue_talk_seconds",
            "Talk of contacts with their agent, holds included, as the talk ends.",
            _QUEUE,
            TALK_BUCKETS_S,
        )
        self._wrap_up = HistogramFamily(
            registry,
            "softswitch_queue_wrap_up_seconds",
            "Wrap-up of agents after a contact of the queue, as the wrap-up ends.",
            _QUEUE,
            WRAP_UP_BUCKETS_S,
        )
        self._duration = HistogramFamily(
            registry,
            "softswitch_call_duration_seconds",
            "Answered calls from answer to end, as they end.",
            ("tenant", "direction"),
            TALK_BUCKETS_S,
        )

    def _make_audio(self, registry: CollectorRegistry) -> None:
        def histogram(
            name: str, definition: str, buckets: tuple[float, ...], *labels: str
        ) -> HistogramFamily:
            return HistogramFamily(registry, name, definition, ("tenant", "trunk", *labels), buckets)

        way = "by tenant, trunk (phones where none) and way: heard by us, or reported by the other end."
        self._mos = histogram(
            "softswitch_leg_mos", f"MOS of legs by the E-model, as they end, {way}", MOS_BUCKETS, "way"
        )
        self._loss = histogram(
            "softswitch_leg_loss_ratio",
            f"Share of packets lost of legs, as they end, {way}",
            LOSS_BUCKETS,
            "way",
        )
        self._jitter = histogram(
            "softswitch_leg_jitter_seconds", f"Jitter of legs, as they end, {way}", JITTER_BUCKETS_S, "way"
        )
        self._round_trip = histogram(
            "softswitch_leg_round_trip_seconds",
            "Round trip from the switch to the other end of legs and back, as they end, where it is known.",
            ROUND_TRIP_BUCKETS_S,
        )
        self._alarms = CounterFamily(
            registry,
            "softswitch_audio_alarms_total",
            "Alarms on audio as they are raised: no-audio, not-heard, dead-air, silence, clipping.",
            ("tenant", "alarm"),
        )

    def set_thresholds(self, thresholds_us: Mapping[tuple[str, str], int]) -> None:
        """The T of each configured queue; those queues are shown at 0 from now on."""
        self._thresholds_us = dict(thresholds_us)
        for queue in self._thresholds_us:
            for family in (
                self._entered,
                self._answered,
                self._answered_in_time,
                self._abandoned,
                self._abandoned_in_time,
                self._abandoned_short,
                self._offers_made,
                self._talk,
                self._wrap_up,
            ):
                family.show(*queue)
            self._wait.show(*queue, words.ANSWERED)
            self._wait.show(*queue, words.ABANDONED)

    def threshold_us(self, tenant: str, queue: str) -> int:
        return self._thresholds_us.get((tenant, queue), words.SERVICE_LEVEL_US)

    def thresholds_us(self) -> Mapping[tuple[str, str], int]:
        return self._thresholds_us

    def observe(self, entries: Iterable[Entry]) -> None:
        """Count entries, each once, in the journal's order."""
        counted: dict[str, int] = {}
        for entry in entries:
            event = entry.event
            kind = event.KIND
            counted[kind] = counted.get(kind, 0) + 1
            take = self._take.get(event.__class__)
            if take is not None:
                take(entry, event)
        for kind, count in counted.items():
            self._entries.add(kind, amount=count)

    # One method an event.

    def _call_started(self, entry: Entry, event: CallStarted) -> None:
        self._started.add(entry.tenant, event.direction)

    def _call_ended(self, entry: Entry, event: CallEnded) -> None:
        self._ended.add(entry.tenant, event.direction, event.cause)
        if event.answered_wall_us:
            # Wall time may be set back during a call.
            lasted_us = max(0, event.ended_wall_us - event.answered_wall_us)
            self._duration.observe(entry.tenant, event.direction, us=lasted_us)

    def _queued(self, entry: Entry, event: Queued) -> None:
        self._entered.add(entry.tenant, event.queue)

    def _queue_refused(self, entry: Entry, event: QueueRefused) -> None:
        self._refused.add(entry.tenant, event.queue, event.reason)

    def _offer_made(self, entry: Entry, event: OfferMade) -> None:
        self._offers_made.add(entry.tenant, event.queue)

    def _offer_ended(self, entry: Entry, event: OfferEnded) -> None:
        self._offers_ended.add(entry.tenant, event.outcome)

    def _agent_connected(self, entry: Entry, event: AgentConnected) -> None:
        tenant = entry.tenant
        self._offers_ended.add(tenant, words.ANSWERED)
        self._answered.add(tenant, event.queue)
        if event.waited_us <= self.threshold_us(tenant, event.queue):
            self._answered_in_time.add(tenant, event.queue)
        self._wait.observe(tenant, event.queue, words.ANSWERED, us=event.waited_us)
        self._served[tenant, event.agent] = event.queue

    def _visit_ended(self, entry: Entry, event: VisitEnded) -> None:
        tenant, queue = entry.tenant, event.queue
        self._visits.add(tenant, queue, event.outcome)
        if event.outcome == words.ENDED:
            self._talk.observe(tenant, queue, us=event.talked_us)
            return
        self._wait.observe(tenant, queue, event.outcome, us=event.waited_us)
        if event.outcome == words.WITHDRAWN:
            self._left.add(tenant, queue, event.reason)
        if event.outcome == words.ABANDONED:
            self._abandoned.add(tenant, queue)
            if event.waited_us <= self.threshold_us(tenant, queue):
                self._abandoned_in_time.add(tenant, queue)
            if event.waited_us <= words.SHORT_ABANDON_US:
                self._abandoned_short.add(tenant, queue)

    def _callback_ended(self, entry: Entry, event: CallbackEnded) -> None:
        self._callbacks.add(entry.tenant, event.queue, event.outcome)

    def _agent_changed(self, entry: Entry, event: AgentChanged) -> None:
        agent = (entry.tenant, event.agent)
        if event.state == words.WRAP_UP:
            self._wrapping_since.setdefault(agent, entry.at)
            return
        since = self._wrapping_since.pop(agent, None)
        queue = self._served.get(agent)
        if since is not None and queue is not None:
            self._wrap_up.observe(entry.tenant, queue, us=entry.at - since)

    def _transferred(self, entry: Entry, event: Transferred) -> None:
        self._transfers.add(entry.tenant, event.outcome)

    def _recording_deleted(self, entry: Entry, event: RecordingDeleted) -> None:
        self._recordings_deleted.add(entry.tenant, event.reason)

    def _recording_ended(self, entry: Entry, event: RecordingEnded) -> None:
        self._recordings.add(entry.tenant, event.reason)
        self._recordings_lost.add(entry.tenant, amount=event.lost_ms / 1000)

    def _audio_alarm(self, entry: Entry, event: AudioAlarm) -> None:
        if event.raised:
            self._alarms.add(entry.tenant, event.alarm)

    def _leg_measured(self, entry: Entry, event: LegMeasured) -> None:
        where = (entry.tenant, event.trunk or words.PHONES)
        ways = [(words.HEARD, event.received + event.lost, event.lost, event.jitter_us, event.mos_heard)]
        if event.reports:
            lost = min(max(0, event.peer_lost), event.sent)
            ways.append((words.REPORTED, event.sent, lost, event.peer_jitter_us, event.mos_peer))
        for way, packets, lost, jitter_us, mos in ways:
            if mos and packets:
                self._mos.observe(*where, way, us=mos * 10_000)
                self._loss.observe(*where, way, us=lost * 1_000_000 // packets)
                self._jitter.observe(*where, way, us=jitter_us)
        if event.round_trip_us:
            self._round_trip.observe(*where, us=event.round_trip_us)

    def _registered(self, entry: Entry, _event: Registered) -> None:
        self._registrations.add(entry.tenant, words.REGISTERED)

    def _unregistered(self, entry: Entry, event: Unregistered) -> None:
        self._registrations.add(entry.tenant, event.reason)
