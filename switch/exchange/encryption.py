"""Whether a leg's audio is encrypted: by what the administrator said, and by what is at the other end."""

from switch.exchange.office import Office
from switch.sdp.security import Encryption
from switch.sip.flow import Flow, Transport

_OF_WORDS = {
    "never": Encryption.OFF,
    "allowed": Encryption.OPTIONAL,
    "required": Encryption.SDES,
}
"""Of the dialplan. Where it is required, our own offers bring their keys (RFC 4568)."""

_BROWSERS = frozenset({Transport.WS, Transport.WSS})


def of_words(word: str) -> Encryption:
    """`never`, `allowed` or `required`."""
    return _OF_WORDS[word]


def calls_from(office: Office, tenant: str, source: str, direction: str) -> Encryption:
    """What is taken of a caller's offer; `source` is a trunk for inbound calls, else an account."""
    if direction == "inbound":
        settings = office.parts.trunks.settings(source)
        return Encryption.OPTIONAL if settings is None else of_words(settings.encrypted_media)
    return _of_account(office, tenant, source)


def calls_to(office: Office, tenant: str, account: str, flow: Flow) -> Encryption:
    """How we offer. A phone that signals over WebSocket is a browser, which hears nobody in the clear."""
    return Encryption.DTLS if flow.transport in _BROWSERS else _of_account(office, tenant, account)


def _of_account(office: Office, tenant: str, account: str) -> Encryption:
    plan = office.parts.tenancies[tenant].plan.accounts.get(account)
    return Encryption.OPTIONAL if plan is None else of_words(plan.encrypted_media)
