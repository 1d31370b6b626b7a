# ruff: noqa: N802 - pjsua2 finds its callbacks by these names
"""A SIP phone in a process of its own, on the third-party stack pjsua2; `phones.py` drives it.

Theory of operation. pjsua2 keeps one endpoint a process, at most four call legs, and destroys every
object that Python lets go of, so the process is the phone and everything lives in attributes until
its call has ended. There is one Python thread: it alternates between the library's poll, the timers
of the answer policy, and the commands on standard input. Media runs in the library's own threads on a
null sound device at 8 kHz; files are the microphone and the loudspeaker.

Standard output belongs to the protocol (`phone_wire.py`). The library prints to it as well, so the
protocol gets a duplicate of it and descriptor 1 is pointed at standard error.

pjsua2 is GPL and an extra of its own; this is the only file of the package that imports it.
"""

import ctypes
import functools
import heapq
import json
import os
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, ParamSpec

from switch.cli.demo.phone_wire import (
    LEGS_MAX,
    LINE_BYTES_MAX,
    AnswerPolicy,
    PhoneConfig,
    PhoneError,
    config_from_wire,
    policy_from_wire,
)

if TYPE_CHECKING:
    # The wheel has no types. These are the methods used here, so that the rest of the file is checked.
    pj: Any

    class _AccountBase:
        def __init__(self) -> None: ...
        def create(self, config: Any, make_default: bool) -> None: ...
        def getInfo(self) -> Any: ...
        def setRegistration(self, renew: bool) -> None: ...

    class _CallBase:
        def __init__(self, account: _AccountBase, call_id: int = -1) -> None: ...
        def answer(self, parameters: Any) -> None: ...
        def dialDtmf(self, digits: str) -> None: ...
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

else:
    import pjsua2 as pj

    _AccountBase = pj.Account
    _CallBase = pj.Call

CLOCK_HZ = 8000
# The library wakes at once for the network; this bounds only how long a command or a timer waits.
POLL_CALL_MS = 10
POLL_IDLE_MS = 40
# The media clock ticks every 20 ms; a second means that it stands still, or that the disk is full.
RECORDING_WAIT_S = 1.0
# Enough for BYE and the un-REGISTER to be sent and answered on a local network.
QUIT_WAIT_S = 1.0
# Far above what a process that has just started has open.
PROTOCOL_FD = 100
LOG_LEVEL = 5  # with whole SIP messages

_STATES = ("NULL", "CALLING", "INCOMING", "EARLY", "CONNECTING", "CONFIRMED", "DISCONNECTED")
_STATE_NAMES = {getattr(pj, f"PJSIP_INV_STATE_{name}"): name for name in _STATES}
_MEDIA = {
    pj.PJSUA_CALL_MEDIA_NONE: "media_none",
    pj.PJSUA_CALL_MEDIA_ACTIVE: "media_active",
    pj.PJSUA_CALL_MEDIA_LOCAL_HOLD: "media_local_hold",
    pj.PJSUA_CALL_MEDIA_REMOTE_HOLD: "media_remote_hold",
    pj.PJSUA_CALL_MEDIA_ERROR: "media_error",
}
_DTMF_METHODS = {"rfc2833": pj.PJSUA_DTMF_METHOD_RFC2833, "info": pj.PJSUA_DTMF_METHOD_SIP_INFO}

P = ParamSpec("P")
_libc = ctypes.CDLL(None)


def _guarded(callback: Callable[P, None]) -> Callable[P, None]:
    """A Python exception must not unwind through the C++ library, which would abort: report it instead."""

    @functools.wraps(callback)
    def guarded(*arguments: P.args, **keywords: P.kwargs) -> None:
        try:
            callback(*arguments, **keywords)
        except Exception as error:
            traceback.print_exc()
            _emit("fault", error=f"{callback.__name__}: {_plain(error)}")

    return guarded


def _plain(error: Exception) -> str:
    if isinstance(error, pj.Error):
        return f"{error.title}: {error.reason}"
    return str(error) if isinstance(error, PhoneError) else f"{type(error).__name__}: {error}"


def _emit(event: str, **values: Any) -> None:
    _send({"event": event, **values})


def _send(value: dict[str, Any]) -> None:
    # The library's log is complete as far as the parent has been told.
    _libc.fflush(None)
    line = json.dumps(value, separators=(",", ":")).encode() + b"\n"
    while line:
        line = line[os.write(PROTOCOL_FD, line) :]


@dataclass(frozen=True, slots=True)
class Packets:
    """RTP packets of one call, as RTCP counts them."""

    received: int = 0
    received_lost: int = 0
    received_jitter_us: int = 0
    sent: int = 0


class PhoneCall(_CallBase):
    """One leg, its file to play, and its file to record."""

    def __init__(self, phone: "PhoneProcess", account: "PhoneAccount", call_id: int = -1) -> None:
        super().__init__(account, call_id)
        self.phone = phone
        self.number = phone.next_call_number()
        config = phone.config
        self.play_path = config.play
        self.record_path = config.record.replace("{call}", str(self.number))
        self.record_early = config.record_early
        self.state = "NULL"
        self.audio_index = -1
        self.audio: Any = None
        self.player: Any = None
        self.recorder: Any = None
        self.recorded = False
        # A re-INVITE replaces the stream; packets of the former ones are kept here.
        self.packets = Packets()
        self.last: dict[str, Any] = {}

    @_guarded
    def onCallState(self, _parameters: Any) -> None:
        info = self.getInfo()
        self.state = _STATE_NAMES[info.state]
        self.last = {
            "call": self.number,
            "state": self.state,
            "code": int(info.lastStatusCode),
            "reason": info.lastReason,
            "connected_ms": info.connectDuration.sec * 1000 + info.connectDuration.msec,
        }
        if self.state == "DISCONNECTED":
            # The event follows once the recording is closed, so that whoever reads it finds all of it.
            self.phone.ended.append((self, time.monotonic() + RECORDING_WAIT_S))
            return
        self.connect_audio()
        if self.state != "INCOMING":  # told already, as the event `incoming`
            _emit("state", **self.last)

    @_guarded
    def onCallMediaState(self, _parameters: Any) -> None:
        info = self.getInfo()
        for medium in info.media:
            if medium.type != pj.PJMEDIA_TYPE_AUDIO:
                continue
            values: dict[str, Any] = {"call": self.number}
            self.audio_index = -1 if medium.status == pj.PJSUA_CALL_MEDIA_NONE else medium.index
            # On remote hold the peer may still send music, so the stream stays connected.
            if medium.status in (pj.PJSUA_CALL_MEDIA_ACTIVE, pj.PJSUA_CALL_MEDIA_REMOTE_HOLD):
                self.audio = self.getAudioMedia(medium.index)
                self.connect_audio()
                stream = self.getStreamInfo(medium.index)
                values |= {"codec": stream.codecName, "remote": stream.remoteRtpAddress}
            else:
                self.audio = None
            _emit(_MEDIA[medium.status], **values)

    @_guarded
    def onStreamDestroyed(self, parameters: Any) -> None:
        self.packets = self.packets_with(parameters.streamIdx)
        self.audio_index = -1

    @_guarded
    def onDtmfDigit(self, parameters: Any) -> None:
        method = "rfc2833" if parameters.method == pj.PJSUA_DTMF_METHOD_RFC2833 else "info"
        _emit("dtmf", call=self.number, digit=parameters.digit, method=method)

    @_guarded
    def onCallTransferRequest(self, parameters: Any) -> None:
        # The library sets the new call up under this object, and reports on it to whoever sent REFER.
        call = PhoneCall(self.phone, self.phone.account_in_use())
        self.phone.calls[call.number] = call
        parameters.newCall = call
        _emit("transfer_request", call=self.number, to=parameters.dstUri, new_call=call.number)

    @_guarded
    def onCallTransferStatus(self, parameters: Any) -> None:
        _emit(
            "transfer_status",
            call=self.number,
            code=int(parameters.statusCode),
            reason=parameters.reason,
            final=bool(parameters.finalNotify),
        )

    def connect_audio(self) -> None:
        """Join file and stream, as far as the call has come. Repeating it is harmless."""
        if self.audio is None:
            return
        answered = self.state == "CONFIRMED"
        if answered and self.play_path:
            if self.player is None:
                self.player = pj.AudioMediaPlayer()
                self.player.createPlayer(self.play_path)  # loops until it is closed
            self.player.startTransmit(self.audio)
        if self.record_path and (answered or self.record_early):
            if self.recorder is None:
                self.recorder = pj.AudioMediaRecorder()
                self.recorder.createRecorder(self.record_path)
                self.recorded = True
            self.audio.startTransmit(self.recorder)

    def packets_with(self, index: int) -> "Packets":
        """The packets of the call, those of the stream of that index included."""
        if index < 0:
            return self.packets
        rtcp = self.getStreamStat(index).rtcp
        return Packets(
            received=self.packets.received + rtcp.rxStat.pkt,
            received_lost=self.packets.received_lost + rtcp.rxStat.loss,
            received_jitter_us=rtcp.rxStat.jitterUsec.mean,
            sent=self.packets.sent + rtcp.txStat.pkt,
        )

    def close(self) -> None:
        """Ask the library to close the files, which it does at a tick of its media clock."""
        self.audio = self.player = self.recorder = None

    def recording_is_complete(self) -> bool:
        """Whether the file can be read: the length in its RIFF header is what the library writes last."""
        if not self.recorded:
            return True
        with open(self.record_path, "rb") as file:
            return any(file.read(8)[4:])


class PhoneAccount(_AccountBase):
    """The phone's one identity."""

    def __init__(self, phone: "PhoneProcess") -> None:
        super().__init__()
        self.phone = phone

    @_guarded
    def onRegState(self, parameters: Any) -> None:
        code = int(parameters.code)
        active = bool(self.getInfo().regIsActive)
        event = "registered" if active else "unregistered"
        _emit(
            event if code // 100 == 2 else "registration_failed",
            code=code,
            reason=parameters.reason,
            expires_s=int(parameters.expiration),
        )

    @_guarded
    def onIncomingCall(self, parameters: Any) -> None:
        call = PhoneCall(self.phone, self, parameters.callId)
        self.phone.take(call, parameters.rdata.wholeMsg)


class PhoneProcess:
    """The endpoint, the account, the calls, and the commands on them."""

    def __init__(self) -> None:
        self.config = PhoneConfig(user="")
        self.endpoint: Any = None
        self.account: PhoneAccount | None = None
        self.calls: dict[int, PhoneCall] = {}
        # Calls whose recordings are being closed, and until when that may take.
        self.ended: list[tuple[PhoneCall, float]] = []
        self.running = True
        self._call_numbers = 0
        self._address = ""
        # (due in monotonic seconds, tie-break, action); at most one a call.
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._timer_count = 0
        self._commands: dict[str, Callable[[dict[str, Any]], dict[str, Any] | None]] = {
            "start": self._start,
            "register": self._register,
            "unregister": self._unregister,
            "policy": self._policy,
            "call": self._call,
            "answer": self._answer,
            "decline": self._decline,
            "hangup": self._hangup,
            "hold": self._hold,
            "resume": self._resume,
            "transfer": self._transfer,
            "dtmf": self._dtmf,
            "info": self._info,
            "statistics": self._statistics,
            "quit": self._quit,
        }

    def run(self) -> None:
        """Until `quit`, or until the parent is gone."""
        os.set_blocking(0, False)
        pending = b""
        while self.running:
            self._turn()
            try:
                received = os.read(0, LINE_BYTES_MAX)
            except BlockingIOError:
                continue
            if not received:
                self.running = False
            *lines, pending = (pending + received).split(b"\n")
            assert len(pending) <= LINE_BYTES_MAX, "the parent's line is too long"
            for line in lines:
                self._obey(json.loads(line))
        self._leave()

    def next_call_number(self) -> int:
        """Calls are numbered from 0 in the order in which they begin; the library reuses its own ids."""
        self._call_numbers += 1
        return self._call_numbers - 1

    def account_in_use(self) -> PhoneAccount:
        """The account of a started phone."""
        if self.account is None:
            raise PhoneError("the phone is not started")
        return self.account

    def take(self, call: PhoneCall, message: str) -> None:
        """An incoming call: ring, then do as the answer policy says."""
        self.calls[call.number] = call
        info = call.getInfo()
        caller, called = info.remoteUri, info.localUri
        _emit("incoming", call=call.number, caller=caller, called=called, message=message)
        policy = self.config.answer
        if policy.mode == "decline" and policy.after_ms == 0:
            _respond(call, policy.code)
            return
        _respond(call, 180)
        if policy.mode != "ring":
            code = 200 if policy.mode == "answer" else policy.code
            self._after(policy.after_ms, lambda: self._respond_if_ringing(call, code))

    def _turn(self) -> None:
        timeout_ms = POLL_CALL_MS if self.calls else POLL_IDLE_MS
        if self.endpoint is None:
            time.sleep(POLL_CALL_MS / 1000)
            return
        self.endpoint.libHandleEvents(timeout_ms)
        while self._timers and self._timers[0][0] <= time.monotonic():
            heapq.heappop(self._timers)[2]()
        ended, self.ended = self.ended, []
        for call, deadline in ended:
            self._end(call, deadline)

    def _end(self, call: PhoneCall, deadline: float) -> None:
        call.close()
        if not call.recording_is_complete():
            if time.monotonic() < deadline:
                self.ended.append((call, deadline))
                return
            _emit("fault", error=f"{call.record_path} was not completed")
        self.calls.pop(call.number, None)
        _emit("state", **call.last, **asdict(call.packets))

    def _leave(self) -> None:
        """Hang up, unregister, close the recordings, go."""
        if self.endpoint is None:
            return
        self.endpoint.hangupAllCalls()
        unregister = self.account is not None and self.account.getInfo().regIsActive
        if unregister:
            self.account_in_use().setRegistration(False)
        deadline = time.monotonic() + QUIT_WAIT_S
        while time.monotonic() < deadline:
            self._turn()
            if not self.calls and not (unregister and self.account_in_use().getInfo().regIsActive):
                break

    def _obey(self, command: dict[str, Any]) -> None:
        name = command.pop("command", None)
        reply: dict[str, Any] = {"id": command.pop("id", None), "ok": True}
        try:
            if name not in self._commands:
                raise PhoneError(f"unknown command {name!r}; expected one of {', '.join(self._commands)}")
            if name not in ("start", "quit"):
                self.account_in_use()
            reply |= self._commands[name](command) or {}
        except (pj.Error, PhoneError, KeyError, TypeError) as error:
            reply |= {"ok": False, "error": _plain(error)}
        _send(reply)

    def _start(self, command: dict[str, Any]) -> dict[str, Any]:
        if self.endpoint is not None:
            raise PhoneError("the phone is already started")
        self.config = config = config_from_wire(command)
        self.endpoint = _make_endpoint(config.log_path)
        transport = pj.TransportConfig()
        transport.boundAddress = config.bind
        transport.port = config.port
        kind = pj.PJSIP_TRANSPORT_TCP if config.transport == "tcp" else pj.PJSIP_TRANSPORT_UDP
        transport_id = self.endpoint.transportCreate(kind, transport)
        self._address = self.endpoint.transportGetInfo(transport_id).localName
        self.endpoint.libStart()
        self.endpoint.audDevManager().setNullDev()
        self._choose_codecs(config.codecs)
        self.account = PhoneAccount(self)
        self.account.create(self._account_config(transport_id), True)
        return {"address": self._address, "uri": self._uri(config.user)}

    def _choose_codecs(self, wanted: tuple[str, ...]) -> None:
        known = [codec.codecId for codec in self.endpoint.codecEnum2()]
        for name in wanted:
            if not any(codec.startswith(f"{name}/") for codec in known):
                raise PhoneError(f"no codec {name!r}; this phone has {', '.join(known)}")
        for codec in known:
            name = codec.split("/")[0]
            priority = 255 - wanted.index(name) if name in wanted else 0
            self.endpoint.codecSetPriority(codec, priority)

    def _account_config(self, transport_id: int) -> Any:
        config = self.config
        domain = self._domain()
        account = pj.AccountConfig()
        account.idUri = self._uri(config.user)
        account.sipConfig.transportId = transport_id
        suffix = ";transport=tcp" if config.transport == "tcp" else ""
        if config.registrar:
            account.regConfig.registrarUri = f"sip:{domain}{suffix}"
            account.regConfig.registerOnAdd = config.register
            account.regConfig.timeoutSec = config.expires_s
            if domain != config.registrar:
                # The domain is a name: everything goes by the registrar's address, as an outbound proxy.
                account.sipConfig.proxies.append(f"sip:{config.registrar}{suffix};lr")
        if config.password:
            credentials = pj.AuthCredInfo("digest", "*", config.user, 0, config.password)
            account.sipConfig.authCreds.append(credentials)
        account.mediaConfig.transportConfig.boundAddress = config.bind
        account.mediaConfig.transportConfig.port = config.rtp_port
        return account

    def _domain(self) -> str:
        return self.config.domain or self.config.registrar or self._address

    def _uri(self, user: str) -> str:
        return f"sip:{user}@{self._domain()}"

    def _target(self, uri: str) -> str:
        """A URI as given, or the number at the phone's domain; over the phone's own transport."""
        target = uri if uri.startswith(("sip:", "<")) else self._uri(uri)
        if self.config.transport == "tcp" and "transport=" not in target:
            target += ";transport=tcp"
        return target

    def _register(self, _command: dict[str, Any]) -> None:
        self.account_in_use().setRegistration(True)

    def _unregister(self, _command: dict[str, Any]) -> None:
        self.account_in_use().setRegistration(False)

    def _policy(self, command: dict[str, Any]) -> None:
        policy: AnswerPolicy = policy_from_wire(command)
        self.config = replace(self.config, answer=policy)

    def _call(self, command: dict[str, Any]) -> dict[str, Any]:
        call = PhoneCall(self, self.account_in_use())
        call.play_path = command.get("play") or call.play_path
        if command.get("record"):
            call.record_path = command["record"].replace("{call}", str(call.number))
        parameters = pj.CallOpParam(True)
        parameters.opt.videoCount = 0
        for name, value in command.get("headers", {}).items():
            header = pj.SipHeader()
            header.hName, header.hValue = name, value
            parameters.txOption.headers.append(header)
        self.calls[call.number] = call
        try:
            call.makeCall(self._target(command["uri"]), parameters)
        except pj.Error:
            del self.calls[call.number]
            raise
        return {"call": call.number}

    def _answer(self, command: dict[str, Any]) -> None:
        _respond(self._leg(command), int(command.get("code", 200)))

    def _decline(self, command: dict[str, Any]) -> None:
        _respond(self._leg(command), int(command.get("code", 603)))

    def _hangup(self, command: dict[str, Any]) -> None:
        self._leg(command).hangup(pj.CallOpParam())

    def _hold(self, command: dict[str, Any]) -> None:
        self._leg(command).setHold(pj.CallOpParam(True))

    def _resume(self, command: dict[str, Any]) -> None:
        parameters = pj.CallOpParam(True)
        parameters.opt.flag = pj.PJSUA_CALL_UNHOLD
        parameters.opt.videoCount = 0
        self._leg(command).reinvite(parameters)

    def _transfer(self, command: dict[str, Any]) -> None:
        self._leg(command).xfer(self._target(command["uri"]), pj.CallOpParam(True))

    def _dtmf(self, command: dict[str, Any]) -> None:
        method = command.get("method", "rfc2833")
        if method not in _DTMF_METHODS:
            raise PhoneError(f"DTMF method {method!r}: expected one of {', '.join(_DTMF_METHODS)}")
        parameters = pj.CallSendDtmfParam()
        parameters.method = _DTMF_METHODS[method]
        parameters.digits = command["digits"]
        parameters.duration = int(command.get("duration_ms", 160))
        self._leg(command).sendDtmf(parameters)

    def _info(self, command: dict[str, Any]) -> None:
        parameters = pj.CallSendRequestParam()
        parameters.method = "INFO"
        parameters.txOption.contentType = command["content_type"]
        parameters.txOption.msgBody = command["body"]
        self._leg(command).sendRequest(parameters)

    def _statistics(self, command: dict[str, Any]) -> dict[str, Any]:
        call = self._leg(command)
        return asdict(call.packets_with(call.audio_index))

    def _quit(self, _command: dict[str, Any]) -> None:
        self.running = False

    def _leg(self, command: dict[str, Any]) -> PhoneCall:
        """The call that a command names, or the latest one."""
        number = command.get("call", max(self.calls, default=-1))
        if number not in self.calls:
            raise PhoneError(f"no call {number}" if "call" in command else "no call")
        return self.calls[number]

    def _after(self, delay_ms: int, action: Callable[[], None]) -> None:
        assert len(self._timers) < LEGS_MAX * 1024, "timers of ended calls pile up"
        self._timer_count += 1
        heapq.heappush(self._timers, (time.monotonic() + delay_ms / 1000, self._timer_count, action))

    def _respond_if_ringing(self, call: PhoneCall, code: int) -> None:
        # The caller may have cancelled, or a command may have answered, since the timer was set.
        if call.number in self.calls and call.state in ("NULL", "INCOMING", "EARLY"):
            _respond(call, code)


def _respond(call: PhoneCall, code: int) -> None:
    parameters = pj.CallOpParam()
    parameters.statusCode = code
    if code >= 300:
        call.hangup(parameters)
    else:
        call.answer(parameters)


def _make_endpoint(log_path: str) -> Any:
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


def main() -> None:
    """Serve the protocol on standard input and output until told to quit."""
    os.dup2(1, PROTOCOL_FD)
    os.dup2(2, 1)
    PhoneProcess().run()
    # Destroying the library waits a second for nothing, and its objects in the wrong order crash.
    os._exit(0)


if __name__ == "__main__":
    main()
