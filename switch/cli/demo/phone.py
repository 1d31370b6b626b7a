# ruff: noqa: N802 - pjsua2 finds its callbacks by these names
"""A SIP phone in a process of its own, on the third-party stack pjsua2; `phones.py` drives it.

Theory of operation. pjsua2 keeps one endpoint a process, at most four call legs, and destroys every
object that Python lets go of, so the process is the phone and everything lives in attributes until
its call has ended. There is one Python thread: it alternates between the library's poll, the timers
of the answer policy, and the commands on standard input. Media runs in the library's own threads on a
null sound device at 8 kHz; files are the microphone and the loudspeaker.

Standard output belongs to the protocol (`phone_wire.py`). The library prints to it as well, so the
protocol gets a duplicate of it and descriptor 1 is pointed at standard error.
"""

import heapq
import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from switch.cli.demo.phone_call import PhoneCall, respond
from switch.cli.demo.phone_watch import Watched, mailbox_told
from switch.cli.demo.phone_wire import (
    LINE_BYTES_MAX,
    AnswerPolicy,
    PhoneConfig,
    PhoneError,
    config_from_wire,
    policy_from_wire,
)
from switch.cli.demo.pjsua import (
    PROTOCOL_FD,
    AccountBase,
    emit,
    guarded_callback,
    make_endpoint,
    pj,
    plain,
    send,
)

# The library wakes at once for the network; this bounds only how long a command or a timer waits.
POLL_CALL_MS = 10
POLL_IDLE_MS = 40
# Enough for BYE and the un-REGISTER to be sent and answered on a local network.
QUIT_WAIT_S = 1.0

# One a call; those of ended calls stay until they are due, which is seconds, at a few calls a second.
TIMERS_MAX = 1_000

_DTMF_METHODS = {"rfc2833": pj.PJSUA_DTMF_METHOD_RFC2833, "info": pj.PJSUA_DTMF_METHOD_SIP_INFO}


class PhoneAccount(AccountBase):
    """The phone's one identity."""

    def __init__(self, phone: "PhoneProcess") -> None:
        super().__init__()
        self.phone = phone

    @guarded_callback
    def onRegState(self, parameters: Any) -> None:
        code = int(parameters.code)
        active = bool(self.getInfo().regIsActive)
        event = "registered" if active else "unregistered"
        emit(
            event if code // 100 == 2 else "registration_failed",
            code=code,
            reason=parameters.reason,
            expires_s=int(parameters.expiration),
        )

    @guarded_callback
    def onMwiInfo(self, parameters: Any) -> None:
        mailbox_told(parameters)

    @guarded_callback
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
        self.watched: list[Watched] = []
        # Calls whose recordings are being closed, and until when that may take.
        self.ended: list[tuple[PhoneCall, float]] = []
        self.running = True
        self._call_numbers = 0
        self._address = ""
        self._transport = 0
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
            "transfer_to_call": self._transfer_to_call,
            "watch": self._watch,
            "mailbox": self._mailbox,
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
        emit("incoming", call=call.number, caller=caller, called=called, message=message)
        policy = self.config.answer
        if policy.mode == "decline" and policy.after_ms == 0:
            respond(call, policy.code)
            return
        respond(call, 180)
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
            emit("fault", error=f"{call.record_path} was not completed")
        self.calls.pop(call.number, None)
        emit("state", **call.last, **asdict(call.packets))

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
            reply |= {"ok": False, "error": plain(error)}
        send(reply)

    def _start(self, command: dict[str, Any]) -> dict[str, Any]:
        if self.endpoint is not None:
            raise PhoneError("the phone is already started")
        self.config = config = config_from_wire(command)
        self.endpoint = make_endpoint(config.log_path)
        transport = pj.TransportConfig()
        transport.boundAddress = config.bind
        transport.port = config.port
        kind = pj.PJSIP_TRANSPORT_TCP if config.transport == "tcp" else pj.PJSIP_TRANSPORT_UDP
        transport_id = self.endpoint.transportCreate(kind, transport)
        self._address = self.endpoint.transportGetInfo(transport_id).localName
        self._transport = transport_id
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
        if not config.nat_aware:
            account.natConfig.contactRewriteUse = 0
            account.natConfig.viaRewriteUse = 0
            account.natConfig.sdpNatRewriteUse = 0
        if config.reliable:
            account.callConfig.prackUse = pj.PJSUA_100REL_MANDATORY
        if config.session_s:
            account.callConfig.timerUse = pj.PJSUA_SIP_TIMER_REQUIRED
            account.callConfig.timerSessExpiresSec = config.session_s
            account.callConfig.timerMinSESec = 90
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
        respond(self._leg(command), int(command.get("code", 200)))

    def _decline(self, command: dict[str, Any]) -> None:
        respond(self._leg(command), int(command.get("code", 603)))

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

    def _transfer_to_call(self, command: dict[str, Any]) -> None:
        other = self.calls.get(command["to"])
        if other is None:
            raise PhoneError(f"no call {command['to']}")
        self._leg(command).xferReplaces(other, pj.CallOpParam(True))

    def _watch(self, command: dict[str, Any]) -> None:
        self.watched.append(Watched(self.account_in_use(), self._target(command["uri"])))

    def _mailbox(self, _command: dict[str, Any]) -> None:
        config = self._account_config(self._transport)
        config.mwiConfig.enabled = True
        self.account_in_use().modify(config)

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
        assert len(self._timers) < TIMERS_MAX, "timers of ended calls pile up"
        self._timer_count += 1
        heapq.heappush(self._timers, (time.monotonic() + delay_ms / 1000, self._timer_count, action))

    def _respond_if_ringing(self, call: PhoneCall, code: int) -> None:
        # The caller may have cancelled, or a command may have answered, since the timer was set.
        if call.number in self.calls and call.state in ("NULL", "INCOMING", "EARLY"):
            respond(call, code)


def main() -> None:
    """Serve the protocol on standard input and output until told to quit."""
    os.dup2(1, PROTOCOL_FD)
    os.dup2(2, 1)
    PhoneProcess().run()
    # Destroying the library waits a second for nothing, and its objects in the wrong order crash.
    os._exit(0)


if __name__ == "__main__":
    main()
