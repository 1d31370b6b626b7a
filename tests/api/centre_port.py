"""A small centre held in memory behind the `ControlPort`, for tests of the HTTP side and the command line.

It stands at the one seam where the other side is a Protocol; what a real switch answers is tested
through the node.
"""

from collections.abc import Iterator
from dataclasses import replace

from switch.api.views import (
    AccountView,
    AgentRow,
    AgentVerb,
    CallAudio,
    CallbackRow,
    CallRecord,
    CallRow,
    ConfigurationProblem,
    GatewayRow,
    Health,
    LegAudio,
    NewSecret,
    NumberRow,
    Outcome,
    Overview,
    QueueRow,
    ReloadOutcome,
    Result,
    SecretReset,
    SipListener,
    TrunkRow,
    WhyAnswer,
    WhyCandidate,
    WhyEvent,
    WhyOffer,
)

_SHOWN = {
    AgentVerb.SIGN_IN: "available",
    AgentVerb.SIGN_OUT: "logged-out",
    AgentVerb.PAUSE: "paused",
    AgentVerb.RESUME: "available",
    AgentVerb.END_WRAP_UP: "available",
}


class CentrePort:
    """Two tenants that both have an agent `lea`; only maple has `tom`."""

    def __init__(self) -> None:
        self.now_ready = Health(live=True, ready=True)
        self.shown = {"birch/lea": "logged-out", "maple/lea": "available", "maple/tom": "logged-out"}
        self.reasons: dict[str, str] = {}
        self.live = {"c-n1-7": "maple"}
        self.problems: tuple[ConfigurationProblem, ...] = ()

    def health(self) -> Health:
        return self.now_ready

    def metrics(self) -> tuple[Iterator[bytes], str]:
        return iter((b"softswitch_calls 1\n",)), "text/plain; version=0.0.4; charset=utf-8"

    def overview(self) -> Overview:
        return Overview(
            version="0.1.0",
            centre="two",
            sip=(SipListener("UDP", "127.0.0.1", 5060), SipListener("TCP", "127.0.0.1", 5060)),
            http="127.0.0.1:8080",
            metrics="http://127.0.0.1:8080/metrics",
            control="/tmp/two/control.sock",
            state="/tmp/two",
            numbers=(NumberRow("maple", "+15145550100", "flow", "welcome"),),
            agents=tuple(self.agents()),
            accounts=tuple(self.accounts()),
        )

    def accounts(self) -> list[AccountView]:
        return [
            AccountView("birch", "101", "birch-101", False, (), "lea"),
            AccountView("maple", "101", "maple-101", True, ("192.0.2.7:5062",), "lea"),
            AccountView("maple", "102", "maple-102", False, (), "tom"),
        ]

    async def reset_account(self, name: str) -> SecretReset:
        for account in self.accounts():
            if name in (account.user, f"{account.tenant}/{account.account}"):
                secret = NewSecret(account.tenant, account.account, account.user, account.tenant, "s3cret")
                return SecretReset(Outcome(Result.DONE, f"{account.user} has a new secret"), secret)
        result = Result.AMBIGUOUS if name == "101" else Result.NOT_FOUND
        return SecretReset(Outcome(result, f"{name}: {result.value}"))

    def agents(self) -> list[AgentRow]:
        rows = []
        for name, state in self.shown.items():
            tenant, agent = name.split("/")
            reason = self.reasons.get(name, "")
            call = "c-n1-7" if name == "maple/lea" else ""
            row = AgentRow(tenant, agent, "101", state, reason, 61_000, call, 4, 1, (("french", 80),))
            failing = name == "maple/tom"
            rows.append(replace(row, line="failing", line_reason="10% was lost") if failing else row)
        return rows

    def agent_command(self, name: str, verb: AgentVerb, reason: str) -> Outcome:
        full = [known for known in self.shown if name in (known, known.split("/")[1])]
        if not full:
            return Outcome(Result.NOT_FOUND, f"no agent {name}; the nearest is maple/tom")
        if len(full) > 1:
            return Outcome(Result.AMBIGUOUS, f"{name} is in several tenants: {', '.join(full)}")
        if verb is AgentVerb.PAUSE and self.shown[full[0]] == "logged-out":
            return Outcome(Result.REFUSED, f"{full[0]} is not signed in")
        self.shown[full[0]] = _SHOWN[verb]
        self.reasons[full[0]] = reason
        return Outcome(Result.DONE, f"{full[0]}: {verb.value}")

    def queues(self) -> list[QueueRow]:
        return [
            QueueRow("maple", "sales", 3, 1, 2, 42_000, 0, 2, 9, 4, 1, 0.8, 20_000),
            QueueRow("maple", "support", 0, 0, 0, 0, 1, 2, 0, 0, 0, None, 20_000),
        ]

    def callbacks(self) -> list[CallbackRow]:
        return [CallbackRow("maple", "b-1", "sales", "+33612345678", "resting", 90_000, 2, 3_600_000)]

    def cancel_callback(self, callback: str) -> Outcome:
        if callback != "b-1":
            return Outcome(Result.NOT_FOUND, f"no callback {callback} is open")
        return Outcome(Result.DONE, f"{callback} is taken back; nobody is called")

    def trunks(self) -> list[TrunkRow]:
        paris = GatewayRow(
            "192.0.2.1:5060",
            "UDP",
            "sip.carrier.example",
            "up",
            61_000,
            "OPTIONS 200",
            4_000,
            21.5,
            3,
            10,
            1,
            5,
        )
        lyon = GatewayRow("192.0.2.2:5060", "TCP", "", "down", 12_000, "timeout", 12_000, None, 0, 0, 0, 0)
        return [
            TrunkRow("carrier", True, 3, 30, 1, 0, "registered", 540_000, "200 OK", (paris, lyon)),
            TrunkRow("spare", False, 0, 0, 0, 0, "rejected", None, "401 Unauthorized"),
        ]

    def calls(self) -> list[CallRow]:
        return [
            CallRow(
                tenant, call, "inbound", "+15145550111", "+15145550100", "talking", "sales", "lea", 3_723_000
            )
            for call, tenant in self.live.items()
        ]

    async def recent_calls(self, limit: int) -> list[CallRecord]:
        start = 1_767_225_600_000_000
        record = CallRecord(
            "maple",
            "c-n1-6",
            "inbound",
            "+15145550111",
            "+15145550100",
            start,
            start + 2_000_000,
            start + 65_000_000,
            "normal",
            "caller",
            "sales",
            "lea",
            12_000,
            50_000,
        )
        return [record][:limit]

    def hang_up(self, call: str) -> Outcome:
        if self.live.pop(call, None) is None:
            return Outcome(Result.NOT_FOUND, f"no live call {call}")
        return Outcome(Result.DONE, f"{call} is ended")

    async def call_audio(self, call: str) -> CallAudio | None:
        if call != "c-n1-7":
            return None
        caller = LegAudio(
            leg="l-1",
            role="caller",
            name="+15145550111",
            trunk="",
            agent="",
            live=False,
            received=9_900,
            sent=10_000,
            lost=100,
            jitter_ms=4.2,
            jitter_max_ms=30.0,
            concealed_ms=0,
            reports=0,
            peer_lost=0,
            peer_jitter_ms=0.0,
            round_trip_ms=None,
            mos_heard=4.33,
            mos_peer=None,
            mos_now=None,
            mos_worst=3.1,
        )
        agent = replace(
            caller,
            leg="l-2",
            role="agent",
            name="101",
            live=True,
            reports=9,
            peer_lost=500,
            peer_jitter_ms=21.0,
            round_trip_ms=83.4,
            mos_peer=3.92,
            mos_now=4.4,
            alarms=("silence",),
        )
        return CallAudio(call, "maple", (caller, agent))

    async def why(self, call: str) -> WhyAnswer | None:
        if call != "c-n1-7":
            return None
        offer = WhyOffer(
            12_000,
            "sales",
            "lea",
            "most-skilled",
            (("french", 50),),
            2,
            (WhyCandidate("lea", 80, 90_000), WhyCandidate("max", 60, 400_000)),
            (("skill-missing", 3), ("paused", 1)),
            "score",
            "connected",
        )
        text = "lea was chosen of 2 candidates by skill: 80 against 60 of max."
        return WhyAnswer(call, "maple", text, (offer,), (WhyEvent(0, "call-started", "from +15145550111"),))

    async def reload(self) -> ReloadOutcome:
        if self.problems:
            return ReloadOutcome(False, "the old configuration stays", self.problems)
        return ReloadOutcome(True, "2 tenants loaded")
