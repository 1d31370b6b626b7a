"""Messages: parse bytes, read headers, answer, write bytes."""

from switch.sip.grammar import MessageError
from switch.sip.message.fields import MAGIC_COOKIE, CSeq, Via
from switch.sip.message.headers import Headers
from switch.sip.message.messages import Message, Request, Response
from switch.sip.message.reasons import reason_phrase
from switch.sip.message.select import parse
from switch.sip.uri import NameAddr, Uri, same_uri

__all__ = [
    "MAGIC_COOKIE",
    "CSeq",
    "Headers",
    "Message",
    "MessageError",
    "NameAddr",
    "Request",
    "Response",
    "Uri",
    "Via",
    "parse",
    "reason_phrase",
    "same_uri",
]
