"""How a leg or a call ended, and whose doing it was. Records, metrics and SIP statuses come from here."""

import re
from dataclasses import dataclass
from enum import StrEnum

from switch.base.values import quick
from switch.sip.message import Message

BYE_STATUS = 200
"""What stands in a record for a leg that a BYE ended."""

REASONS_MAX = 2
"""One of SIP and one of Q.850 (RFC 3326 section 2: a protocol stands once)."""

_REASON = re.compile(
    r"""(?:SIP|Q\.850)[ \t]*(?:;[ \t]*(?:cause[ \t]*=[ \t]*[0-9]{1,3}|location[ \t]*=[ \t]*[A-Z0-9-]{1,5}"""
    r"""|text[ \t]*=[ \t]*"[ !#-\[\]-~]{0,80}")[ \t]*){1,3}""",
    re.IGNORECASE,
)


class Reason(StrEnum):
    """Why it ended, in the words of the records."""

    NORMAL = "normal"
    CANCELLED = "cancelled"
    BUSY = "busy"
    DECLINED = "declined"
    NO_ANSWER = "no-answer"
    UNREACHABLE = "unreachable"
    NOT_FOUND = "not-found"
    FORBIDDEN = "forbidden"
    NOT_ACCEPTABLE = "not-acceptable"
    CONGESTION = "congestion"
    LIMITED = "limited"
    MEDIA_LOST = "media-lost"
    SIGNALLING_LOST = "signalling-lost"
    ELSEWHERE = "answered-elsewhere"
    TRANSFERRED = "transferred"
    MACHINE = "machine"
    """A machine answered, and nobody wanted one."""
    FAILED = "failed"
    ADMINISTRATOR = "administrator"
    SHUTDOWN = "shutdown"


class By(StrEnum):
    """Whose doing it was, seen from the leg."""

    PEER = "peer"
    US = "us"
    NETWORK = "network"


@quick
@dataclass(frozen=True, slots=True)
class Cause:
    """`sip_status` is what ended it on the wire, 200 for a BYE.

    `told` is the Reason header of whoever ended it (RFC 3326), as it stood; the other side of the call gets
    the same words: that a call was answered elsewhere, or the carrier's own number for why it failed.
    """

    reason: Reason
    by: By
    sip_status: int = BYE_STATUS
    told: str = ""

    @property
    def header(self) -> str:
        """The Reason of our CANCEL or BYE."""
        return self.told or reason_header(self.reason)


_STATUS_OF = {
    Reason.NORMAL: 200,
    Reason.CANCELLED: 487,
    Reason.BUSY: 486,
    Reason.DECLINED: 603,
    Reason.NO_ANSWER: 480,
    Reason.UNREACHABLE: 480,
    Reason.NOT_FOUND: 404,
    Reason.FORBIDDEN: 403,
    Reason.NOT_ACCEPTABLE: 488,
    Reason.CONGESTION: 503,
    Reason.LIMITED: 403,
    Reason.MEDIA_LOST: 408,
    Reason.SIGNALLING_LOST: 408,
    Reason.ELSEWHERE: 487,
    Reason.TRANSFERRED: 200,
    Reason.MACHINE: 480,
    Reason.FAILED: 500,
    Reason.ADMINISTRATOR: 480,
    Reason.SHUTDOWN: 503,
}

_REASON_OF = {
    # A phone that forwards its calls: its user does not take this one.
    300: Reason.DECLINED,
    301: Reason.DECLINED,
    302: Reason.DECLINED,
    403: Reason.FORBIDDEN,
    404: Reason.NOT_FOUND,
    408: Reason.UNREACHABLE,
    410: Reason.NOT_FOUND,
    430: Reason.UNREACHABLE,
    480: Reason.NO_ANSWER,
    484: Reason.NOT_FOUND,
    486: Reason.BUSY,
    487: Reason.CANCELLED,
    488: Reason.NOT_ACCEPTABLE,
    503: Reason.CONGESTION,
    600: Reason.BUSY,
    603: Reason.DECLINED,
    604: Reason.NOT_FOUND,
    606: Reason.NOT_ACCEPTABLE,
    607: Reason.DECLINED,
}

_Q850_OF = {
    Reason.NORMAL: 16,
    Reason.BUSY: 17,
    Reason.NO_ANSWER: 19,
    Reason.DECLINED: 21,
    Reason.NOT_FOUND: 1,
    Reason.ELSEWHERE: 26,
    Reason.CONGESTION: 42,
    Reason.LIMITED: 21,
    Reason.MEDIA_LOST: 41,
    Reason.SIGNALLING_LOST: 41,
    Reason.TRANSFERRED: 16,
    Reason.MACHINE: 16,
}


def status_for(reason: Reason) -> int:
    """The SIP status with which we refuse a caller for this reason."""
    return _STATUS_OF[reason]


def ours(reason: Reason, told: str = "") -> Cause:
    """An end that we chose; `told` is what the other side of the call said of it."""
    return Cause(reason, By.US, status_for(reason), told)


def of_talk(cause: Cause) -> Cause:
    """The same end of a leg that was answered: what we choose is said there by a BYE, and by no status."""
    if cause.by is not By.US or cause.sip_status == BYE_STATUS:
        return cause
    return Cause(cause.reason, By.US, told=cause.told)


def from_status(status: int, told: str = "") -> Cause:
    """What a peer's final answer of 300..699 means."""
    return Cause(_REASON_OF.get(status, Reason.FAILED), By.PEER, status, told)


def told_by(message: Message) -> str:
    """The Reason of a CANCEL, a BYE or a refusal (RFC 3326, RFC 6432), where it is one that can be passed on.

    Values of protocols other than SIP and Q.850, and malformed ones, are left out: it goes to the other side
    of the call in our name.
    """
    if "Reason" not in message.headers:
        return ""
    values = [value for value in message.headers.all("Reason") if _REASON.fullmatch(value)]
    return ", ".join(values[:REASONS_MAX])


def reason_header(reason: Reason) -> str:
    """A Reason value for CANCEL and BYE (RFC 3326): a phone tells a missed call from one taken elsewhere."""
    if reason is Reason.ELSEWHERE:
        return 'SIP;cause=200;text="Call completed elsewhere"'
    return f'Q.850;cause={_Q850_OF.get(reason, 31)};text="{reason}"'
