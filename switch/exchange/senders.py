"""Who sends a request outside any call: an account that authenticates, or a carrier known by its address."""

from dataclasses import dataclass

from switch.exchange.office import Office
from switch.sip.message import Response
from switch.sip.outputs import RequestReceived


@dataclass(frozen=True, slots=True)
class Sender:
    """An account of a tenant; or a `trunk`, and then neither tenant nor account."""

    tenant: str = ""
    account: str = ""
    trunk: str = ""


def sender(office: Office, message: RequestReceived, now: int) -> Sender | Response:
    """Who it is, or the challenge."""
    trunk = office.parts.trunks.identify(message.flow, message.request.uri, now)
    if trunk is not None:
        return Sender(trunk=trunk)
    account = office.parts.registrar.authenticate(message.request, message.flow, now, proxy=False)
    return account if isinstance(account, Response) else Sender(account.tenant, account.account)
