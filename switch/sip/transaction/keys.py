"""What messages of one transaction have in common (RFC 3261 sections 17.1.3, 17.2.3 and 8.2.2.2)."""

from switch.sip.message import MAGIC_COOKIE, Request


def client_key(branch: str, method: str) -> str:
    return f"c|{branch}|{method}"


def server_base(request: Request) -> str:
    """What a server transaction is matched by, without the method (RFC 3261 section 17.2.3)."""
    via = request.via
    branch = via.branch or ""
    if branch.startswith(MAGIC_COOKIE) and len(branch) > len(MAGIC_COOKIE):
        return f"s|{branch}|{via.sent_by}"
    # RFC 2543 peers, and a cookie with nothing behind it (RFC 4475 section 3.2.1): match by the parts that
    # ACK and CANCEL have in common with their INVITE.
    parts = (
        branch,
        via.sent_by,
        str(request.uri),
        request.call_id,
        request.from_.tag or "",
        str(request.cseq.number),
    )
    return "o|" + "|".join(parts)


def merge_key(request: Request) -> tuple[str, ...]:
    return (request.from_.tag or "", request.call_id, str(request.cseq.number), request.method)
