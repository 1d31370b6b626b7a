"""Legs that are rung together for one purpose: the first answer wins, the others are called off."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from switch.base.values import quick
from switch.call.cause import By, Cause, Reason
from switch.call.leg import Leg
from switch.dialplan.actions import AnswerTerms
from switch.tenant.limits import Ticket
from switch.trunk.settings import Gateway, RouteChoice

if TYPE_CHECKING:
    from switch.exchange.office import Office
    from switch.exchange.session import Session

LEGS_MAX = 8
"""Phones rung at once for one account; more bindings than that are a mistake or an attack."""


OnAnswer = Callable[["Office", "Session", "Attempt", Leg, int], None]
OnLoss = Callable[["Office", "Session", "Attempt", Cause, int], None]
OnProgress = Callable[["Office", "Session", "Attempt", Leg, bool, int], None]
OnRedirect = Callable[["Office", "Session", "Attempt", Leg, int, int], Cause | None]


@dataclass(frozen=True, slots=True)
class Purpose:
    """What the ringing is for: what each end of it leads to. `role` is what the rung legs are in the record.

    `exclusive`: the router reserved the agent for it, so that ringing does not count as a call of its own.
    """

    role: str
    answered: OnAnswer
    lost: OnLoss
    progress: OnProgress | None = None
    exclusive: bool = False
    redirected: OnRedirect | None = None
    """What follows a phone's 3xx: None, or the cause that it counts as. Without it it is a refusal."""
    machine: OnAnswer | None = None
    """In place of `lost`, where a machine is wanted for something after all."""


@quick
@dataclass(slots=True)
class Attempt:
    """One ringing. `deadline` is when it ends (monotonic us).

    `offer` and `fence` are the router's where it is an offer.
    """

    id: str
    purpose: Purpose
    deadline: int
    offer: int = 0
    fence: int = 0
    legs: dict[str, Leg] = field(default_factory=dict)
    failures: list[Cause] = field(default_factory=list)
    winner: Leg | None = None
    routes: list[RouteChoice] = field(default_factory=list)
    """Ways by a trunk that are not tried yet."""
    gateways: dict[str, Gateway] = field(default_factory=dict)
    """The gateway of each leg that rings by a trunk, until it is told how that went."""
    emergency: bool = False
    """No cap of ours stops it."""
    dialled: str = ""
    """The outside number that is called, and the number of ours that is presented, both in E.164."""
    presented: str = ""
    ticket: Ticket | None = None
    """The count of a call to the outside, where the tenant has limits."""
    headers: tuple[tuple[str, str], ...] = ()
    """Of the INVITEs, besides what every INVITE has."""
    forwards: tuple[str, ...] = ()
    """The accounts whose phones have forwarded it, in their order."""
    answers: AnswerTerms | None = None
    """A machine that answers is not wanted: the winner is listened to before anything is done with it."""

    def failed(self, leg: Leg, cause: Cause) -> bool:
        """`leg` came to nothing. True when no leg is left that could still answer."""
        if self.legs.pop(leg.id, None) is None:
            return False
        self.failures.append(cause)
        return not self.legs and self.winner is None

    def outcome(self) -> Cause:
        """The failure worth telling: what a person chose says more than what a network lost."""
        if not self.failures:
            return Cause(Reason.UNREACHABLE, By.NETWORK, 480)
        return min(self.failures, key=_telling)


_TELLING = (Reason.DECLINED, Reason.BUSY, Reason.FORBIDDEN, Reason.NOT_ACCEPTABLE, Reason.NO_ANSWER)


def _telling(cause: Cause) -> int:
    return _TELLING.index(cause.reason) if cause.reason in _TELLING else len(_TELLING)
