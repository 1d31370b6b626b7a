"""The anchor's place in a call that nobody has joined yet: a callback, until its agent answers."""

from switch.call.cause import Cause
from switch.call.leg import Leg
from switch.call.signalling import LegInputMessage, Signalling
from switch.call.states import LegState
from switch.media.plan import Slot
from switch.sip.flow import Address, Flow, Transport
from switch.sip.message import Request, Response

_NOWHERE = Flow(Transport.UDP, Address("0.0.0.0", 0), Address("0.0.0.0", 0))
NO_SLOT = -1
"""No stream of the engine has this number."""


class VacantLeg(Leg):
    """Over from the beginning: it sends nothing, hears nothing, and holds no port."""

    owns_call_id = False
    __slots__ = ()

    def __init__(self, signalling: Signalling) -> None:
        super().__init__(
            "",
            role="agent",
            peer="",
            flow=_NOWHERE,
            slot=Slot(NO_SLOT, "0.0.0.0", 0, ""),
            session_id=0,
            signalling=signalling,
            state=LegState.TERMINATED,
        )

    def receive(self, message: LegInputMessage, now: int) -> None:
        """Nothing is sent in its name, so nothing comes."""
        del now
        raise AssertionError(message)

    def hang_up(self, cause: Cause, now: int) -> None:
        """Harmless, as on every leg that is over."""

    @property
    def early_change(self) -> bool:
        return False

    def offer_refused(self, request: Request) -> Response | None:
        """Nobody is there."""
        return request.make_response(481)
