"""Which codecs a leg may speak: by what the administrator said, and by what this machine has."""

from functools import lru_cache

from switch.call.negotiation import CAPABILITIES_KEPT, CAPABILITY
from switch.exchange.office import Office
from switch.sdp.audio import AudioCapability
from switch.sdp.codecs import COMFORT_NOISE

_OF_WORDS = {
    "opus": ("OPUS",),
    "g722": ("G722",),
    "l16": ("L16_16K", "L16_8K"),
    "pcma": ("PCMA",),
    "pcmu": ("PCMU",),
}
"""Of the dialplan."""
NOISE_WORD = "cn"
"""Likewise: comfort noise beside those, wherever it stands."""


@lru_cache(CAPABILITIES_KEPT)
def of_words(words: tuple[str, ...], unserved: frozenset[str]) -> AudioCapability:
    """The codecs of a list of words, dearest first, but for those that cannot be served.

    A list of which nothing is left is that of G.711: a call without a codec would be none.
    """
    names = tuple(
        dict.fromkeys(name for word in words for name in _OF_WORDS.get(word, ()) if name not in unserved)
    )
    if NOISE_WORD in words:
        names = (*(names or CAPABILITY.codecs), COMFORT_NOISE)
    if names in ((), CAPABILITY.codecs):
        return CAPABILITY
    return AudioCapability(names, CAPABILITY.telephone_event, CAPABILITY.ptime_ms)


def stated(office: Office, words: tuple[str, ...]) -> AudioCapability | None:
    """None where nothing is stated: then it is the centre's list."""
    return of_words(words, office.signalling.settings.unserved) if words else None


def calls_from(office: Office, tenant: str, source: str, direction: str) -> AudioCapability | None:
    """`source` is a trunk for inbound calls, else an account."""
    if direction == "inbound":
        settings = office.parts.trunks.settings(source)
        return None if settings is None else stated(office, settings.codecs)
    return of_account(office, tenant, source)


def of_account(office: Office, tenant: str, account: str) -> AudioCapability | None:
    plan = office.parts.tenancies[tenant].plan.accounts.get(account)
    return None if plan is None else stated(office, plan.codecs)
