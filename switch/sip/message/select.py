"""Which half of the messages runs: C where it was built, else the Python that specifies it.

The C half does what is plain and hands everything else to the Python half, so that verdicts on what is
malformed come from one place (see plain.h). Its methods take the place of those that they are twins of, in
the same classes: a message is the same object whoever reads it.
"""

import importlib
from collections.abc import Callable
from typing import Any, cast

from switch.sip.grammar import MessageError, one_line
from switch.sip.message import parsing
from switch.sip.message.fields import CSeq, Via
from switch.sip.message.headers import FORMS, LIST_HEADERS, WRITTEN, Headers
from switch.sip.message.messages import DIALOG_FORMING, READERS, Request, Response
from switch.sip.message.reasons import REASONS, reason_phrase
from switch.sip.uri import NameAddr, Uri

Parse = Callable[[bytes], Request | Response]

_WORDS = (
    *("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "REGISTER", "INFO", "UPDATE", "PRACK", "REFER", "NOTIFY"),
    *("SUBSCRIBE", "MESSAGE", "PUBLISH", "UDP", "TCP", "TLS", "WS", "WSS", "sip", "sips"),
    *("branch", "rport", "received", "tag", "transport", "lr", "ob", "user", "expires", "q", "maddr", "ttl"),
    *("alias", "keep", "method", "reg-id", "+sip.instance", "pub-gruu", "temp-gruu", "gr"),
)
"""Words of values that come in nearly every message: each is one object."""


NoteSource = Callable[[Request, str, str], bool]
"""Writes host and port of the source into the top Via; false where that is left to the Python half."""


def _never(_request: Request, _host: str, _port: str) -> bool:
    return False


class Halves:
    """Both halves. `use` decides which of them the classes have."""

    def __init__(self) -> None:
        self.note_source: NoteSource = _never
        self._twins: list[tuple[type[Any], str, object, object]] = []
        """Class, name, what it is in Python and in C."""
        try:
            self._module: Any = importlib.import_module("switch.sip.message._message")
        except ModuleNotFoundError:
            self._module = None
            return
        classes = (Via, Uri, NameAddr, CSeq, Headers, Request, Response)
        self._module.setup(
            classes={cls.__name__: cls for cls in classes},
            parse=parsing.parse,
            error=MessageError,
            forms=FORMS,
            written=WRITTEN,
            words=_WORDS,
            list_headers=LIST_HEADERS,
            forming=DIALOG_FORMING,
            readers=READERS,
            one_line=one_line,
            reason_phrase=reason_phrase,
            reasons=REASONS,
        )
        self._twins = self._module.halves()
        self.note_source = self._module.note_source

    def parser(self, *, prefer_c: bool = True) -> Parse:
        """`parse(data)`: one message of a datagram or a framed stream. Raises MessageError."""
        if prefer_c and self._module is not None:
            return cast(Parse, self._module.parse)
        return parsing.parse

    def use(self, *, prefer_c: bool) -> None:
        """Take this half of what is asked of messages, of each from now on."""
        for cls, name, in_python, in_c in self._twins:
            setattr(cls, name, in_c if prefer_c else in_python)
        if self._module is not None:
            self.note_source = self._module.note_source if prefer_c else _never


halves = Halves()
halves.use(prefer_c=True)
parse = halves.parser()
