"""What we ask carriers by ourselves: OPTIONS, to see that a gateway lives, and REGISTER.

Each request has a ticket. The owner sends what `compose` makes and brings back what came of it; an answer
whose ticket is not known any more (a probe that was given up, a registration that was stopped) is nothing.
"""

from dataclasses import dataclass

from switch.base.clock import SECOND
from switch.base.rng import SplitMix64
from switch.base.timers import TimerHeap
from switch.base.tokens import TokenSource
from switch.sip.flow import Flow
from switch.sip.message import Request
from switch.sip.uri import NameAddr, Uri
from switch.trunk.settings import Gateway

PROBE_WAIT_US = 4 * SECOND
"""An OPTIONS has been sent four times by then (RFC 3261 section 17.1.2.2): a gateway that is silent for so
long would be passed over by a call, too."""

FIRST_PROBES_US = 2 * SECOND
"""The first probes of all gateways are spread over this after a start."""

MAX_FORWARDS = 70

ProbeKey = tuple[str, Gateway]


@dataclass(slots=True)
class Probe:
    """An OPTIONS under way."""

    ticket: int
    sent_at: int


class Probes:
    """When each gateway is asked, and which question is open. Tickets are the owner's."""

    __slots__ = ("_open", "_rng", "_timers", "_tokens", "periods_us")

    def __init__(self, tokens: TokenSource, rng: SplitMix64) -> None:
        self._tokens = tokens
        self._rng = rng
        self.periods_us: dict[ProbeKey, int] = {}
        """How often each gateway is asked; empty where none is."""
        self._open: dict[ProbeKey, Probe] = {}
        self._timers: TimerHeap[ProbeKey] = TimerHeap()

    def watch(self, wanted: dict[ProbeKey, int], now: int) -> None:
        """Probe these, each with its period in seconds, and no others."""
        for key in [key for key in self.periods_us if key not in wanted]:
            del self.periods_us[key]
            self._open.pop(key, None)
            self._timers.cancel(key)
        for key, period_s in wanted.items():
            if key not in self.periods_us:
                self._timers.set(key, now + self._rng.below(FIRST_PROBES_US))
            self.periods_us[key] = period_s * SECOND

    def next_timer(self) -> int | None:
        return self._timers.next()

    def due(self, now: int) -> tuple[ProbeKey, bool] | None:
        """One gateway: True where its open question has not been answered in time, False to ask it now."""
        key = self._timers.pop(now)
        if key is None:
            return None
        if self._open.pop(key, None) is not None:
            self._again(key, now)
            return key, True
        return key, False

    def asked(self, key: ProbeKey, ticket: int, now: int) -> None:
        self._open[key] = Probe(ticket, now)
        self._timers.set(key, now + PROBE_WAIT_US)

    def answered(self, key: ProbeKey, ticket: int, now: int) -> int | None:
        """How long the answer took (us), None where nobody waits for it."""
        probe = self._open.get(key)
        if probe is None or probe.ticket != ticket:
            return None
        del self._open[key]
        self._again(key, now)
        return now - probe.sent_at

    def _again(self, key: ProbeKey, now: int) -> None:
        """The next question, a tenth earlier or later, so that switches do not ask in step."""
        period_us = self.periods_us[key]
        self._timers.set(key, now + period_us - period_us // 10 + self._rng.below(period_us // 5 + 1))

    def compose(self, gateway: Gateway, flow: Flow) -> Request:
        """OPTIONS to the gateway itself (RFC 3261 section 11.1)."""
        address = gateway.address
        uri = Uri(host=address.host, port=address.port)
        ours = NameAddr("", Uri(user="softswitch", host=flow.local.host))
        headers = [
            ("Max-Forwards", str(MAX_FORWARDS)),
            ("From", str(ours.with_tag(self._tokens.token(10)))),
            ("To", str(NameAddr("", uri))),
            ("Call-ID", self._tokens.token(20)),
            ("CSeq", "1 OPTIONS"),
            ("Contact", str(NameAddr("", Uri(host=flow.local.host, port=flow.local.port)))),
            ("Accept", "application/sdp"),
        ]
        return Request("OPTIONS", uri, headers)
