"""How keys go to a leg and come from it: by what the administrator said of its account or trunk."""

from switch.call.keys import KeyWay
from switch.exchange.office import Office


def calls_from(office: Office, tenant: str, source: str, direction: str) -> KeyWay:
    """Of a caller's leg; `source` is a trunk for inbound calls, else an account."""
    if direction == "inbound":
        settings = office.parts.trunks.settings(source)
        return KeyWay.AUTO if settings is None else KeyWay(settings.dtmf)
    return of_account(office, tenant, source)


def of_account(office: Office, tenant: str, account: str) -> KeyWay:
    """Of each of its phones."""
    plan = office.parts.tenancies[tenant].plan.accounts.get(account)
    return KeyWay.AUTO if plan is None else KeyWay(plan.dtmf)
