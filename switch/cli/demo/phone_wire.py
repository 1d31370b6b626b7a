"""What a phone's process is told and tells, one JSON object a line.

The parent writes commands, `{"id": 7, "command": "call", ...}`; the process answers each with
`{"id": 7, "ok": true, ...}` or `{"id": 7, "ok": false, "error": "..."}` and writes events,
`{"event": "state", "call": 0, "state": "CONFIRMED", ...}`, whenever they happen.
Both ends import this file, so it knows neither pjsua2 nor asyncio.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

# A command or an event is a few hundred bytes; a SIP INFO body may be a few thousand.
LINE_BYTES_MAX = 65_536
# The pjsua2 wheel is built with PJSUA_MAX_CALLS = 4.
LEGS_MAX = 4

Transport = Literal["udp", "tcp"]
AnswerMode = Literal["answer", "ring", "decline"]


class PhoneError(Exception):
    """A phone refused a command, or its process is gone."""


@dataclass(frozen=True, slots=True)
class AnswerPolicy:
    """What a phone does with an incoming call after it has sent 180.

    `answer`: 200 after `after_ms`. `ring`: nothing more, until told or cancelled.
    `decline`: the final response `code` (486 is busy, 603 is declined) after `after_ms`.
    """

    mode: AnswerMode = "ring"
    after_ms: int = 0
    code: int = 486


@dataclass(frozen=True, slots=True)
class PhoneConfig:
    """One phone: one identity on one transport.

    `registrar` is `host:port`, or empty for a phone that is only called directly. `domain` is the host
    of the phone's own address and of numbers dialled without a host; empty means the registrar's, or
    the phone's own socket. `play` and `record` are WAV files for every call that names none itself;
    `{call}` in `record` becomes the number of the call. Recording runs from the answer to the end of
    the call, or from the first media (announcements before the answer) with `record_early`.
    `rtp_port` 0 lets the system choose. `codecs` are the only ones offered, best first. Without
    `nat_aware` the phone announces its own addresses whatever the registrar tells of a NAT, as many do.
    A `reliable` phone insists on acknowledged provisional answers (RFC 3262), and one with `session_s` on
    a session timer of so many seconds (RFC 4028).
    """

    user: str
    password: str = ""
    transport: Transport = "udp"
    bind: str = "127.0.0.1"
    port: int = 0
    registrar: str = ""
    domain: str = ""
    register: bool = False
    expires_s: int = 300
    answer: AnswerPolicy = field(default_factory=AnswerPolicy)
    play: str = ""
    record: str = ""
    record_early: bool = False
    codecs: tuple[str, ...] = ("PCMU", "PCMA")
    rtp_port: int = 0
    nat_aware: bool = True
    reliable: bool = False
    session_s: int = 0
    log_path: str = ""

    def to_wire(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self)


def policy_from_wire(value: Mapping[str, Any]) -> AnswerPolicy:
    """An answer policy out of a decoded JSON object; PhoneError names what is wrong."""
    policy = AnswerPolicy(**_known(AnswerPolicy, value))
    if policy.mode not in ("answer", "ring", "decline"):
        raise PhoneError(f"answer mode {policy.mode!r}: expected answer, ring or decline")
    if policy.mode == "decline" and not 300 <= policy.code <= 699:
        raise PhoneError(f"decline with {policy.code}: expected a final response from 300 to 699")
    return policy


def config_from_wire(value: Mapping[str, Any]) -> PhoneConfig:
    """A phone's configuration out of a decoded JSON object; PhoneError names what is wrong."""
    known = _known(PhoneConfig, value)
    known["answer"] = policy_from_wire(known.get("answer", {}))
    known["codecs"] = tuple(known.get("codecs", ("PCMU", "PCMA")))
    config = PhoneConfig(**known)
    if config.transport not in ("udp", "tcp"):
        raise PhoneError(f"transport {config.transport!r}: expected udp or tcp")
    if config.register and not config.registrar:
        raise PhoneError("register needs a registrar")
    return config


def _known(kind: type[Any], value: Mapping[str, Any]) -> dict[str, Any]:
    names = {entry.name for entry in fields(kind)}
    for name in value:
        if name not in names:
            raise PhoneError(f"{kind.__name__} has no field {name!r}")
    return dict(value)
