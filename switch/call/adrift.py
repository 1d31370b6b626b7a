"""Requests to a phone that cannot be reached for the moment: it changes networks, and registers anew soon.

| asked | the flow is closed | the phone is back by another flow | nobody for RECONNECT_US |
| --- | --- | --- | --- |
| whether the dialog is known (OPTIONS) | asked again each RETRY_US | asked at once | the dialog is lost |
| another session, a refresh | sent again each RETRY_US | sent at once | the dialog is lost |
| BYE | sent again each RETRY_US | sent at once: the phone learns that its call is over | the leg is gone |

What UDP took and nobody answered is repeated by its transaction for 32 s; when the phone is back by another
flow meanwhile, BYE and UPDATE go by that at once, and a re-INVITE when its transaction has given up, so that
no 2xx to it is left without its ACK. A session timer runs on: what it ends, it ends.
"""

from typing import TYPE_CHECKING

from switch.base.clock import SECOND
from switch.call.states import LegState
from switch.sip.outputs import Failure, TransactionFailed

if TYPE_CHECKING:
    from switch.call.leg import Leg

RECONNECT_US = 60 * SECOND
"""How long a phone may take to come back by another flow: to notice, to change networks, to register."""

RETRY_US = 10 * SECOND
"""A connection of ours may be opened anew by what is sent; one of the phone's cannot, and fails at once."""

_WAITING = frozenset({LegState.CONFIRMED, LegState.TERMINATING})


def waits(leg: "Leg", message: TransactionFailed, now: int) -> bool:
    """Whether a request that failed is kept for the phone to come back; audio goes on meanwhile, or the
    engine ends the call."""
    if message.failure is not Failure.TRANSPORT or not leg.account or leg.state not in _WAITING:
        return False
    if leg.adrift_at is None:
        leg.adrift_at = now
    return now - leg.adrift_at < RECONNECT_US
