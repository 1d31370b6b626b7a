"""One side's session description, as bytes and as values, whichever was made first.

Most descriptions of ours are written once and never looked at again: only a change in mid-call asks for
values.
"""

from switch.sdp.parse import parse
from switch.sdp.session import Session


class Description:
    """`shape` is the part of a plain offer that `plain.py` knows it by; empty for any other description."""

    __slots__ = ("_body", "_session", "shape")

    def __init__(self, *, body: bytes = b"", session: Session | None = None, shape: str = "") -> None:
        assert body or session is not None, "a description says something"
        self._body = body
        self._session = session
        self.shape = shape

    @property
    def body(self) -> bytes:
        """As it goes over the wire; the same bytes as often as it is asked for."""
        if not self._body:
            assert self._session is not None
            self._body = self._session.to_bytes()
        return self._body

    @property
    def session(self) -> Session:
        """As values; the same object as often as it is asked for."""
        if self._session is None:
            self._session = parse(self._body)
        return self._session
