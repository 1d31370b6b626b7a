# ruff: noqa: N802 - the names are pjsua2's
"""The door to pjsua2: the one import of it, the types that it lacks, and what its callbacks may do.

pjsua2 is GPL and an extra of its own; nothing but the phone's process may import this file.
"""

import ctypes
import functools
import json
import os
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ParamSpec

from switch.cli.demo.phone_wire import LEGS_MAX, PhoneError

if TYPE_CHECKING:
    # The wheel has no types. These are the methods used here, so that the rest of the file is checked.
    pj: Any

    class AccountBase:
        def __init__(self) -> None: ...
        def create(self, config: Any, make_default: bool) -> None: ...
        def getInfo(self) -> Any: ...
        def modify(self, config: Any) -> None: ...
        def setRegistration(self, renew: bool) -> None: ...

    class BuddyBase:
        def __init__(self) -> None: ...
        def create(self, account: AccountBase, config: Any) -> None: ...
        def getInfo(self) -> Any: ...

    class CallBase:
        def __init__(self, account: AccountBase, call_id: int = -1) -> None: ...
        def answer(self, parameters: Any) -> None: ...
        def getAudioMedia(self, index: int) -> Any: ...
        def getInfo(self) -> Any: ...
        def getStreamInfo(self, index: int) -> Any: ...
        def getStreamStat(self, index: int) -> Any: ...
        def hangup(self, parameters: Any) -> None: ...
        def makeCall(self, uri: str, parameters: Any) -> None: ...
        def reinvite(self, parameters: Any) -> None: ...
        def sendDtmf(self, parameters: Any) -> None: ...
        def sendRequest(self, parameters: Any) -> None: ...
        def setHold(self, parameters: Any) -> None: ...
        def xfer(self, uri: str, parameters: Any) -> None: ...
        def xferReplaces(self, other: "CallBase", parameters: Any) -> None: ...

else:
    import pjsua2 as pj

    AccountBase = pj.Account
    BuddyBase = pj.Buddy
    CallBase = pj.Call

CLOCK_HZ = 8000
# Far above what a process that has just started has open.
PROTOCOL_FD = 100
LOG_LEVEL = 5  # with whole SIP messages

P = ParamSpec("P")
_libc = ctypes.CDLL(None)


def guarded_callback(callback: Callable[P, None]) -> Callable[P, None]:
    """A Python exception must not unwind through the C++ library, which would abort: report it instead."""

    @functools.wraps(callback)
    def guarded(*arguments: P.args, **keywords: P.kwargs) -> None:
        try:
            callback(*arguments, **keywords)
        except Exception as error:
            traceback.print_exc()
            emit("fault", error=f"{callback.__name__}: {plain(error)}")

    return guarded


def plain(error: Exception) -> str:
    if isinstance(error, pj.Error):
        return f"{error.title}: {error.reason}"
    return str(error) if isinstance(error, PhoneError) else f"{type(error).__name__}: {error}"


def emit(event: str, **values: Any) -> None:
    send({"event": event, **values})


def send(value: dict[str, Any]) -> None:
    # The library's log is complete as far as the parent has been told.
    _libc.fflush(None)
    line = json.dumps(value, separators=(",", ":")).encode() + b"\n"
    while line:
        line = line[os.write(PROTOCOL_FD, line) :]


def make_endpoint(log_path: str) -> Any:
    endpoint = pj.Endpoint()
    endpoint.libCreate()
    config = pj.EpConfig()
    config.uaConfig.threadCnt = 0
    config.uaConfig.mainThreadOnly = True
    config.uaConfig.maxCalls = LEGS_MAX
    config.uaConfig.userAgent = "softswitch test phone (pjsua2)"
    config.logConfig.consoleLevel = 0
    config.logConfig.level = LOG_LEVEL if log_path else 0
    config.logConfig.filename = log_path
    config.medConfig.clockRate = CLOCK_HZ
    config.medConfig.sndClockRate = CLOCK_HZ
    config.medConfig.ecTailLen = 0  # no echo to cancel without a loudspeaker
    config.medConfig.noVad = True  # silence is sent as well, so that a recording keeps its time
    endpoint.libInit(config)
    return endpoint
