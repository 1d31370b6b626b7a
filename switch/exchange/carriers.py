"""What the trunks ask carriers by themselves (REGISTER, OPTIONS), sent, and the answers brought back."""

from switch.call.signalling import LegInputMessage
from switch.exchange.office import Office
from switch.sip.outputs import ResponseReceived, TransactionFailed
from switch.trunk.settings import Ask


class _Asked:
    """Owns the one transaction of an `Ask`."""

    __slots__ = ("_office", "_ticket")

    def __init__(self, office: Office, ticket: int) -> None:
        self._office = office
        self._ticket = ticket

    def receive(self, message: LegInputMessage, now: int) -> None:
        trunks = self._office.parts.trunks
        if isinstance(message, TransactionFailed):
            self._office.signalling.forget_transaction(message.transaction)
            trunks.answered(self._ticket, None, now, str(message.failure))
        elif isinstance(message, ResponseReceived) and message.response.status >= 200:
            self._office.signalling.forget_transaction(message.transaction)
            trunks.answered(self._ticket, message.response, now)


def ask(office: Office, wanted: Ask, now: int) -> None:
    """Send it; where no listener of ours speaks its transport it has failed at once."""
    trunks = office.parts.trunks
    flow = office.flow_to(wanted.transport, wanted.address, wanted.server_name)
    if flow is None:
        trunks.answered(wanted.ticket, None, now, f"no listener for {wanted.transport}")
        return
    request = trunks.compose(wanted, flow)
    if request is not None:
        office.signalling.open(request, flow, _Asked(office, wanted.ticket), now)
