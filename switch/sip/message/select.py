"""Which half of the message parser runs: C where it was built, else the Python that specifies it.

The C half reads what is plain and hands everything else to the Python half, so that verdicts on what is
malformed come from one place (see plain.h).
"""

import importlib
from collections.abc import Callable
from typing import cast

from switch.sip.grammar import MessageError
from switch.sip.message import parsing
from switch.sip.message.fields import CSeq, Via
from switch.sip.message.headers import FORMS, WRITTEN, Headers, item_of
from switch.sip.message.messages import Request, Response
from switch.sip.uri import NameAddr, Uri

Parse = Callable[[bytes], Request | Response]

_WORDS = (
    *("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "REGISTER", "INFO", "UPDATE", "PRACK", "REFER", "NOTIFY"),
    *("SUBSCRIBE", "MESSAGE", "PUBLISH", "UDP", "TCP", "TLS", "WS", "WSS", "sip", "sips"),
    *("branch", "rport", "received", "tag", "transport", "lr", "ob", "user", "expires", "q", "maddr", "ttl"),
    *("alias", "keep", "method", "reg-id", "+sip.instance", "pub-gruu", "temp-gruu", "gr"),
)
"""Words of values that come in nearly every message: each is one object."""


def parser(*, prefer_c: bool = True) -> Parse:
    """`parse(data)`: one message of a datagram or a framed stream. Raises MessageError."""
    if prefer_c:
        try:
            module = importlib.import_module("switch.sip.message._message")
        except ModuleNotFoundError:
            return parsing.parse
        module.setup(
            via=Via,
            uri=Uri,
            name_addr=NameAddr,
            cseq=CSeq,
            headers=Headers,
            request=Request,
            response=Response,
            parse=parsing.parse,
            parse_uri=Uri.parse,
            item_of=item_of,
            error=MessageError,
            forms=FORMS,
            written=WRITTEN,
            words=_WORDS,
        )
        return cast(Parse, module.parse)
    return parsing.parse


parse = parser()
