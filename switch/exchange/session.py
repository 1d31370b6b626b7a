"""A call together with the flow that serves it and the contact it is in a queue."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from switch.acd.settings import Requirement
from switch.base.values import quick
from switch.call.call import Call
from switch.call.events import LegTransferRequested
from switch.call.leg import Leg
from switch.call.outgoing import MAX_FORWARDS
from switch.call.referral import Referral
from switch.dialplan.interpreter import Interpreter
from switch.exchange.attempt import Attempt
from switch.media.commands import Play
from switch.tenant.limits import Ticket
from switch.trunk.caller import Caller

if TYPE_CHECKING:
    from switch.exchange.callbacks import Callback
    from switch.exchange.recordings import Recording


class ContactState(StrEnum):
    """Where the call's contact stands in the router."""

    NONE = "none"
    WAITING = "waiting"
    CONNECTED = "connected"


@dataclass(slots=True)
class Transfer:
    """A transfer under way that waits for its target's answer.

    `by` is the leg that asked, gone or not, and `referral` where it is told how it goes. `consult` is the
    transferor's other leg, where it asked for the party whom that one was ringing.
    """

    by: str
    target: str
    attempt: str
    referral: Referral
    consult: str = ""
    account: str = ""
    """Whose call to the outside it is, where whoever asked has left before it began."""
    early: Leg | None = None
    """The target's leg, once it sends audio before its answer."""


@quick
@dataclass(slots=True)
class Session:
    """`interpreter` is None for a plain call from phone to phone, and after the flow has ended.

    `needs` are the contact's first requirement in words ("french>=50"), for the journal. `blame` is
    the role of whoever ended the talk, for the record, when we end the anchor after it. `avoid` are
    agents who transferred this caller away and are not offered it again. `hops` is the Max-Forwards of
    what we send for this call: one less than the caller's, so that a call that comes back to us by a
    carrier, again and again, ends (RFC 7332 section 3).
    """

    call: Call
    interpreter: Interpreter | None = None
    contact: str = ""
    contact_state: ContactState = ContactState.NONE
    queue: str = ""
    waiting_since: int = 0
    """Since when the caller waits, or waited last, in `queue`."""
    priority: int = 0
    needs: tuple[str, ...] = ()
    requirement: Requirement | None = None
    """All that the contact asks for, ring by ring."""
    attempts: dict[str, Attempt] = field(default_factory=dict)
    transfer: Transfer | None = None
    asked: LegTransferRequested | None = None
    """A transfer that the caller asked for before it was answered, and that waits for the answer."""
    blame: str = ""
    avoid: tuple[str, ...] = ()
    ringback: bool = False
    hops: int = MAX_FORWARDS
    caller: Caller | None = None
    """What is known of who calls, where it is more than the number in From."""
    tickets: dict[str, Ticket] | None = None
    """The counted calls to the outside, by leg; only where the tenant has limits."""
    recording: "Recording | None" = None
    asks_for_tones: bool = False
    """The flow listens for the network's tones just now."""
    record_talk: bool = False
    """The flow wants the talk that it leads to recorded."""
    playing: Play | None = None
    """The flow's latest: whoever takes the anchor's place in the flow hears it from its beginning."""

    callback: "Callback | None" = None
    """The promise that this call is to keep; until the customer answers."""

    @property
    def tenant(self) -> str:
        return self.call.tenant

    def attempt_of(self, leg: Leg) -> Attempt | None:
        """The ringing that a leg is part of."""
        for attempt in self.attempts.values():
            if leg.id in attempt.legs:
                return attempt
        return None
