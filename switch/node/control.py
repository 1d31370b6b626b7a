"""The control port: what the command line and the API ask of a running switch, answered from its parts."""

import asyncio
from collections.abc import Callable, Iterator

from switch.acd.decisions import QueueView as RouterQueue
from switch.api import views
from switch.base.errors import ConfigurationError, SoftswitchError
from switch.call.cause import Reason
from switch.dialplan.actions import AgentVerb, RecordVerb
from switch.exchange import callbacks, lines, supervised
from switch.exchange.office import Office, Tenancy
from switch.exchange.session import ContactState, Session
from switch.journal import events
from switch.metrics.metrics import CONTENT_TYPE
from switch.node import accounts, agent_views, audio_views, carriers, past_calls, reasons
from switch.node.clock import now_us
from switch.node.compose import rebuild
from switch.node.configuration import Configuration, add_clips, package_version, read_configuration
from switch.node.digest_offer import advice, offered
from switch.node.names import find
from switch.node.node import Node
from switch.node.observe import snapshot, thresholds
from switch.node.options import RunOptions
from switch.sip.flow import Address, Transport
from switch.store.store import Store
from switch.tenant.names import wire_name

RECENT_MAX = 1_000
"""Records in one answer; more is a report, and belongs to the database."""

_US_PER_MS = 1_000

_RECORD_WORDS = {"start": "begun", "stop": "ended", "pause": "paused", "resume": "resumed"}


class Control:
    """Implements `switch.api.port.ControlPort`. Plain methods run on the loop and return at once."""

    def __init__(self, node: Node, options: RunOptions, configuration: Configuration, store: Store) -> None:
        self.node = node
        self.options = options
        self.configuration = configuration
        self.http: Address | None = None
        self.web: Address | None = None
        self._store = store
        self._reloading = asyncio.Lock()

    # Health and metrics.

    def health(self) -> views.Health:
        reasons = []
        if self.node.stopping:
            reasons.append("the switch is stopping")
        if not self.node.writer.healthy:
            reasons.append(f"the journal cannot be written: {self.node.writer.trouble}")
        slots = self.node.exchange.office.parts.slots
        if slots.in_use >= slots.size:
            reasons.append(f"all {slots.size} RTP ports are in use")
        return views.Health(live=True, ready=not reasons, reasons=tuple(reasons))

    def metrics(self) -> tuple[Iterator[bytes], str]:
        self.node.hand_over()
        reading = snapshot(self.node, package_version(), self.configuration.digest)
        self.node.metrics.set_gauges(reading)
        self.node.metrics.observe_loop_lag(self.node.lag.take())
        return self.node.metrics.pieces(), CONTENT_TYPE

    # Where things are.

    def overview(self) -> views.Overview:
        http = "" if self.http is None else f"http://{self.http}"
        listeners = self.node.network.listeners
        return views.Overview(
            version=package_version(),
            centre=str(self.options.dialplans),
            sip=tuple(
                views.SipListener(str(t), a.host, a.port) for t, a in (*listeners, *self._websockets())
            ),
            http=http,
            metrics=f"{http}/metrics" if http else "",
            control=str(self.options.control_socket),
            state=str(self.options.state),
            numbers=tuple(self._numbers()),
            agents=tuple(self.agents()),
            accounts=tuple(self.accounts()),
        )

    def _websockets(self) -> list[tuple[Transport, Address]]:
        """Where browsers connect, after those where phones do."""
        found = [] if self.http is None else [(Transport.WS, self.http)]
        if self.web is not None:
            secure = self.node.doors.web is not None
            found.append((Transport.WSS if secure else Transport.WS, self.web))
        return found

    def _numbers(self) -> list[views.NumberRow]:
        rows = []
        for key, tenancy in self._tenancies():
            plan = tenancy.plan
            rows += [views.NumberRow(key, number, "flow", flow) for number, flow in plan.numbers.items()]
            rows += [
                views.NumberRow(key, name, "extension", account.display or name)
                for name, account in plan.accounts.items()
            ]
            # The language's own flows are told by what they do.
            codes = plan.codes.items()
            rows += [views.NumberRow(key, code, "feature", flow.removeprefix("@")) for code, flow in codes]
        return rows

    # Accounts.

    def accounts(self) -> list[views.AccountView]:
        registrar = self.node.exchange.office.parts.registrar
        now = now_us()
        rows = []
        for key, tenancy in self._tenancies():
            for name in tenancy.plan.accounts:
                user = wire_name(key, name)
                places = tuple(str(binding.flow.remote) for binding in registrar.bindings(user, now))
                agent = tenancy.agent_at.get(name, "")
                rows.append(views.AccountView(key, name, user, bool(places), places, agent))
        return rows

    async def reset_account(self, name: str) -> views.SecretReset:
        names = {(row.tenant, row.account): row.user for row in self.accounts()}
        found = find(name, names, "account")
        if isinstance(found, views.Outcome):
            return views.SecretReset(found)
        shown, stored = accounts.new_secret(found.tenant, found.name)
        # Not while a reload is under way: it would put back the hashes that it has read before.
        async with self._reloading:
            try:
                made = [(shown, stored)]
                await asyncio.to_thread(accounts.commit, self._store, made, self.options.kept_secrets)
                loaded = await asyncio.to_thread(accounts.load, self._store, self.configuration.centre)
            except SoftswitchError as error:
                return views.SecretReset(views.Outcome(views.Result.REFUSED, str(error)))
            registrar = self.node.exchange.office.parts.registrar
            registrar.set_accounts(loaded)
            # The last account without a hash for it may have got one now.
            centre = self.configuration.centre
            registrar.challenger.offer(offered(centre.digest, loaded), centre.digest_qop)
        done = f"{shown.user} has a new secret; its phones must be given it before they register again"
        return views.SecretReset(views.Outcome(views.Result.DONE, done), shown)

    # Agents and queues.

    def agents(self) -> list[views.AgentRow]:
        now = now_us()
        wall_us = self.node.journal.wall(now)
        rows = []
        for key, tenancy in self._tenancies():
            calls = self._calls_of_agents(key)
            for view in sorted(tenancy.router.agents(now), key=lambda view: view.name):
                why = lines.reason_of(self.node.exchange.office, key, view.name)
                call = calls.get(view.name, "")
                rows.append(agent_views.row(key, tenancy, view, call, why, now, wall_us))
        return rows

    def agent_command(self, name: str, verb: views.AgentVerb, reason: str) -> views.Outcome:
        names = {(key, agent): agent for key, tenancy in self._tenancies() for agent in tenancy.plan.agents}
        found = find(name, names, "agent")
        if isinstance(found, views.Outcome):
            return found
        reasons = self.node.exchange.office.parts.tenancies[found.tenant].plan.pause_reasons.values()
        if verb is views.AgentVerb.PAUSE and reasons and reason not in reasons:
            known = ", ".join(reasons)
            return views.Outcome(views.Result.REFUSED, f"unknown pause reason '{reason}'; known are {known}")
        self.node.exchange.agent(found.tenant, found.name, AgentVerb(verb.value), reason, now_us())
        self.node.carry()
        row = next(row for row in self.agents() if (row.tenant, row.agent) == found.key)
        late = agent_views.outside_shift(row) if verb is views.AgentVerb.SIGN_IN else ""
        return views.Outcome(views.Result.DONE, agent_views.told(row) + late)

    def queues(self) -> list[views.QueueRow]:
        now, office = now_us(), self.node.exchange.office
        return [
            _queue_row(key, tenancy, view, callbacks.count(office, key, view.name))
            for key, tenancy in self._tenancies()
            for view in sorted(tenancy.router.queues(now), key=lambda view: view.name)
        ]

    def callbacks(self) -> list[views.CallbackRow]:
        now = now_us()
        return [
            views.CallbackRow(
                tenant=callback.tenant,
                callback=callback.id,
                queue=callback.queue,
                number=callback.number,
                state=str(callback.state),
                waited_ms=max(0, now - callback.since) // _US_PER_MS,
                tries_left=callback.tries_left,
                expires_ms=max(0, callback.expires_at - now) // _US_PER_MS,
            )
            for callback in callbacks.listed(self.node.exchange.office)
        ]

    def cancel_callback(self, callback: str) -> views.Outcome:
        known = any(row.id == callback for row in callbacks.listed(self.node.exchange.office))
        if not known:
            return views.Outcome(views.Result.NOT_FOUND, f"no callback {callback} is open")
        if not self.node.exchange.cancel_callback(callback, now_us()):
            return views.Outcome(views.Result.REFUSED, f"{callback}: its customer is being called")
        self.node.carry()
        return views.Outcome(views.Result.DONE, f"{callback} is taken back; nobody is called")

    def trunks(self) -> list[views.TrunkRow]:
        return carriers.rows(self.node.exchange.office.parts.trunks, now_us())

    # Calls.

    def calls(self) -> list[views.CallRow]:
        wall = self.node.journal.wall(now_us())
        office = self.node.exchange.office
        return [_call_row(office, session, wall) for session in office.sessions.values()]

    async def recent_calls(self, limit: int) -> list[views.CallRecord]:
        await self._flush()
        return await asyncio.to_thread(past_calls.newest, self._store, min(limit, RECENT_MAX))

    async def recordings(self, limit: int) -> list[views.RecordingRow]:
        await self._flush()
        rows = await asyncio.to_thread(self._store.calls, min(limit, RECENT_MAX), recorded=True)
        found = [
            views.RecordingRow(
                row.tenant, row.call, row.caller, row.called, row.agent, row.started_wall_us, path
            )
            for row in rows
            for path in row.recordings.split()
        ]
        return found[:limit]

    def record(self, call: str, verb: views.RecordVerb) -> views.Outcome:
        refused = self.node.exchange.record(call, RecordVerb(verb), now_us())
        if refused is None:
            return views.Outcome(views.Result.NOT_FOUND, f"no call {call} is in progress")
        self.node.carry()
        if refused:
            return views.Outcome(views.Result.REFUSED, f"{call}: {refused}")
        return views.Outcome(views.Result.DONE, f"{call}: recording {_RECORD_WORDS[verb]}")

    def mail(self, mailbox: str) -> list[views.MailRow]:
        book = self.node.exchange.office.mail
        boxes = [] if book is None else sorted(box for box in book.boxes if mailbox in ("", box[1]))
        return [
            views.MailRow(*box, letter.left_wall_us, letter.duration_ms, letter.new, letter.path)
            for box in boxes
            if book is not None
            for letter in book.letters(*box)
        ]

    def delete_mail(self, file: str) -> views.Outcome:
        if not self.node.exchange.delete_mail(file, now_us()):
            told = f"no message {file}: `softswitch messages` lists them"
            return views.Outcome(views.Result.NOT_FOUND, told)
        self.node.carry()
        return views.Outcome(views.Result.DONE, f"{file} is deleted")

    def supervise(
        self, call: str, account: str, mode: views.SuperviseMode, by: str, reason: str
    ) -> views.Outcome:
        exchange = self.node.exchange
        session = exchange.office.sessions.get(call)
        if session is not None:
            # As accounts are named elsewhere; of another tenant it stays, and is refused.
            account = account.removeprefix(f"{session.tenant}/")
        refused = exchange.supervise(call, account, str(mode), now_us(), by=by, reason=reason)
        if refused is None:
            return views.Outcome(views.Result.NOT_FOUND, f"no call {call} is in progress")
        self.node.carry()
        if refused:
            return views.Outcome(views.Result.REFUSED, f"{call}: {refused}")
        return views.Outcome(views.Result.DONE, f"{call}: account {account} is to {mode}")

    async def call_audio(self, call: str) -> views.CallAudio | None:
        await self._flush()
        rows = await asyncio.to_thread(self._store.leg_audio, [call])
        legs = [audio_views.of_row(row) for row in rows]
        session = self.node.exchange.office.sessions.get(call)
        if session is not None:
            for leg in session.call.legs.values():
                if leg.stream_open:
                    legs.append(audio_views.of_leg(leg, self.node.engine.quality(leg.slot.number)))
        if not legs:
            return None
        tenant = rows[0].tenant if session is None else session.tenant
        return views.CallAudio(call, tenant, tuple(legs))

    def hang_up(self, call: str) -> views.Outcome:
        if not self.node.exchange.hang_up(call, Reason.ADMINISTRATOR, now_us()):
            return views.Outcome(views.Result.NOT_FOUND, f"no call {call} is in progress")
        self.node.carry()
        return views.Outcome(views.Result.DONE, f"{call} is ended")

    async def why(self, call: str) -> views.WhyAnswer | None:
        await self._flush()
        waiting = self._waiting_of(call)
        return await asyncio.to_thread(reasons.why, self._store, call, waiting)

    def _waiting_of(self, call: str) -> reasons.Waiting | None:
        """Of a caller who waits at this moment: where, and its router's state."""
        session = self.node.exchange.office.sessions.get(call)
        if session is None or session.contact_state is not ContactState.WAITING:
            return None
        router = self.node.exchange.office.parts.tenancies[session.tenant].router
        return reasons.Waiting(session.queue, session.contact, router.snapshot(), now_us())

    async def _flush(self) -> None:
        """What happened a moment ago is asked for most: let it be durable first."""
        self.node.hand_over()
        await asyncio.to_thread(self.node.writer.flush, 1.0)

    # Reload.

    async def reload(self) -> views.ReloadOutcome:
        async with self._reloading:
            try:
                new = await asyncio.to_thread(read_configuration, self.options.dialplans)
                cache = self.options.state / "prompts"
                await asyncio.to_thread(add_clips, self.node.engine, new.centre, cache)
                made = await asyncio.to_thread(accounts.make_missing, self._store, new.centre)
                loaded = await asyncio.to_thread(accounts.load, self._store, new.centre, made)
                exchange = self.node.exchange
                await asyncio.to_thread(accounts.commit, self._store, made, self.options.kept_secrets)
                later = self.node.doors.reload(new.centre.listening)
                rebuild(exchange, new.centre, loaded, new.trunks, self.node.materials, now_us())
            except ConfigurationError as error:
                problems = tuple(
                    views.ConfigurationProblem(p.file, p.line, p.column, p.message) for p in error.problems
                )
                return views.ReloadOutcome(False, "nothing was changed", problems)
            except SoftswitchError as error:
                return views.ReloadOutcome(False, str(error))
            self.configuration = new
            self.node.metrics.set_thresholds(thresholds(exchange.office))
            self.node.journal.write(events.ConfigurationLoaded(new.digest), now_us())
            self.node.carry()
            warnings = tuple(
                views.ConfigurationProblem(p.file, p.line, p.column, p.message) for p in new.centre.warnings
            )
            said = "the new configuration is in force"
            if made:
                said += f"; {len(made)} new accounts need a secret: softswitch accounts reset NAME"
            if advised := advice(new.centre.digest, loaded):
                said += f"; {advised}"
            said += "".join(f"; {line}" for line in later)
            return views.ReloadOutcome(True, said, (), warnings)

    # Helpers.

    def _tenancies(self) -> list[tuple[str, Tenancy]]:
        return sorted(self.node.exchange.office.parts.tenancies.items(), key=lambda item: item[0])

    def _calls_of_agents(self, tenant: str) -> dict[str, str]:
        return {
            leg.agent: session.call.id
            for session in self.node.exchange.office.sessions.values()
            if session.tenant == tenant
            for leg in session.call.legs.values()
            if leg.agent
        }


def _queue_row(key: str, tenancy: Tenancy, view: RouterQueue, callbacks_open: int) -> views.QueueRow:
    plan = tenancy.plan.queues.get(view.name)
    ended = view.answered + view.abandoned
    in_time = view.answered_in_time + view.abandoned_in_time
    return views.QueueRow(
        tenant=key,
        queue=view.name,
        waiting=view.waiting,
        offered=view.offered,
        talking=view.talking,
        oldest_wait_ms=view.oldest_wait_us // _US_PER_MS,
        agents_ready=view.agents_ready,
        agents_signed_in=view.agents_signed_in,
        entered=view.entered,
        answered=view.answered,
        abandoned=view.abandoned,
        service_level=in_time / ended if ended else None,
        service_level_ms=0 if plan is None else plan.service_level_s * 1_000,
        callbacks=callbacks_open,
    )


def _call_row(office: Office, session: Session, wall_us: int) -> views.CallRow:
    record, recording = session.call.record, session.recording
    standing = supervised.of(office, session)
    room = None if office.rooms is None else office.rooms.of_call.get(session.call.id)
    conference = None if room is None else room.asked.name
    return views.CallRow(
        tenant=session.tenant,
        call=session.call.id,
        direction=record.direction,
        caller=record.caller,
        called=record.called,
        state=_state_word(session, conference),
        queue=record.queue if session.contact_state is ContactState.CONNECTED else session.queue,
        agent=record.agent,
        age_ms=max(0, wall_us - record.started_wall_us) // _US_PER_MS,
        recording="" if recording is None else "paused" if recording.paused else "on",
        conference=conference or "",
        supervisor="" if standing is None else f"{standing.account} ({standing.mode})",
    )


def _state_word(session: Session, conference: str | None) -> str:
    """One plain word for what the call is doing."""
    words: tuple[tuple[Callable[[], bool], str], ...] = (
        (lambda: session.call.partner is not None, "talking"),
        (lambda: conference is not None, "conference"),
        (lambda: session.contact_state is ContactState.WAITING and bool(session.attempts), "offered"),
        (lambda: session.contact_state is ContactState.WAITING, "waiting"),
        (lambda: bool(session.attempts), "ringing"),
        (lambda: session.interpreter is not None, "menu"),
    )
    return next((word for test, word in words if test()), "ending")
