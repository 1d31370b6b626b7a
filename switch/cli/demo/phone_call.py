# ruff: noqa: N802 - pjsua2 finds its callbacks by these names
"""One leg of a phone: the library's callbacks, the file it plays, and the file it records."""

import time
from dataclasses import dataclass
from typing import Any, Protocol

from switch.cli.demo.phone_wire import PhoneConfig
from switch.cli.demo.pjsua import AccountBase, CallBase, emit, guarded_callback, pj

# The media clock ticks every 20 ms; a second means that it stands still, or that the disk is full.
RECORDING_WAIT_S = 1.0

_STATES = ("NULL", "CALLING", "INCOMING", "EARLY", "CONNECTING", "CONFIRMED", "DISCONNECTED")
_STATE_NAMES = {getattr(pj, f"PJSIP_INV_STATE_{name}"): name for name in _STATES}
_MEDIA = {
    pj.PJSUA_CALL_MEDIA_NONE: "media_none",
    pj.PJSUA_CALL_MEDIA_ACTIVE: "media_active",
    pj.PJSUA_CALL_MEDIA_LOCAL_HOLD: "media_local_hold",
    pj.PJSUA_CALL_MEDIA_REMOTE_HOLD: "media_remote_hold",
    pj.PJSUA_CALL_MEDIA_ERROR: "media_error",
}


class Owner(Protocol):
    """What a call needs of its phone."""

    config: PhoneConfig
    calls: "dict[int, PhoneCall]"
    # Calls whose recordings are being closed, and until when that may take.
    ended: "list[tuple[PhoneCall, float]]"

    def next_call_number(self) -> int: ...
    def account_in_use(self) -> AccountBase: ...


@dataclass(frozen=True, slots=True)
class Packets:
    """RTP packets of one call, as RTCP counts them."""

    received: int = 0
    received_lost: int = 0
    received_jitter_us: int = 0
    sent: int = 0


class PhoneCall(CallBase):
    """One leg, its file to play, and its file to record."""

    def __init__(self, phone: Owner, account: AccountBase, call_id: int = -1) -> None:
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

    @guarded_callback
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
            emit("state", **self.last)

    @guarded_callback
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
            emit(_MEDIA[medium.status], **values)

    @guarded_callback
    def onStreamDestroyed(self, parameters: Any) -> None:
        self.packets = self.packets_with(parameters.streamIdx)
        self.audio_index = -1

    @guarded_callback
    def onDtmfDigit(self, parameters: Any) -> None:
        method = "rfc2833" if parameters.method == pj.PJSUA_DTMF_METHOD_RFC2833 else "info"
        emit("dtmf", call=self.number, digit=parameters.digit, method=method)

    @guarded_callback
    def onCallTransferRequest(self, parameters: Any) -> None:
        # The library sets the new call up under this object, and reports on it to whoever sent REFER.
        call = PhoneCall(self.phone, self.phone.account_in_use())
        self.phone.calls[call.number] = call
        parameters.newCall = call
        emit("transfer_request", call=self.number, to=parameters.dstUri, new_call=call.number)

    @guarded_callback
    def onCallTransferStatus(self, parameters: Any) -> None:
        emit(
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


def respond(call: PhoneCall, code: int) -> None:
    parameters = pj.CallOpParam()
    parameters.statusCode = code
    if code >= 300:
        call.hangup(parameters)
    else:
        call.answer(parameters)
