"""Starts a switch step by step, so that what fails fails in one line and leaves nothing half open.

| step | what can fail | said as |
| --- | --- | --- |
| dialplans, trunk secrets | a mistake in YAML, a missing variable | ConfigurationError with every place |
| state folder, store | locked, unreadable, full, newer | ResourceError |
| prompts | espeak-ng missing, a WAV that is none | ConfigurationError or ResourceError |
| RTP ports, SIP and HTTP sockets | taken | ResourceError |
| the first journal entry | the store is locked, full, read-only | ResourceError |
"""

import asyncio
import os
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from threading import Event

import structlog

from switch.api.server import ApiServer, WebOptions, bind_http
from switch.api.state_folder import StateFolder
from switch.api.views import NewSecret
from switch.base.errors import ResourceError
from switch.engine._engine import OPUS_MISSING, SRTP_MISSING
from switch.engine.engine import Engine
from switch.exchange import mail
from switch.journal import events
from switch.journal.entry import Journal
from switch.metrics.metrics import Metrics
from switch.net.network import Network
from switch.net.resolver import Resolver
from switch.net.tls import ServerSide
from switch.node import accounts, bindings, mail_files, recovery, subscriptions
from switch.node.clock import now_us, wall_offset_us
from switch.node.compose import Materials, build
from switch.node.configuration import Configuration, add_clips, package_version, read_configuration
from switch.node.control import Control
from switch.node.digest_offer import advice
from switch.node.listening import Doors, Wanted, client_tls, media_bind, say_expiry, wanted, web_tls
from switch.node.mail import MailRoom
from switch.node.node import Node
from switch.node.observe import thresholds
from switch.node.options import RunOptions, media_threads_for
from switch.node.retention import Retention
from switch.node.tokens import SystemBits, SystemTokens
from switch.node.trail_keeper import TrailKeeper
from switch.registrar.values import Account
from switch.sip.flow import Address
from switch.store.store import Store
from switch.store.target import FILE_NAME
from switch.store.writer import JournalWriter

_log = structlog.get_logger()

NODE_NAME_LENGTH = 4
EPOCH_LENGTH = 4
"""Ids are unique across nodes and restarts: 36**4 starts before two share a prefix by chance."""

RTP_SPARE = 8
"""One pair of RTP ports in so many may be taken by others: that is no reason not to start."""

WRITER_STOP_S = 5.0
"""How long a stop waits for the last journal entries to become durable."""


@asynccontextmanager
async def running(options: RunOptions) -> AsyncIterator[tuple[Control, list[NewSecret]]]:
    """A switch that takes calls inside the block, and is taken down after it in the reverse order."""
    async with AsyncExitStack() as stack:
        configuration = read_configuration(options.dialplans)
        for warning in configuration.centre.warnings:
            _log.warning("dialplan", at=str(warning))
        state = StateFolder.open(options.state)
        stack.callback(state.close)
        store = Store.open(options.store or options.state / FILE_NAME)
        stack.callback(store.close)
        recovery.go_on(store)
        made = accounts.make_missing(store, configuration.centre)

        listeners = wanted(options, configuration.centre.listening)
        pairs = (options.rtp_high - options.rtp_low + 1) // 2
        slots = max(1, pairs - pairs // RTP_SPARE)
        media_host = listeners[0].media_host
        rtp = (options.rtp_low, options.rtp_high)
        if OPUS_MISSING:
            _log.warning("Opus is not offered and not recorded: its library is not here", reason=OPUS_MISSING)
        if SRTP_MISSING:
            _log.warning("No audio is encrypted: the library for SRTP is not here", reason=SRTP_MISSING)
        engine = Engine(
            media_bind(listeners),
            rtp,
            slots,
            advertised_host=media_host,
            recordings=str(options.recordings_folder.absolute()),
            random_bits=SystemBits(),
            threads=options.media_threads or media_threads_for(len(os.sched_getaffinity(0)), slots),
        )
        stack.callback(engine.close)
        add_clips(engine, configuration.centre, options.state / "prompts")

        started = Event()
        # The window is the loop's: what comes to the writer has waited for it (see node.py).
        writer = JournalWriter(store, on_health=partial(_journal_health, started), window_s=0)
        writer.start()
        stack.callback(lambda: writer.stop(WRITER_STOP_S if started.is_set() else 0))
        journal = Journal(store.last_sequence(), wall_offset_us())
        loaded = accounts.load(store, configuration.centre, made)
        if advised := advice(configuration.centre.digest, loaded):
            _log.warning("digest", advice=advised)
        node = await _assemble(
            stack, options, listeners, configuration, loaded, store, engine, writer, journal
        )

        api = ApiServer()
        control = Control(node, options, configuration, store)
        stack.push_async_callback(api.stop)
        web = _web_options(stack, options, configuration, node)
        control.http = await api.start(control, state, options.http, web)
        control.web = api.web
        accounts.commit(store, made, options.kept_secrets)
        journal.write(
            events.NodeStarted(node.materials.node, package_version(), configuration.digest), now_us()
        )
        await _until_durable(node)
        started.set()
        # Last: until here nobody was answered, so a start that failed was no start.
        await node.start()
        await _open_mailboxes(node, options)
        _keep(stack, options, node, store)
        stack.callback(Retention(node, options.recordings_folder).start().stop)
        node.collector.start()
        yield control, [shown for shown, _ in made]
        journal.write(events.NodeStopped("asked to stop"), now_us())


async def _assemble(
    stack: AsyncExitStack,
    options: RunOptions,
    listeners: tuple[Wanted, ...],
    configuration: Configuration,
    loaded: list[Account],
    store: Store,
    engine: Engine,
    writer: JournalWriter,
    journal: Journal,
) -> Node:
    """Sockets first, because legs need to know our addresses; they are read from only at the end."""
    now = now_us()
    tokens = SystemTokens()
    network = Network(client_tls(options, configuration.centre.listening))
    stack.push_async_callback(network.close)
    doors = Doors(options, network)
    await doors.open(listeners)
    lost = recovery.close_open_calls(store, journal, now)
    if lost:
        _log.warning("calls of the last run were cut off; their records say so", calls=lost)
    materials = Materials(
        listeners=doors.listeners,
        slots=engine.slots,
        journal=journal,
        tokens=tokens,
        nonce_secret=secrets.token_bytes(32),
        node=tokens.token(NODE_NAME_LENGTH),
        epoch=tokens.token(EPOCH_LENGTH),
        seed=int.from_bytes(os.urandom(8), "big"),
        media_threads=engine.threads,
    )
    resumed = recovery.resume_routers(store, configuration.centre.tenants)
    exchange = build(configuration.centre, loaded, configuration.trunks, materials, now, resumed)
    bindings.restore(store, exchange, now)
    subscriptions.restore(store, exchange, now)
    recovery.restore_agents(store, exchange, now, resumed)
    recovery.restore_limits(store, exchange, now)
    recovery.restore_callbacks(store, exchange, now)
    recovery.restore_last_agents(store, exchange, now)
    resolver = Resolver(options.dns)
    if exchange.office.watches and not resolver.has_servers:
        _log.warning(
            "gateways have names, and no DNS server is known: neither /etc/resolv.conf nor --dns says"
        )
    node = Node(materials, exchange, engine, network, resolver, writer, Metrics(), doors)
    stack.push_async_callback(node.stop)
    node.metrics.set_thresholds(thresholds(exchange.office))
    return node


def _keep(stack: AsyncExitStack, options: RunOptions, node: Node, store: Store) -> None:
    """What is written behind, besides the journal."""
    for keeper in (
        bindings.BindingKeeper(store, node.exchange),
        subscriptions.SubscriptionKeeper(store, node.exchange.office, node.carry),
        TrailKeeper(store, node.journal, options.router_days),
    ):
        stack.push_async_callback(keeper.stop)
        keeper.start()


async def _open_mailboxes(node: Node, options: RunOptions) -> None:
    """Before calls are taken a lamp would be told wrong counts."""
    folder = options.recordings_folder
    mail.load(node.exchange.office, await asyncio.to_thread(mail_files.scan, folder))
    with suppress(OSError):  # the retention's rules find what is left
        await asyncio.to_thread(mail_files.forget_names, folder)
    node.mail = MailRoom(folder, node.exchange, node.engine, node.carry)


def _web_options(
    stack: AsyncExitStack, options: RunOptions, configuration: Configuration, node: Node
) -> WebOptions:
    """WebSocket on the port of metrics, and the browsers' port where one is stated. Raises ResourceError."""
    plan = configuration.centre.listening
    browsers = tls = None
    if plan.web.host:
        browsers = bind_http(Address(plan.web.host, plan.web.port), "web: address")
        stack.callback(browsers.close)
        if plan.web.certificates:
            node.doors.web = ServerSide(web_tls(options, plan))
            say_expiry(node.doors.web.loaded)
            tls = node.doors.web.front
    node.doors.origins = plan.web.origins
    return WebOptions(node.network.websockets(), plan.web.origins, browsers, tls)


async def _until_durable(node: Node) -> None:
    """A store that is locked, full or read-only refuses the first entry: then there is no start."""
    node.hand_over()
    end = time.monotonic() + WRITER_STOP_S
    while node.writer.backlog:
        if not node.writer.healthy or time.monotonic() > end:
            raise ResourceError(node.writer.trouble or "the store does not take the first entry in time")
        await asyncio.sleep(0.01)


def _journal_health(started: Event, healthy: bool, line: str) -> None:
    """Called on the writer's thread; structlog only formats and writes. Before the start is complete the
    same line is the reason why there is none."""
    if not started.is_set():
        return
    if healthy:
        _log.info("the journal is written again")
    else:
        _log.error("the journal cannot be written; calls go on, entries are kept", reason=line)
