"""The parent's side of the phones: start one as a process, tell it what to do, wait for what happens.

An event is *claimed* by the `expect` that returns it and is not seen by another; what nobody expected
stays for later, so the order in which a test waits need not be the order on the wire.
"""

import asyncio
import json
import os
import sys
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any

from switch.cli.demo.phone_wire import LINE_BYTES_MAX, AnswerPolicy, PhoneConfig, PhoneError

__all__ = ["AnswerPolicy", "Call", "Phone", "PhoneConfig", "PhoneError", "PhoneEvent", "PhoneTimeoutError"]

# A call makes about ten events; the oldest are forgotten, and counted, rather than kept for a whole day.
EVENTS_MAX = 1_000
# A loaded machine of two cores that starts twenty phones at once needs a few seconds for the last.
START_TIMEOUT_S = 60.0
COMMAND_TIMEOUT_S = 20.0
EXPECT_TIMEOUT_S = 20.0
# The process itself allows QUIT_WAIT_S for BYE and the un-REGISTER.
STOP_TIMEOUT_S = 3.0
TERMINATE_TIMEOUT_S = 1.0
_TAIL_BYTES = 2_000
# The phone runs the same code as its parent, installed or not.
_PACKAGE_PARENT = Path(__file__).resolve().parents[3]


class PhoneTimeoutError(PhoneError, TimeoutError):
    """What was expected of a phone did not happen in time."""


@dataclass(frozen=True, slots=True)
class PhoneEvent:
    """One event. `name` is the event's, or for a change of state the new state in lower case.

    Names: `registered unregistered registration_failed` (code, reason, expires_s); `incoming` (caller,
    called, message); `calling early connecting confirmed disconnected` (code, reason, connected_ms;
    the last also received, received_lost, sent: RTP packets); `media_active media_remote_hold` (codec,
    remote), `media_local_hold media_none media_error`; `dtmf` (digit, method); `transfer_request` (to,
    new_call); `transfer_status` (code, reason, final); `presence` (uri, online, note, subscription,
    ended); `mailbox` (body). `at_s` is the event loop's time of arrival.
    """

    name: str
    call: int | None
    at_s: float
    values: Mapping[str, Any]

    def __getitem__(self, key: str) -> Any:
        return self.values[key]


class Phone:
    """A running phone. `async with await Phone.start(config, folder) as phone:` always ends its process."""

    def __init__(self, config: PhoneConfig, process: asyncio.subprocess.Process, error_path: Path) -> None:
        self.config = config
        self.events: deque[PhoneEvent] = deque(maxlen=EVENTS_MAX)
        self.events_forgotten = 0
        self.address = ""
        self.uri = ""
        self._process = process
        self._error_path = error_path
        self._unclaimed: deque[PhoneEvent] = deque(maxlen=EVENTS_MAX)
        self._arrived = asyncio.Event()
        self._replies: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._commands_sent = 0
        self._gone = False
        self._reader = asyncio.create_task(self._read(), name=f"phone {config.user}")

    @classmethod
    async def start(cls, config: PhoneConfig, folder: Path, prefix: tuple[str, ...] = ()) -> "Phone":
        """Start a phone; its log and what it prints go to `folder`. PhoneError says why it did not.

        `prefix` is a command that runs the process, such as `ip netns exec NAME`.
        """
        log_path = Path(config.log_path or folder / f"{config.user}.log")
        config = replace(config, log_path=str(log_path))
        error_path = log_path.with_suffix(".stderr")
        with error_path.open("wb") as errors:
            process = await asyncio.create_subprocess_exec(
                *prefix,
                sys.executable,
                *("-m", "switch.cli.demo.phone"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                env=os.environ | {"PYTHONPATH": str(_PACKAGE_PARENT)},
                limit=LINE_BYTES_MAX,
                # Ctrl-C is for the parent, which lets the phones hang up and unregister.
                start_new_session=True,
            )
        phone = cls(config, process, error_path)
        try:
            reply = await phone.command("start", timeout_s=START_TIMEOUT_S, **config.to_wire())
        except BaseException:
            await phone.stop()
            raise
        phone.address, phone.uri = reply["address"], reply["uri"]
        return phone

    async def __aenter__(self) -> "Phone":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def pid(self) -> int:
        """The process of this phone."""
        return self._process.pid

    async def command(self, name: str, timeout_s: float = COMMAND_TIMEOUT_S, **values: Any) -> dict[str, Any]:
        """Send one command and return the reply's fields; PhoneError carries the phone's refusal."""
        if self._gone:
            raise PhoneError(self._epitaph())
        assert self._process.stdin is not None
        self._commands_sent += 1
        number = self._commands_sent
        reply: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._replies[number] = reply
        try:
            line = json.dumps({"id": number, "command": name, **values}).encode() + b"\n"
            self._process.stdin.write(line)
            answer = await asyncio.wait_for(reply, timeout_s)
        except TimeoutError:
            message = f"phone {self.config.user}: no reply to {name} within {timeout_s} s"
            raise PhoneTimeoutError(message) from None
        finally:
            del self._replies[number]
        if not answer["ok"]:
            raise PhoneError(f"phone {self.config.user}: {name}: {answer['error']}")
        return answer

    async def expect(
        self, name: str, timeout_s: float = EXPECT_TIMEOUT_S, call: int | None = None, **values: Any
    ) -> PhoneEvent:
        """Claim the oldest event of that name, with these values; wait for it if need be."""
        return await self._expect_any((name,), timeout_s, call, values)

    def saw(self, name: str, call: int | None = None) -> bool:
        """Whether such an event has come, claimed or not."""
        return any(event.name == name and call in (None, event.call) for event in self.events)

    async def register(self, timeout_s: float = EXPECT_TIMEOUT_S) -> PhoneEvent:
        """Register, or refresh; a refusal raises PhoneError with the code."""
        await self.command("register")
        return await self.registered(timeout_s)

    async def registered(self, timeout_s: float = EXPECT_TIMEOUT_S) -> PhoneEvent:
        """Wait for the result of a registration; a refusal raises PhoneError with the code."""
        event = await self._expect_any(("registered", "registration_failed"), timeout_s, None, {})
        if event.name == "registration_failed":
            raise PhoneError(f"phone {self.config.user}: REGISTER: {event['code']} {event['reason']}")
        return event

    async def unregister(self, timeout_s: float = EXPECT_TIMEOUT_S) -> PhoneEvent:
        """Remove the phone's binding."""
        await self.command("unregister")
        return await self.expect("unregistered", timeout_s)

    async def set_policy(self, policy: AnswerPolicy) -> None:
        """What to do with calls that come in from now on."""
        await self.command("policy", mode=policy.mode, after_ms=policy.after_ms, code=policy.code)

    async def call(
        self, uri: str, play: str = "", record: str = "", headers: Mapping[str, str] | None = None
    ) -> "Call":
        """Dial a URI, or a number at the phone's own domain. Files override those of the configuration."""
        reply = await self.command("call", uri=uri, play=play, record=record, headers=dict(headers or {}))
        return Call(self, reply["call"], _record_path(record or self.config.record, reply["call"]))

    async def incoming(self, timeout_s: float = EXPECT_TIMEOUT_S) -> "Call":
        """Wait for a call to come in."""
        event = await self.expect("incoming", timeout_s)
        assert event.call is not None
        return Call(self, event.call, _record_path(self.config.record, event.call), event["caller"])

    async def stop(self) -> None:
        """Hang up, unregister, end: by asking, then SIGTERM, then SIGKILL. Repeating it is harmless."""
        if not self._gone and self._process.stdin is not None:
            # The end of its input is the request: it works whatever the process is busy with.
            self._process.stdin.close()
        for signal_it, timeout_s in (
            (None, STOP_TIMEOUT_S),
            (self._process.terminate, TERMINATE_TIMEOUT_S),
            (self._process.kill, TERMINATE_TIMEOUT_S),
        ):
            if self._process.returncode is None:
                if signal_it is not None:
                    signal_it()
                try:
                    await asyncio.wait_for(self._process.wait(), timeout_s)
                except TimeoutError:
                    continue
        await self._reader

    async def vanish(self) -> None:
        """Lose power: the process is killed, and nobody is told."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await self._reader

    async def _expect_any(
        self, names: tuple[str, ...], timeout_s: float, call: int | None, values: Mapping[str, Any]
    ) -> PhoneEvent:
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    event = self._claim(names, call, values)
                    if event is not None:
                        return event
                    if self._gone:
                        raise PhoneError(self._epitaph())
                    self._refuse_if_ended(call, names)
                    await self._arrived.wait()
        except TimeoutError:
            wanted = " or ".join(names) + "".join(f" {key}={value}" for key, value in values.items())
            raise PhoneTimeoutError(
                f"phone {self.config.user}: no {wanted} within {timeout_s} s"
                + ("" if call is None else f" on call {call}")
                + f"; it saw {', '.join(self._story()) or 'nothing'}; log: {self.config.log_path}"
            ) from None

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            value: dict[str, Any] = json.loads(line)
            if "event" in value:
                self._note(value)
            elif value["id"] in self._replies and not self._replies[value["id"]].done():
                self._replies[value["id"]].set_result(value)
        await self._process.wait()
        self._gone = True
        for reply in self._replies.values():
            if not reply.done():
                reply.set_exception(PhoneError(self._epitaph()))
        self._arrived.set()

    def _note(self, value: dict[str, Any]) -> None:
        name, call = value.pop("event"), value.pop("call", None)
        if name == "state":
            name = value["state"].lower()
        event = PhoneEvent(name, call, asyncio.get_running_loop().time(), value)
        if len(self._unclaimed) == EVENTS_MAX:
            self.events_forgotten += 1
        self.events.append(event)
        self._unclaimed.append(event)
        self._arrived.set()
        self._arrived = asyncio.Event()

    def _claim(
        self, names: tuple[str, ...], call: int | None, values: Mapping[str, Any]
    ) -> PhoneEvent | None:
        for event in self._unclaimed:
            if event.name == "fault":
                raise PhoneError(f"phone {self.config.user}: {event['error']}; see {self._error_path}")
            if event.name not in names or call not in (None, event.call):
                continue
            if all(event.values.get(key) == value for key, value in values.items()):
                self._unclaimed.remove(event)
                return event
        return None

    def _refuse_if_ended(self, call: int | None, names: tuple[str, ...]) -> None:
        """Nothing more comes of a call after its end, so waiting for it would only hide the reason."""
        for event in self.events:
            if event.name == "disconnected" and event.call == call is not None:
                raise PhoneError(
                    f"phone {self.config.user}: no {' or '.join(names)}: call {call} ended with "
                    f"{event['code']} {event['reason']}; log: {self.config.log_path}"
                )

    def _story(self) -> list[str]:
        return [f"{event.name}({event.values.get('code', '')})" for event in list(self.events)[-20:]]

    def _epitaph(self) -> str:
        tail = self._error_path.read_bytes()[-_TAIL_BYTES:].decode(errors="replace").strip()
        return f"phone {self.config.user}: its process has ended ({self._process.returncode}) {tail}"


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a phone. `recording` is complete once `disconnected` has been seen.

    `caller` is the From of a call that came in.
    """

    phone: Phone
    number: int
    recording: Path | None = None
    caller: str = ""

    async def expect(self, name: str, timeout_s: float = EXPECT_TIMEOUT_S, **values: Any) -> PhoneEvent:
        """An event of this call, see `Phone.expect`."""
        return await self.phone.expect(name, timeout_s, self.number, **values)

    async def answer(self, code: int = 200) -> None:
        """Answer, or send another provisional response (180, 183)."""
        await self._command("answer", code=code)

    async def decline(self, code: int = 603) -> None:
        """Refuse with a final response."""
        await self._command("decline", code=code)

    async def hangup(self) -> None:
        """CANCEL before the answer, BYE after it."""
        await self._command("hangup")

    async def hold(self) -> None:
        """re-INVITE, sendonly."""
        await self._command("hold")

    async def resume(self) -> None:
        """re-INVITE, sendrecv."""
        await self._command("resume")

    async def transfer(self, uri: str) -> None:
        """Blind transfer: REFER to a URI or a number. `transfer_status` tells how it goes."""
        await self._command("transfer", uri=uri)

    async def transfer_to_call(self, other: "Call") -> None:
        """Attended transfer: REFER to the other party of another call of this phone."""
        await self._command("transfer_to_call", to=other.number)

    async def dtmf(self, digits: str, method: str = "rfc2833", duration_ms: int = 160) -> None:
        """Send digits as RFC 4733 events, or each as a SIP INFO with `method="info"`."""
        await self._command("dtmf", digits=digits, method=method, duration_ms=duration_ms)

    async def info(self, content_type: str, body: str) -> None:
        """Send any SIP INFO."""
        await self._command("info", content_type=content_type, body=body)

    async def statistics(self) -> dict[str, Any]:
        """RTP packets received, received_lost, sent, and received_jitter_us, until now."""
        return await self._command("statistics")

    async def _command(self, name: str, **values: Any) -> dict[str, Any]:
        return await self.phone.command(name, call=self.number, **values)


def _record_path(template: str, number: int) -> Path | None:
    return Path(template.replace("{call}", str(number))) if template else None
