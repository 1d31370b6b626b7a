"""Telephone numbers in URIs: `tel:` (RFC 3966) and the user part of `sip:` (RFC 3261 section 19.1.6)."""

from switch.sip.uri import Uri

TEL = "tel"


def subscriber(uri: Uri) -> str:
    """The number or name that a URI dials, without its parameters; empty where there is none.

    A local number whose `phone-context` is a prefix (`+33`) becomes the global one; a context that is a
    domain says nothing that digits could.
    """
    text = uri.user if uri.opaque is None else uri.opaque if uri.scheme == TEL else None
    if not text:
        return ""
    if ";" not in text:
        return text
    number, *params = text.split(";")
    if not number.startswith("+") and number:
        for param in params:
            name, _, value = param.partition("=")
            if name.strip().lower() == "phone-context" and value.startswith("+"):
                return value + number
    return number


def is_dialable(uri: Uri) -> bool:
    """Whether a request to this URI names somebody: `sip:`, `sips:` or `tel:`."""
    return uri.opaque is None or uri.scheme == TEL
