"""One running switch: sockets, engine and store around the exchange, on one event loop.

Theory of operation. Everything that happens (a datagram, a media event, a timer, a command) calls into the
exchange, and then `carry`: bytes go to the sockets and commands to the engine. Messages come several a turn
of the loop; what they lead to is carried once, in `drained`, with what can always wait for it, as the next
timer. The journal's entries gather for its window here and not at the writer: made into
rows and counted together they cost half of what they cost one turn at a time, and the writer's thread is
woken once a group.

A mistake of ours that shows in one of these steps must not stop the reader of a socket or the timer: then
every call would die of it in silence. It is logged with its traceback, counted as a broken invariant, and
the next input is taken.
"""

import asyncio
import errno
import functools
import os
import time
from collections.abc import Callable
from typing import Concatenate, ParamSpec

import structlog

from switch.base.errors import PeerError
from switch.call.cause import Reason
from switch.engine.engine import Engine
from switch.engine.handshakes import RETRANSMIT_EVERY_S
from switch.exchange.exchange import Exchange
from switch.exchange.mail import MailOrder
from switch.exchange.office import CommitWanted, Notice, QualityWanted
from switch.exchange.recordings import RecordingFailed
from switch.media.commands import CloseStream, Command, OpenStream, StartRecording, UpdateStream
from switch.media.events import RecordingEnded, RecordingReason, SecurityFailed, StreamClosed
from switch.metrics.metrics import Metrics
from switch.net.network import Network
from switch.net.overload import Level
from switch.net.resolver import Resolver
from switch.net.seldom import Seldom
from switch.node import huge_pages
from switch.node.certificates import CertificateFetcher
from switch.node.clock import now_us, wall_offset_us
from switch.node.collector import LOOK_EVERY_S, Collector
from switch.node.compose import Materials
from switch.node.listening import Doors
from switch.node.loop_lag import LoopLag
from switch.node.mail import MailRoom
from switch.registrar.values import AuthenticationFailed
from switch.sip.flow import Flow
from switch.sip.locate import Answer, Question
from switch.sip.outputs import SendBytes
from switch.store.writer import WINDOW_S, JournalWriter
from switch.trunk.settings import (
    CallsTooFast,
    ChannelsExhausted,
    GatewayDown,
    GatewayLocated,
    GatewayUncertain,
    GatewayUp,
    RegistrationLost,
    RegistrationRejected,
    RegistrationUnanswered,
    RegistrationUp,
    TrunkEvent,
)
from switch.trunk.stir.settings import CertificateWanted

_log = structlog.get_logger()

COMMIT_S = 4.0
"""How long whoever is promised something waits for the journal; longer means a disk that refuses."""

DRAIN_S = 2.0
"""How long a stop waits for the answers to its BYEs."""

WALL_CHECK_S = 10.0
"""How often wall time is compared with monotonic time: a stepped clock is corrected within this."""


FAULTS_LOGGED_MAX = 100
"""Tracebacks in the log; a fault that comes with every packet must not fill the disk as well."""

FAULT_PAUSE_S = 0.1
"""Before the timer is looked at again after a fault, so that one that stays due is no endless loop."""

OVERLOAD_LINES = {
    Level.NORMAL: "the overload is over: everything is taken again",
    Level.BUSY: "overloaded: registrations and the like are answered 503 for now; calls are not touched",
    Level.FULL: "overloaded: new calls are answered 503 too for now; calls that stand are not touched",
}

P = ParamSpec("P")


def _survived(step: "Callable[Concatenate[Node, P], None]") -> "Callable[Concatenate[Node, P], None]":
    """Around each way in: see the theory of operation."""

    @functools.wraps(step)
    def survived(node: "Node", /, *arguments: P.args, **keywords: P.kwargs) -> None:
        try:
            step(node, *arguments, **keywords)
        except Exception:
            node.fault(step.__name__)

    return survived


def is_good_news(event: TrunkEvent) -> bool:
    """Everything else that is told of carriers wants an operator's eye."""
    if isinstance(event, GatewayLocated):
        return bool(event.addresses)
    return isinstance(event, GatewayUp | RegistrationUp)


def carrier_line(event: TrunkEvent) -> str:
    """What a carrier did, as the operator reads it."""
    match event:
        case GatewayDown(trunk, gateway, reason, rest_s):
            return f"trunk {trunk}: gateway {gateway.title} is down ({reason}); tried again in {rest_s} s"
        case GatewayUp(trunk, gateway):
            return f"trunk {trunk}: gateway {gateway.title} answers again"
        case ChannelsExhausted(trunk, channels_max):
            return f"trunk {trunk}: a call was refused, all {channels_max} channels are in use"
        case GatewayLocated(trunk, gateway, addresses):
            where = ", ".join(str(address) for address in addresses)
            return (
                f"trunk {trunk}: gateway {gateway} is {f'at {where}' if where else 'a name without address'}"
            )
        case GatewayUncertain(trunk, gateway, kept):
            goes_on = f"its {kept} last known addresses stay in use" if kept else "it has no address yet"
            return f"trunk {trunk}: the resolver does not say where gateway {gateway} is; {goes_on}"
        case CallsTooFast(trunk, calls_per_second_max):
            return f"trunk {trunk}: a call was refused, {calls_per_second_max} calls began within a second"
        case RegistrationUp(trunk, expires_s):
            return f"trunk {trunk}: registered with the carrier for {expires_s} s"
        case RegistrationLost(trunk, reason):
            return f"trunk {trunk}: the registration is lost ({reason}); no calls come in by it"
        case RegistrationUnanswered(trunk, reason, retry_s):
            return (
                f"trunk {trunk}: no gateway answers our registration ({reason}), no calls come in by it; "
                f"tried again in {retry_s} s"
            )
        case RegistrationRejected(trunk, reason, retry_s):
            return (
                f"trunk {trunk}: the carrier refuses our registration ({reason}); look at username and "
                f"password; tried again in {retry_s} s"
            )


class Node:
    """The parts in motion. Made by `start.py`, which also says what each part is."""

    def __init__(
        self,
        materials: Materials,
        exchange: Exchange,
        engine: Engine,
        network: Network,
        resolver: Resolver,
        writer: JournalWriter,
        metrics: Metrics,
        doors: Doors,
    ) -> None:
        self.materials = materials
        self.exchange = exchange
        self.engine = engine
        self.network = network
        self.resolver = resolver
        self.writer = writer
        self.metrics = metrics
        self.doors = doors
        self.journal = exchange.office.journal
        self.certificates = CertificateFetcher(self._certificate)
        self.lag = LoopLag(self._lag_noted)
        self.started_wall_us = self.journal.wall(now_us())
        self.mail: MailRoom | None = None
        """Mailboxes' files; given by whoever knows their folder."""
        self.stopping = False
        self.media_refused = 0
        self._never_opened: set[int] = set()
        """Slots that the engine refused to open and the exchange has yet to close: at most all of them."""
        self.faults = 0
        self._level_told = Level.NORMAL
        self._overloads = Seldom()
        self._commits: set[asyncio.Task[None]] = set()
        self._wrong_logins = Seldom()
        self._journal_full = False
        # Asked once: each asking is a system call (`getpid`), and a call of two legs would ask a dozen times.
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at: int | None = None
        self._after_scheduled = False
        self._pause: asyncio.TimerHandle | None = None
        self._gathering = False
        self._wall_task: asyncio.Task[None] | None = None
        self.collector = Collector()
        self._collect_task: asyncio.Task[None] | None = None
        self._handshake_task: asyncio.Task[None] | None = None

    # Life.

    async def start(self) -> None:
        """Begin to carry; the sockets are bound already."""
        loop = self._loop
        huge_pages.gather()
        self.engine.start()
        loop.add_reader(self.engine.fileno(), self._engine_ready)
        self.lag.start()
        self._wall_task = asyncio.create_task(self._watch_wall(), name="wall-clock")
        self._collect_task = asyncio.create_task(self._collect(), name="collector")
        self._handshake_task = asyncio.create_task(self._repeat_handshakes(), name="handshakes")
        await self.network.start(self)
        self.exchange.start(now_us())
        self.carry()

    async def stop(self) -> None:
        """End all calls, wait a moment for what answers, and take the parts down."""
        self.stopping = self.exchange.office.sheds = True
        for call in list(self.exchange.office.sessions):
            self.exchange.hang_up(call, Reason.SHUTDOWN, now_us())
        self.exchange.stop(now_us())
        self.carry()
        end = time.monotonic() + DRAIN_S
        while self._drains() and time.monotonic() < end:
            await asyncio.sleep(0.02)
        await self.certificates.stop()
        await self.network.close()
        await self.resolver.close()
        for task in (self._wall_task, self._handshake_task, self._collect_task):
            if task is not None:
                task.cancel()
        await self.lag.stop()
        self._loop.remove_reader(self.engine.fileno())
        self.engine.close()
        self._end_turn()
        self.hand_over()
        for timer in (self._timer, self._pause):
            if timer is not None:
                timer.cancel()

    def _drains(self) -> bool:
        """Somebody has yet to answer our BYE, or a carrier that it has forgotten us."""
        return bool(self.exchange.office.legs) or self.exchange.office.parts.trunks.unregistering

    # What the sockets tell.

    def received(self, data: bytes, flow: Flow) -> None:
        # As `_survived`, without its call for each message.
        try:
            self.exchange.receive(data, flow, now_us())
        except Exception:
            self.fault("received")

    @_survived
    def refused(self, data: bytes, flow: Flow) -> None:
        self.exchange.refuse(data, flow, now_us())

    @_survived
    def drained(self) -> None:
        """Send, after all messages of the turn: whoever gets a datagram is run at once by the kernel, and the
        next message would find cold caches. And in the same turn: before another the loop asks the kernel
        what there is, and lets the journal's thread in."""
        self._carry_out()
        self._end_turn()

    def failed(self, flow: Flow, branch: str = "") -> None:
        # Called from within `carry`: the failure is taken in at the next turn, never in the middle of one.
        self._loop.call_soon(self._failed, flow, branch)

    @_survived
    def closed(self, flow: Flow) -> None:
        if not self.stopping:
            self.exchange.connection_closed(flow, now_us())
            self.carry()

    @_survived
    def _located(self, answer: Answer) -> None:
        if not self.stopping:
            self.exchange.located(answer, now_us())
            self.carry()

    @_survived
    def _failed(self, flow: Flow, branch: str) -> None:
        self.exchange.transport_failed(flow, now_us(), branch)
        self.carry()

    # What the engine and the clock tell.

    @_survived
    def _engine_ready(self) -> None:
        now = now_us()
        for event in self.engine.poll():
            if isinstance(event, SecurityFailed):
                _log.warning("a phone's media cannot be encrypted; its call ends", reason=event.reason)
            self.exchange.media_event(event, now)
        self.drained()

    @_survived
    def _certificate(self, url: str, pem: bytes | None) -> None:
        self.exchange.certificate(url, pem, now_us())
        self.carry()

    @_survived
    def _timer_due(self) -> None:
        self._timer = self._timer_at = None
        self.exchange.handle_timer(now_us())
        self.drained()

    async def _watch_wall(self) -> None:
        while True:
            self.journal.set_wall_offset(wall_offset_us())
            await asyncio.sleep(WALL_CHECK_S)

    async def _repeat_handshakes(self) -> None:
        while True:
            await asyncio.sleep(RETRANSMIT_EVERY_S)
            self._handshakes_due()

    @_survived
    def _handshakes_due(self) -> None:
        self.engine.repeat_handshakes()

    async def _collect(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            self.collector.look(len(self.exchange.office.sessions))

    # Carrying.

    def carry(self) -> None:
        """Bytes to the sockets, commands to the engine, and the rest at the end of this turn."""
        self._carry_out()
        if not self._after_scheduled:
            self._after_scheduled = True
            self._loop.call_soon(self._after)

    def _carry_out(self) -> None:
        for output in self.exchange.poll():
            if isinstance(output, SendBytes):
                self.network.send(output.data, output.flow)
            elif isinstance(output, Question):
                self.resolver.ask(output, self._located)
            elif isinstance(output, CertificateWanted):
                self.certificates.want(output)
            elif isinstance(output, MailOrder):
                if self.mail is not None:
                    self.mail.order(output)
            elif isinstance(output, QualityWanted):
                self._loop.call_soon(self._quality, output.slot)
            elif isinstance(output, CommitWanted):
                self._commits.add(asyncio.create_task(self._commit(output.sequence), name="commit"))
            else:
                self._command(output)

    @_survived
    def _quality(self, slot: int) -> None:
        self.exchange.quality(slot, self.engine.quality(slot), now_us())
        self.carry()

    @_survived
    def _command(self, command: Command) -> None:
        """One at a time, so that a fault in one does not lose the BYE that stands behind it."""
        loop = self._loop
        if isinstance(command, CloseStream) and command.slot in self._never_opened:
            self._never_opened.discard(command.slot)
            loop.call_soon(self._stream_closed, command.slot)
            return
        try:
            accepted = self.engine.post(command)
        except PeerError:
            accepted = False
        if accepted:
            return
        assert not isinstance(command, CloseStream), "a close always fits"
        self.media_refused += 1
        if isinstance(command, OpenStream):
            self._never_opened.add(command.slot)
        if isinstance(command, StartRecording):
            loop.call_soon(self._recording_refused, command)
        if isinstance(command, OpenStream | UpdateStream):
            loop.call_soon(self._media_refused, command.slot)

    @_survived
    def _stream_closed(self, slot: int) -> None:
        """What the engine says of a stream that it had; of one that it refused to open we say it."""
        self.exchange.media_event(StreamClosed(slot), now_us())
        self.carry()

    @_survived
    def _recording_refused(self, command: StartRecording) -> None:
        """The engine had no room for it; each one is answered."""
        refused = RecordingEnded(
            command.slot, command.recording, RecordingReason.FAILED, errno.ENOBUFS, 0, 0, 0
        )
        self.exchange.media_event(refused, now_us())
        self.carry()

    @_survived
    def _media_refused(self, slot: int) -> None:
        self.exchange.media_refused(slot, now_us())
        self.carry()

    @_survived
    def _after(self) -> None:
        self._after_scheduled = False
        self._carry_out()
        self._end_turn()

    def _end_turn(self) -> None:
        if not self._gathering and (self.journal.waits or self.exchange.office.trailing):
            self._gathering = True
            self._loop.call_later(WINDOW_S, self._gathered)
        for notice in self.exchange.take_notices():
            self._tell(notice)
        if self._pause is not None:
            return
        due = self.exchange.next_timer()
        if due is None or (self._timer_at is not None and self._timer_at <= due):
            return
        if self._timer is not None:
            self._timer.cancel()
        delay_s = max(0, due - now_us()) / 1_000_000
        self._timer_at = due
        self._timer = self._loop.call_later(delay_s, self._timer_due)

    def _gathered(self) -> None:
        self._gathering = False
        self.hand_over()

    @_survived
    def hand_over(self) -> None:
        """What the journal has gathered, to its writer and to the counters; at once, where somebody asks."""
        office = self.exchange.office
        if not self.journal.waits and not office.trailing:
            return
        trailing = office.trailing
        trail = office.take_trails(now_us()) if trailing else ()
        entries = self.journal.drain()
        taken = self.writer.append(entries, trail)
        if not taken:
            for tenancy in trailing:
                tenancy.trail.lost()
        if not taken and not self._journal_full:
            # Once: while it is full this is every group. `refused` counts in the metrics.
            _log.error("the journal is full: entries are lost until the store takes them again")
        self._journal_full = not taken
        self.metrics.observe(entries)
        self._look_for_room()

    async def _commit(self, sequence: int) -> None:
        """Let the journal be durable at once, and say whether it is. One promise waits for it, not a call."""
        self.hand_over()
        await asyncio.to_thread(self.writer.flush, COMMIT_S)
        self._committed(sequence, self.writer.durable_sequence >= sequence)

    @_survived
    def _committed(self, sequence: int, stored: bool) -> None:
        self._commits = {task for task in self._commits if not task.done()}
        self.exchange.committed(sequence, stored, now_us())
        self.carry()

    def _look_for_room(self) -> None:
        """Whether the writer has room for what new calls would write."""
        self.exchange.office.sheds = self.stopping or self.writer.sheds

    def _tell(self, notice: Notice) -> None:
        if isinstance(notice, AuthenticationFailed):
            self._wrong_logins.say(
                "a wrong password",
                account=notice.account or "unknown",
                peer=notice.host,
                failures=notice.failures,
            )
        elif isinstance(notice, RecordingFailed):
            if notice.error:
                told = "a recording cannot be written"
                _log.error(told, call=notice.call, path=notice.path, reason=os.strerror(notice.error))
            if notice.lost_ms:
                told = "the disk is too slow: a recording has gaps"
                _log.warning(told, call=notice.call, path=notice.path, lost_ms=notice.lost_ms)
        else:
            (_log.info if is_good_news(notice) else _log.warning)(carrier_line(notice))

    def _lag_noted(self, lag_s: float) -> None:
        """Measured all the time, and so also the moment to see whether anything is shed, and whether the
        store has caught up: a switch that refuses every call hands nothing over by which it could notice."""
        self._look_for_room()
        intake = self.network.intake
        intake.note_lag(lag_s)
        level = intake.overload.level
        if level is not self._level_told:
            self._level_told = level
            self._overloads.say(OVERLOAD_LINES[level], waiting=intake.waiting)

    def fault(self, where: str) -> None:
        """An exception that nobody expected came out of `where`."""
        self.faults += 1
        if self.faults <= FAULTS_LOGGED_MAX:
            _log.exception("a mistake of the switch; please report it", where=where, faults=self.faults)
        if self._pause is None:
            self._pause = self._loop.call_later(FAULT_PAUSE_S, self._paused)

    def _paused(self) -> None:
        """What is due is looked at again; until here only what came was."""
        self._pause = None
        self._after()
