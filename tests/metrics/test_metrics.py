"""What Prometheus reads: parsed back from the text, with exact values from hand-made journals."""

import re
from dataclasses import replace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from switch.acd.decisions import AgentState, OfferOutcome, VisitOutcome
from switch.exchange import transfers
from switch.journal.entry import Entry, Journal
from switch.journal.events import (
    AgentChanged,
    AgentConnected,
    AudioAlarm,
    Event,
    LegMeasured,
    QueueRefused,
    Registered,
    Transferred,
    Unregistered,
    VisitEnded,
)
from switch.metrics import families, words
from switch.metrics.families import CounterFamily, HistogramFamily
from switch.metrics.metrics import Metrics
from switch.metrics.snapshot import (
    AccountsReading,
    AgentsReading,
    AttemptsReading,
    CallsReading,
    CertificateReading,
    Count,
    GatewayChannels,
    GatewayReading,
    JournalReading,
    LimitReading,
    QueueReading,
    RoomsReading,
    RtpReading,
    SipMessages,
    Snapshot,
    TenantChannels,
    TrunkReading,
)
from tests.journal.sample import S, queued_call

SNAPSHOT = Snapshot(
    version="0.1.0",
    started_wall_us=1_750_000_000 * S,
    configuration="abc",
    calls=(CallsReading("acme", "inbound", 3),),
    rooms=(RoomsReading("acme", 2, 5, 1),),
    legs=5,
    transactions=7,
    dialogs=6,
    queues=(QueueReading("acme", "support", 2, 1, 4, 12_500_000, 0, 5),),
    agents=(AgentsReading("acme", "busy", 4), AgentsReading("beta", "busy", 1)),
    accounts=(AccountsReading("acme", 10, 6, 8),),
    trunks=(
        TrunkReading("carrier", 3, 30, True, True, (GatewayReading("192.0.2.1:5060;udp", "up", 20_000),)),
        TrunkReading("free", 0, 0, False, None, (GatewayReading("192.0.2.2:5060;tcp", "down"),)),
    ),
    tenant_channels=(TenantChannels("acme", "carrier", 2),),
    gateway_channels=(GatewayChannels("carrier", "sip.carrier.example", 3, 10),),
    gateway_attempts=(AttemptsReading("carrier", "sip.carrier.example", "timeout", 4),),
    sip_messages=(
        SipMessages("received", "INVITE", 0, 9),
        SipMessages("sent", "INVITE", 200, 4),
        SipMessages("received", "EVIL1", 0, 2),
        SipMessages("received", "EVIL2", 0, 3),
    ),
    sip_connections=(Count("TLS", 2),),
    overload=1,
    certificates=(CertificateReading("sip.pem", 1_800_000_000),),
    sip_drops=(Count("malformed", 11),),
    limits=(LimitReading("maple", "account:calls", 7),),
    failed_logins=13,
    rtp=RtpReading(8, 9, 100, 1000, 1001, (Count("flood", 2),), (Count("late-ticks", 1),), 2_500_000),
    journal=JournalReading(17, 21_000, 0, False),
    violations=(Count("agent-has-two-offers", 0),),
)


def exposed(metrics: Metrics) -> dict[str, Metric]:
    text, content_type = metrics.render()
    assert content_type.startswith("text/plain")
    return {family.name: family for family in text_string_to_metric_families(text.decode())}


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    for family in exposed(metrics).values():
        for sample in family.samples:
            if sample.name == name and sample.labels == labels:
                return float(sample.value)
    return None


def entries(*events: Event, tenant: str = "acme") -> list[Entry]:
    journal = Journal()
    return [journal.write(event, number * S, tenant=tenant) for number, event in enumerate(events)]


@pytest.fixture
def metrics() -> Metrics:
    made = Metrics(CollectorRegistry())
    made.set_thresholds({("acme", "support"): 20 * S})
    return made


def test_a_whole_call(metrics: Metrics) -> None:
    metrics.observe(queued_call())
    queue = {"tenant": "acme", "queue": "support"}
    assert value(metrics, "softswitch_calls_started_total", tenant="acme", direction="inbound") == 1
    assert (
        value(metrics, "softswitch_calls_ended_total", tenant="acme", direction="inbound", cause="normal")
        == 1
    )
    assert value(metrics, "softswitch_call_duration_seconds_sum", tenant="acme", direction="inbound") == 90
    assert value(metrics, "softswitch_queue_entered_total", **queue) == 1
    assert value(metrics, "softswitch_queue_answered_total", **queue) == 1
    assert value(metrics, "softswitch_queue_answered_in_time_total", **queue) == 0
    assert value(metrics, "softswitch_queue_visits_ended_total", outcome="ended", **queue) == 1
    assert value(metrics, "softswitch_queue_wait_seconds_sum", outcome="answered", **queue) == 26
    assert value(metrics, "softswitch_queue_wait_seconds_bucket", outcome="answered", le="20.0", **queue) == 0
    assert value(metrics, "softswitch_queue_wait_seconds_bucket", outcome="answered", le="30.0", **queue) == 1
    assert value(metrics, "softswitch_queue_talk_seconds_sum", **queue) == 60
    assert value(metrics, "softswitch_offers_made_total", **queue) == 2
    assert value(metrics, "softswitch_offers_ended_total", tenant="acme", outcome="no-answer") == 1
    assert value(metrics, "softswitch_offers_ended_total", tenant="acme", outcome="answered") == 1
    assert value(metrics, "softswitch_journal_entries_total", kind="leg-opened") == 3


def test_the_threshold_is_the_queues_own_and_inclusive(metrics: Metrics) -> None:
    metrics.observe(
        entries(
            AgentConnected("v-1", "support", "anna", 20 * S),
            AgentConnected("v-2", "support", "anna", 20 * S + 1),
            VisitEnded("v-3", "support", "abandoned", "", "", 20 * S, 0),
            VisitEnded("v-4", "support", "abandoned", "", "", 5 * S, 0),
            VisitEnded("v-5", "support", "abandoned", "", "", 21 * S, 0),
            VisitEnded("v-6", "support", "withdrawn", "", "", 1 * S, 0),
        )
    )
    queue = {"tenant": "acme", "queue": "support"}
    assert value(metrics, "softswitch_queue_answered_in_time_total", **queue) == 1
    assert value(metrics, "softswitch_queue_abandoned_total", **queue) == 3
    assert value(metrics, "softswitch_queue_abandoned_in_time_total", **queue) == 2
    assert value(metrics, "softswitch_queue_abandoned_short_total", **queue) == 1
    assert value(metrics, "softswitch_queue_wait_seconds_count", outcome="withdrawn", **queue) == 1
    assert value(metrics, "softswitch_queue_service_level_threshold_seconds", **queue) == 20


def test_a_queue_may_promise_less_than_others(metrics: Metrics) -> None:
    metrics.set_thresholds({("acme", "support"): 60 * S})
    metrics.observe(
        entries(
            AgentConnected("v-1", "support", "anna", 59 * S),
            AgentConnected("v-2", "sales", "anna", 59 * S),
        )
    )
    in_time = "softswitch_queue_answered_in_time_total"
    assert value(metrics, in_time, tenant="acme", queue="support") == 1
    assert not value(metrics, in_time, tenant="acme", queue="sales")


def _agent(state: str) -> AgentChanged:
    return AgentChanged("anna", state, "", True, "")


def test_wrap_up_is_counted_for_the_queue_that_was_served(metrics: Metrics) -> None:
    metrics.observe(
        entries(
            AgentConnected("v-1", "support", "anna", S),
            _agent("busy"),
            _agent("wrap-up"),
            _agent("wrap-up"),
            _agent("logged-out"),
            _agent("available"),
        )
    )
    queue = {"tenant": "acme", "queue": "support"}
    assert value(metrics, "softswitch_queue_wrap_up_seconds_count", **queue) == 1
    assert value(metrics, "softswitch_queue_wrap_up_seconds_sum", **queue) == 2


def test_registrations_transfers_and_refusals(metrics: Metrics) -> None:
    metrics.observe(
        entries(
            Registered("101", "sip:101@x", "192.0.2.1", 60),
            Unregistered("101", "sip:101@x", "expired"),
            Transferred("l-1", "102", "done"),
            QueueRefused("v-1", "support", "full"),
        )
    )
    assert value(metrics, "softswitch_registration_changes_total", tenant="acme", change="registered") == 1
    assert value(metrics, "softswitch_registration_changes_total", tenant="acme", change="expired") == 1
    assert value(metrics, "softswitch_transfers_total", tenant="acme", outcome="done") == 1
    refused = {"tenant": "acme", "queue": "support", "reason": "full"}
    assert value(metrics, "softswitch_queue_refusals_total", **refused) == 1


def test_two_tenants_with_the_same_queue_name_do_not_mix(metrics: Metrics) -> None:
    metrics.observe(queued_call(tenant="acme") + queued_call(tenant="beta"))
    metrics.observe(queued_call(tenant="beta"))
    for name in ("entered_total", "answered_total", "offers_made", "visits_ended_total"):
        counter = "softswitch_offers_made_total" if name == "offers_made" else f"softswitch_queue_{name}"
        ended = {"outcome": "ended"} if name == "visits_ended_total" else {}
        acme = value(metrics, counter, tenant="acme", queue="support", **ended)
        assert acme, counter
        assert value(metrics, counter, tenant="beta", queue="support", **ended) == 2 * acme, counter


def test_configured_queues_are_shown_at_zero(metrics: Metrics) -> None:
    queue = {"tenant": "acme", "queue": "support"}
    for name in ("entered", "answered", "answered_in_time", "abandoned", "abandoned_in_time"):
        assert value(metrics, f"softswitch_queue_{name}_total", **queue) == 0
    assert value(metrics, "softswitch_queue_wait_seconds_count", outcome="answered", **queue) == 0


def test_the_snapshot_is_shown(metrics: Metrics) -> None:
    metrics.set_gauges(SNAPSHOT)
    queue = {"tenant": "acme", "queue": "support"}
    assert value(metrics, "softswitch_build_info", version="0.1.0", configuration="abc") == 1
    assert value(metrics, "softswitch_start_time_seconds") == 1_750_000_000
    assert value(metrics, "softswitch_calls", tenant="acme", direction="inbound") == 3
    assert value(metrics, "softswitch_legs") == 5
    assert value(metrics, "softswitch_conferences", tenant="acme") == 2
    assert value(metrics, "softswitch_conference_members", tenant="acme") == 5
    assert value(metrics, "softswitch_calls_supervised", tenant="acme") == 1
    assert value(metrics, "softswitch_queue_waiting", **queue) == 2
    assert value(metrics, "softswitch_queue_offered", **queue) == 1
    assert value(metrics, "softswitch_queue_talking", **queue) == 4
    assert value(metrics, "softswitch_queue_oldest_wait_seconds", **queue) == 12.5
    assert value(metrics, "softswitch_queue_agents_ready", **queue) == 0
    assert value(metrics, "softswitch_queue_agents_signed_in", **queue) == 5
    assert value(metrics, "softswitch_agents", tenant="beta", state="busy") == 1
    assert value(metrics, "softswitch_accounts_registered", tenant="acme") == 6
    assert value(metrics, "softswitch_registrations", tenant="acme") == 8
    assert value(metrics, "softswitch_trunk_channels_max", trunk="carrier") == 30
    assert value(metrics, "softswitch_trunk_channels_max", trunk="free") is None
    assert value(metrics, "softswitch_trunk_up", trunk="free") == 0
    assert value(metrics, "softswitch_trunk_channels", trunk="carrier") == 3
    assert value(metrics, "softswitch_tenant_channels", tenant="acme", trunk="carrier") == 2
    assert value(metrics, "softswitch_trunk_registered", trunk="carrier") == 1
    assert value(metrics, "softswitch_trunk_registered", trunk="free") is None
    place = {"trunk": "free", "address": "192.0.2.2:5060;tcp"}
    states = [value(metrics, "softswitch_gateway_state", **place, state=word) for word in ("up", "down")]
    assert states == [0, 1]
    assert value(metrics, "softswitch_gateway_options_seconds", **place) is None
    name = {"trunk": "carrier", "gateway": "sip.carrier.example"}
    assert value(metrics, "softswitch_gateway_channels", **name) == 3
    assert value(metrics, "softswitch_gateway_attempts_total", **name, outcome="timeout") == 4
    assert value(metrics, "softswitch_rtp_packets_total", direction="sent") == 1001
    assert value(metrics, "softswitch_rtp_drops_total", reason="flood") == 2
    assert value(metrics, "softswitch_engine_cpu_seconds_total") == 2.5
    assert value(metrics, "softswitch_journal_durable_lag_seconds") == 0.021
    assert value(metrics, "softswitch_journal_healthy") == 0
    assert value(metrics, "softswitch_failed_logins_total") == 13
    assert value(metrics, "softswitch_limit_refusals_total", tenant="maple", limit="account:calls") == 7
    assert value(metrics, "softswitch_invariant_violations_total", invariant="agent-has-two-offers") == 0


def test_what_is_gone_from_the_snapshot_is_gone_from_the_page(metrics: Metrics) -> None:
    metrics.set_gauges(SNAPSHOT)
    metrics.set_gauges(Snapshot("0.1.0", 0))
    assert value(metrics, "softswitch_queue_waiting", tenant="acme", queue="support") is None


def test_invented_methods_make_no_series(metrics: Metrics) -> None:
    metrics.set_gauges(SNAPSHOT)
    messages = "softswitch_sip_messages_total"
    assert value(metrics, messages, direction="received", method="INVITE", status="") == 9
    assert value(metrics, messages, direction="sent", method="INVITE", status="200") == 4
    assert value(metrics, messages, direction="received", method="other", status="") == 5


def test_a_page_that_is_written_in_pieces_is_of_one_moment(metrics: Metrics) -> None:
    """What is counted and set while somebody writes it belongs to the next page."""
    metrics.set_gauges(SNAPSHOT)
    metrics.observe(queued_call())
    whole = metrics.render()[0]
    pieces = metrics.pieces()
    first = next(pieces)
    metrics.observe(queued_call())
    metrics.set_gauges(replace(SNAPSHOT, legs=77, transactions=78))
    rest = list(pieces)
    assert first + b"".join(rest) == whole
    assert len(rest) > 50, "a family each"
    assert metrics.render()[0] != whole


def test_the_number_of_label_sets_is_bounded() -> None:
    registry = CollectorRegistry()
    counter = CounterFamily(registry, "x_total", "X.", ("tenant", "queue"), bound=2)
    histogram = HistogramFamily(registry, "y_seconds", "Y.", ("queue",), (1.0,), bound=1)
    for number in range(10):
        counter.add("acme", f"q{number}")
        histogram.observe(f"q{number}", us=S)
        histogram.observe("q0", us=S)
    assert registry.get_sample_value("x_total", {"tenant": "acme", "queue": "q1"}) == 1
    assert registry.get_sample_value("x_total", {"tenant": "other", "queue": "other"}) == 8
    assert registry.get_sample_value("y_seconds_count", {"queue": "other"}) == 9
    assert registry.get_sample_value("y_seconds_count", {"queue": "q0"}) == 11
    assert families.LABEL_SETS_MAX < 40_000


def test_loop_lag(metrics: Metrics) -> None:
    metrics.observe_loop_lag([0.0004, 0.03])
    assert value(metrics, "softswitch_event_loop_lag_seconds_count") == 2
    assert value(metrics, "softswitch_event_loop_lag_seconds_bucket", le="0.02") == 1


def test_names_follow_the_conventions(metrics: Metrics) -> None:
    metrics.set_gauges(SNAPSHOT)
    metrics.observe(queued_call())
    for name, family in exposed(metrics).items():
        assert re.fullmatch(r"softswitch(_[a-z]+)+", name), name
        assert family.documentation.endswith("."), name
        assert family.type in ("counter", "gauge", "histogram"), name
        assert not name.endswith(("_us", "_ms", "_total", "_created")), name
        if family.type == "histogram":
            assert name.endswith(("_seconds", "_ratio", "_mos")), name
        for sample in family.samples:
            assert (family.type == "counter") == sample.name.endswith("_total"), sample.name


def test_with_no_registry_the_process_is_shown_too() -> None:
    assert "process_resident_memory_bytes" in exposed(Metrics())


def test_two_switches_in_one_process_have_their_own_figures() -> None:
    first, second = Metrics(), Metrics()
    first.observe(queued_call())
    assert value(second, "softswitch_calls_started_total", tenant="acme", direction="inbound") is None


def test_the_words_are_those_of_the_rooms_that_write_them() -> None:
    assert {words.ENDED, words.ABANDONED, words.WITHDRAWN, words.REFUSED} == set(VisitOutcome)
    assert {words.BUSY, words.WRAP_UP, words.AVAILABLE, words.OFFERED} <= set(AgentState)
    assert words.ANSWERED not in set(OfferOutcome)
    source = transfers.__file__
    assert source is not None
    with open(source, encoding="utf-8") as file:
        assert f', "{words.TRANSFER_DONE}", ' in file.read()


def measured(**changes: Any) -> LegMeasured:
    leg = LegMeasured(
        leg="l-1",
        role="caller",
        peer="+1",
        trunk="carrier",
        agent="",
        received=990,
        sent=1000,
        lost=10,
        jitter_us=4000,
        jitter_max_us=9000,
        concealed_ms=0,
        reports=3,
        peer_lost=50,
        peer_jitter_us=20_000,
        round_trip_us=80_000,
        round_trip_max_us=90_000,
        mos_heard=433,
        mos_peer=392,
        mos_worst=300,
    )
    return replace(leg, **changes)


def test_audio_is_counted_by_trunk_and_way(metrics: Metrics) -> None:
    metrics.observe(
        entries(measured(), measured(trunk="", reports=0, round_trip_us=0), measured(mos_heard=0, reports=0))
    )
    carrier, phones = {"tenant": "acme", "trunk": "carrier"}, {"tenant": "acme", "trunk": "phones"}
    assert value(metrics, "softswitch_leg_mos_sum", **carrier, way="heard") == pytest.approx(4.33)
    assert value(metrics, "softswitch_leg_mos_sum", **carrier, way="reported") == pytest.approx(3.92)
    assert value(metrics, "softswitch_leg_loss_ratio_sum", **carrier, way="heard") == pytest.approx(0.01)
    assert value(metrics, "softswitch_leg_loss_ratio_sum", **carrier, way="reported") == pytest.approx(0.05)
    assert value(metrics, "softswitch_leg_jitter_seconds_sum", **phones, way="heard") == pytest.approx(0.004)
    assert value(metrics, "softswitch_leg_mos_count", **phones, way="reported") is None
    assert value(metrics, "softswitch_leg_round_trip_seconds_count", **carrier) == 2
    assert value(metrics, "softswitch_leg_round_trip_seconds_count", **phones) is None


def test_alarms_are_counted_as_they_are_raised(metrics: Metrics) -> None:
    metrics.observe(entries(AudioAlarm("l-1", "no-audio", True), AudioAlarm("l-1", "no-audio", False)))
    assert value(metrics, "softswitch_audio_alarms_total", tenant="acme", alarm="no-audio") == 1
