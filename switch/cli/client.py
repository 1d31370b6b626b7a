"""Asks a running switch over the control socket in its state folder."""

import errno
from pathlib import Path
from typing import Any, TypeVar

import httpx
from pydantic import TypeAdapter, ValidationError

from switch.api.state_folder import CONTROL_SOCKET
from switch.cli.failures import CommandError

T = TypeVar("T")

_CONNECT_S = 5.0
_ANSWER_S = 30.0
_SLOW_S = 600.0
"""A reload speaks prompts that are new; the switch itself gives such an answer 600 s."""
_SERVER_ERROR = 500
_UNPROCESSABLE = 422


class Control:
    """One conversation with the switch that runs on a state folder."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._path = state.absolute() / CONTROL_SOCKET

    def get(self, path: str, shape: TypeAdapter[T], **query: str | int) -> T:
        """What the switch tells, as `shape`."""
        return self._ask("GET", path, shape, params=query)

    def post(self, path: str, shape: TypeAdapter[T], *, slow: bool = False, **body: str) -> T:
        """Ask for something to be done; an answer of no has the same shape as one of yes."""
        return self._ask("POST", path, shape, slow=slow, json=body)

    def _ask(self, method: str, path: str, shape: TypeAdapter[T], *, slow: bool = False, **request: Any) -> T:
        timeout = httpx.Timeout(_SLOW_S if slow else _ANSWER_S, connect=_CONNECT_S)
        transport = httpx.HTTPTransport(uds=str(self._path))
        try:
            with httpx.Client(base_url="http://switch", transport=transport, timeout=timeout) as client:
                answer = client.request(method, path, **request)
        except httpx.TransportError as error:
            raise CommandError(self._why_not(error)) from error
        if answer.status_code == _UNPROCESSABLE or answer.status_code >= _SERVER_ERROR:
            raise CommandError(f"the switch could not answer {path} ({answer.status_code}); its log says why")
        try:
            return shape.validate_json(answer.content)
        except ValidationError as error:
            raise CommandError(
                "the switch answers in a form that this command does not know; is it of another version?"
            ) from error

    def _why_not(self, error: httpx.TransportError) -> str:
        if isinstance(error, httpx.TimeoutException):
            return f"the switch on {self._state} does not answer in time"
        if _cause(error) == errno.EACCES:
            return f"the switch on {self._state} belongs to another user"
        if isinstance(error, httpx.ConnectError):
            return (
                f"no switch is running on {self._state}; start one with `softswitch run`, or name its --state"
            )
        return f"the switch on {self._state} closed the connection before it had answered"


def _cause(error: BaseException) -> int | None:
    """The errno at the bottom of a chain of exceptions."""
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, OSError):
            return found.errno
        found = found.__cause__ or found.__context__
    return None
