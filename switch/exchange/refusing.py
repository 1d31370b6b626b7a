"""The answer to an INVITE that becomes no call."""

from switch.exchange.office import Office
from switch.sip.outputs import RequestReceived


def refuse(
    office: Office,
    message: RequestReceived,
    status: int,
    now: int,
    headers: list[tuple[str, str]] | None = None,
) -> None:
    """With a tag of its own: nothing is left of it but the transaction."""
    response = message.request.make_response(
        status, to_tag=office.parts.tokens.token(10), headers=headers or []
    )
    office.signalling.respond(message.transaction, response, now)
