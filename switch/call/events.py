"""What a leg tells its call."""

from dataclasses import dataclass

from switch.base.values import quick
from switch.call.cause import Cause
from switch.call.referral import Referral
from switch.media.commands import Command
from switch.sip.dialog_reference import DialogReference
from switch.sip.uri import Uri


@quick
@dataclass(frozen=True, slots=True)
class LegProgress:
    """The outgoing leg rings. `early_media`: the peer already sends audio that should be heard."""

    leg: str
    status: int
    early_media: bool


@quick
@dataclass(frozen=True, slots=True)
class LegAnswered:
    """The outgoing leg was answered, and its 2xx is acknowledged. `codec` is what is spoken."""

    leg: str
    codec: str


@quick
@dataclass(frozen=True, slots=True)
class LegConfirmed:
    """The incoming leg's ACK came: audio can be heard."""

    leg: str
    codec: str


@dataclass(frozen=True, slots=True)
class LegHeld:
    """The peer put us on hold, or took us back."""

    leg: str
    held: bool


@dataclass(frozen=True, slots=True)
class LegDigit:
    """A key by SIP INFO, and how long it was held by what that says."""

    leg: str
    digit: str
    duration_ms: int


@dataclass(frozen=True, slots=True)
class LegTransferRequested:
    """The peer's REFER was accepted with 202; report to `referral`.

    `replaces` names the dialog of an attended transfer; `referred_by` is the header's value, or empty.
    """

    leg: str
    target: Uri
    replaces: DialogReference | None
    referred_by: str
    referral: Referral


@quick
@dataclass(frozen=True, slots=True)
class LegEnded:
    """The leg is over, told exactly once. What is left on the wire tidies itself."""

    leg: str
    cause: Cause


@dataclass(frozen=True, slots=True)
class FlowFailed:
    """The phone was not there by the flow of this registration (Call-ID, CSeq); another one is tried."""

    leg: str
    registration: tuple[str, int]


@quick
@dataclass(frozen=True, slots=True)
class LegGone:
    """No message of this leg is awaited any more: forget it."""

    leg: str


@quick
@dataclass(frozen=True, slots=True)
class MediaWanted:
    """A command for the engine."""

    command: Command


@dataclass(frozen=True, slots=True)
class SlotReleased:
    """A slot that was reserved and never opened is free at once."""

    slot: int


LegOutput = (
    LegProgress
    | LegAnswered
    | LegConfirmed
    | LegHeld
    | LegDigit
    | LegTransferRequested
    | LegEnded
    | FlowFailed
    | LegGone
    | MediaWanted
    | SlotReleased
)
