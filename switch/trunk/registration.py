"""One registration of ours with a carrier (RFC 3261 section 10.2): what is sent when, as one table.

A machine without sockets: `start`, `stop`, `receive`, `handle_timer`; `poll` gives what is to be sent (the
number of the gateway) and what happened. The owner makes the request by `request(flow)` when it knows the
way, and brings the answer back, None where there was none.

A round is one try: with credentials after a challenge, with Min-Expires after a 423, and at each gateway in
turn while none answers. Only when the whole round has failed the machine waits.
"""

from dataclasses import dataclass
from enum import StrEnum

from switch.base.clock import SECOND
from switch.base.errors import PeerError
from switch.base.rng import SplitMix64
from switch.base.tokens import TokenSource
from switch.sip import digest
from switch.sip.flow import Flow, Transport
from switch.sip.message import Request, Response
from switch.sip.uri import NameAddr, Uri
from switch.trunk.settings import (
    Credentials,
    Gateway,
    RegistrationLost,
    RegistrationRejected,
    RegistrationUnanswered,
    RegistrationUp,
)

BACK_OFF_BASE_S = 30
BACK_OFF_MAX_S = 1800
"""RFC 5626 section 4.5: the wait doubles from the one to the other."""

RETRY_AFTER_MAX_S = 3600
"""A carrier that asks for more is believed for an hour."""

EXPIRES_MAX_S = 86_400
"""The longest interval that a 423 can talk us into."""

GRANTED_MIN_S = 10
"""A carrier that grants less would have us do nothing else."""

CHALLENGES_MAX = 2
"""In one round: one asks for the password, one may say that its nonce had just grown old."""

LINE_LENGTH = 20
"""Of 36 letters: 103 bits, so that no stranger guesses the line (see docs/decisions/0020)."""

MAX_FORWARDS = 70


class RegistrationState(StrEnum):
    """REFRESHING is registered, and asking to stay so."""

    IDLE = "idle"
    REGISTERING = "registering"
    REGISTERED = "registered"
    REFRESHING = "refreshing"
    WAITING = "waiting"
    REJECTED = "rejected"
    UNREGISTERING = "unregistering"
    STOPPED = "stopped"


class RegistrationInput(StrEnum):
    """What can happen to a registration."""

    START = "start"
    ACCEPTED = "2xx"
    AGAIN = "a challenge, a 423, or a gateway that fails and is not the last"
    FAILED = "the last gateway fails"
    REFUSED = "any other answer"
    DUE = "the time has come"
    STOP = "stop"
    STOP_UNKNOWN = "stop, where the carrier does not know us"


_S = RegistrationState
_I = RegistrationInput

TRANSITIONS: dict[tuple[RegistrationState, RegistrationInput], RegistrationState] = {
    (_S.IDLE, _I.START): _S.REGISTERING,
    (_S.REGISTERING, _I.ACCEPTED): _S.REGISTERED,
    (_S.REGISTERING, _I.AGAIN): _S.REGISTERING,
    (_S.REGISTERING, _I.FAILED): _S.WAITING,
    (_S.REGISTERING, _I.REFUSED): _S.REJECTED,
    (_S.REGISTERED, _I.DUE): _S.REFRESHING,
    (_S.REFRESHING, _I.ACCEPTED): _S.REGISTERED,
    (_S.REFRESHING, _I.AGAIN): _S.REFRESHING,
    (_S.REFRESHING, _I.FAILED): _S.WAITING,
    (_S.REFRESHING, _I.REFUSED): _S.REJECTED,
    (_S.WAITING, _I.DUE): _S.REGISTERING,
    (_S.REJECTED, _I.DUE): _S.REGISTERING,
    (_S.UNREGISTERING, _I.ACCEPTED): _S.STOPPED,
    (_S.UNREGISTERING, _I.AGAIN): _S.UNREGISTERING,
    (_S.UNREGISTERING, _I.FAILED): _S.STOPPED,
    (_S.UNREGISTERING, _I.REFUSED): _S.STOPPED,
    # While it waits after a failed refresh the carrier still knows us from before.
    **{
        (state, _I.STOP): _S.UNREGISTERING
        for state in (_S.REGISTERING, _S.REGISTERED, _S.REFRESHING, _S.WAITING)
    },
    **{(state, _I.STOP_UNKNOWN): _S.STOPPED for state in (_S.IDLE, _S.REGISTERED, _S.WAITING, _S.REJECTED)},
}
"""An input without a row changes nothing: a late answer, a second stop."""

ASKING = frozenset({_S.REGISTERING, _S.REFRESHING, _S.UNREGISTERING})
"""A request is on its way."""


@dataclass(frozen=True, slots=True)
class SendRegister:
    """Send what `request` makes to this gateway; None: there is none, which is a failure of the round."""

    gateway: Gateway | None


RegistrationOutput = (
    SendRegister | RegistrationUp | RegistrationLost | RegistrationRejected | RegistrationUnanswered
)


@dataclass(frozen=True, slots=True)
class Line:
    """Whom we register as. `domain` is the carrier's, of Request-URI, From and To."""

    trunk: str
    domain: str
    user: str
    credentials: Credentials
    expires_s: int


class Registration:
    """See the table. `gateways` are asked in this order; none for as long as none is located."""

    __slots__ = (
        "_attempt",
        "_call_id",
        "_challenge",
        "_challenges",
        "_cseq",
        "_due",
        "_expires_s",
        "_failures",
        "_lengthened",
        "_nonce_count",
        "_out",
        "_retry_after_s",
        "_rng",
        "_tag",
        "_tokens",
        "_told",
        "expires_at",
        "gateways",
        "last",
        "line",
        "since",
        "state",
        "token",
    )

    def __init__(self, line: Line, tokens: TokenSource, rng: SplitMix64) -> None:
        self.line = line
        self.gateways: tuple[Gateway, ...] = ()
        self.state = RegistrationState.IDLE
        self.token = tokens.token(LINE_LENGTH)
        self.since = 0
        self.expires_at = 0
        """Until when the carrier knows us (monotonic us); 0 where it does not."""
        self.last = ""
        """How the last round ended, for people: `200 OK`, `403 Forbidden`, `timeout`."""
        self._tokens = tokens
        self._rng = rng
        self._tag = tokens.token(10)
        self._call_id = tokens.token(20)
        self._cseq = 0
        self._expires_s = line.expires_s
        self._challenge: tuple[str, str] | None = None
        """The header to answer with, and the challenge."""
        self._nonce_count = 0
        self._challenges = 0
        self._lengthened = False
        self._attempt = 0
        self._failures = 0
        self._retry_after_s = 0
        self._due: int | None = None
        self._told = False
        self._out: list[RegistrationOutput] = []

    # The endpoint's contract.

    def start(self, now: int) -> None:
        """Register, from IDLE."""
        if self._move(RegistrationInput.START, now):
            self._begin_round()

    def stop(self, now: int) -> None:
        """Take the registration back; nothing is told of it."""
        known = self.state in ASKING or self.expires_at > now
        if self._move(RegistrationInput.STOP if known else RegistrationInput.STOP_UNKNOWN, now):
            self._due = None
            if self.state is RegistrationState.UNREGISTERING:
                self._begin_round()

    def receive(self, response: Response | None, now: int, failure: str = "timeout") -> None:
        """The final answer to the last request, or None where there was none, and why."""
        if self.state not in ASKING:
            return
        if response is None:
            self._gateway_failed(failure, now)
            return
        status = response.status
        self.last = f"{status} {response.reason}".strip()
        if 200 <= status < 300:
            self._accepted(response, now)
        elif self._can_mend(response):
            self._again(now)
        elif status in (408, 429) or 500 <= status < 600:
            self._retry_after_s = max(self._retry_after_s, retry_after_s(response))
            self._gateway_failed(self.last, now)
        else:
            self._refused(now)

    def handle_timer(self, now: int) -> None:
        """Refresh, try again, or see that the carrier has forgotten us."""
        if self._told and self.expires_at <= now:
            self._lost()
        if self._due is not None and now >= self._due:
            self._due = None
            if self._move(RegistrationInput.DUE, now):
                self._begin_round()

    def next_timer(self) -> int | None:
        times = [at for at in (self._due, self.expires_at if self._told else None) if at is not None]
        return min(times, default=None)

    def poll(self) -> list[RegistrationOutput]:
        out, self._out = self._out, []
        return out

    # Looking.

    def stands(self, now: int) -> bool:
        """Whether the carrier knows where we are."""
        return self.expires_at > now

    @property
    def due(self) -> int | None:
        """When it is refreshed or tried again, or None while it asks."""
        return self._due

    def request(self, flow: Flow) -> Request:
        """The REGISTER of this moment; each has a higher CSeq (RFC 3261 section 10.2.4)."""
        self._cseq += 1
        line = self.line
        host = _bracketed(flow.local.host)
        params = ("" if flow.transport is Transport.UDP else f";transport={flow.transport.lower()}") + (
            f";line={self.token}"
        )
        user = str(Uri(user=line.user, host="x")).removeprefix("sip:").removesuffix("@x")
        address = NameAddr("", Uri(user=line.user, host=line.domain))
        uri = Uri(host=line.domain)
        expires_s = 0 if self.state is RegistrationState.UNREGISTERING else self._expires_s
        headers = [
            ("Max-Forwards", str(MAX_FORWARDS)),
            ("From", str(address.with_tag(self._tag))),
            ("To", str(address)),
            ("Call-ID", self._call_id),
            ("CSeq", f"{self._cseq} REGISTER"),
            ("Contact", f"<sip:{user}@{host}:{flow.local.port}{params}>;expires={expires_s}"),
            ("Expires", str(expires_s)),
        ]
        authorization = self._authorization(str(uri))
        if authorization is not None:
            headers.append(authorization)
        return Request("REGISTER", uri, headers)

    # Steps.

    def _move(self, given: RegistrationInput, now: int) -> bool:
        after = TRANSITIONS.get((self.state, given))
        if after is None:
            return False
        if after is not self.state:
            self.since = now
        self.state = after
        return True

    def _begin_round(self) -> None:
        self._attempt = 0
        self._challenges = 0
        self._lengthened = False
        self._retry_after_s = 0
        self._send()

    def _again(self, now: int) -> None:
        self._move(RegistrationInput.AGAIN, now)
        self._send()

    def _send(self) -> None:
        gateway = self.gateways[self._attempt] if self._attempt < len(self.gateways) else None
        self._out.append(SendRegister(gateway))

    def _accepted(self, response: Response, now: int) -> None:
        stopping = self.state is RegistrationState.UNREGISTERING
        self._move(RegistrationInput.ACCEPTED, now)
        if stopping:
            self.expires_at, self._told = 0, False
            return
        granted_s = max(self._granted(response), GRANTED_MIN_S)
        self._failures = 0
        self.expires_at = now + granted_s * SECOND
        # Not all trunks of a restarted switch at the same moment, and with time for two more rounds.
        half_us = granted_s * SECOND // 2
        self._due = now + half_us + self._rng.below(half_us // 2)
        if not self._told:
            self._told = True
            self._out.append(RegistrationUp(self.line.trunk, granted_s))

    def _granted(self, response: Response) -> int:
        """RFC 3261 section 10.2.4: `expires` of our contact, else Expires, else what we asked for."""
        for contact in response.contacts:
            if contact.uri.param("line") == self.token:
                text = contact.param("expires")
                if text is not None and text.isascii() and text.isdigit() and len(text) < 10:
                    return int(text)
        return self._expires_s if response.expires is None else response.expires

    def _can_mend(self, response: Response) -> bool:
        """Whether the same gateway may say yes to another request at once."""
        if response.status in (401, 407):
            return self._take_challenge(response)
        return response.status == 423 and self._lengthen(response)

    def _take_challenge(self, response: Response) -> bool:
        """Whether another request with credentials is worth sending."""
        name = "WWW-Authenticate" if response.status == 401 else "Proxy-Authenticate"
        chosen = digest.best_challenge(response.headers.fields(name))
        self._challenges += 1
        if chosen is None or self._challenges > CHALLENGES_MAX:
            return False
        answered = self._challenge
        given = digest.parse_digest(chosen) or {}
        if answered is not None and self._challenges > 1:
            # Our password was seen in this round already: only a nonce that had grown old is a reason.
            known = digest.parse_digest(answered[1]) or {}
            if given.get("stale", "").lower() != "true" or given.get("nonce") == known.get("nonce"):
                return False
        reply = "Authorization" if response.status == 401 else "Proxy-Authorization"
        self._challenge, self._nonce_count = (reply, chosen), 0
        return self._authorization("sip:x", count=False) is not None

    def _authorization(self, uri: str, *, count: bool = True) -> tuple[str, str] | None:
        if self._challenge is None:
            return None
        name, challenge = self._challenge
        if count:
            self._nonce_count += 1
        credentials = self.line.credentials
        try:
            value = digest.answer(
                challenge,
                "REGISTER",
                uri,
                credentials.username,
                credentials.secret,
                cnonce=self._tokens.token(16),
                nc=max(self._nonce_count, 1),
            )
        except PeerError:
            # A challenge that nobody can meet is a refusal.
            return None
        return name, value

    def _lengthen(self, response: Response) -> bool:
        """423: take the carrier's shortest interval (RFC 3261 section 10.2.8), once a round."""
        text = response.headers.get("Min-Expires") or ""
        if self._lengthened or not (text.isascii() and text.isdigit() and len(text) < 10):
            return False
        self._lengthened = True
        wanted_s = int(text)
        if not self._expires_s < wanted_s <= EXPIRES_MAX_S:
            return False
        self._expires_s = wanted_s
        return True

    def _gateway_failed(self, reason: str, now: int) -> None:
        self.last = reason
        self._attempt += 1
        if self._attempt < len(self.gateways):
            self._challenges = 0
            self._again(now)
            return
        stopping = self.state is RegistrationState.UNREGISTERING
        self._move(RegistrationInput.FAILED, now)
        if not stopping:
            self._failures += 1
            longest_s = min(BACK_OFF_MAX_S, BACK_OFF_BASE_S << min(self._failures, 6))
            retry_s = max(self._jittered_s(longest_s), self._retry_after_s)
            self._wait(retry_s, now)
            if self._failures == 1 and not self._told:
                self._out.append(RegistrationUnanswered(self.line.trunk, self.last, retry_s))

    def _refused(self, now: int) -> None:
        self._challenge = None
        stopping = self.state is RegistrationState.UNREGISTERING
        self._move(RegistrationInput.REFUSED, now)
        if stopping:
            return
        if self._told:
            self._lost()
        retry_s = self._jittered_s(BACK_OFF_MAX_S)
        self._wait(retry_s, now)
        self._out.append(RegistrationRejected(self.line.trunk, self.last, retry_s))

    def _lost(self) -> None:
        self._told = False
        self.expires_at = 0
        self._out.append(RegistrationLost(self.line.trunk, self.last))

    def _jittered_s(self, longest_s: int) -> int:
        """RFC 5626 section 4.5: uniformly between 50 and 100 percent."""
        return longest_s - self._rng.below(longest_s // 2 + 1)

    def _wait(self, wait_s: int, now: int) -> None:
        self._due = now + wait_s * SECOND


def retry_after_s(response: Response) -> int:
    """Retry-After of a response in seconds, 0 where there is none."""
    return seconds_of(response.headers.get("Retry-After") or "")


def seconds_of(retry_after: str) -> int:
    """A Retry-After in seconds (RFC 3261 section 20.33), at most an hour; 0 where it is empty or nonsense."""
    text = retry_after.split(";", maxsplit=1)[0].split("(", maxsplit=1)[0].strip()
    if not (text.isascii() and text.isdigit()):
        return 0
    return min(int(text[:9]), RETRY_AFTER_MAX_S)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
