"""What phones watch: the notifier's questions answered from the calls, agents and registrations that are.

Made with the first SUBSCRIBE, so that a switch that nobody watches pays for nothing. From then on each
event of a leg whose account is watched marks that account; when an input is settled, whoever watches a
marked account is told, once, whatever happened meanwhile.
"""

from switch.acd.decisions import AgentState
from switch.call.leg import Leg, contact_at
from switch.call.outgoing import OutgoingLeg
from switch.call.states import LegState
from switch.exchange.office import Office
from switch.exchange.replacing import ringing_name
from switch.exchange.senders import Sender, sender
from switch.notifier.kept import Kept
from switch.notifier.notifier import Notifier, package_of
from switch.notifier.packages import PACKAGES, Package
from switch.notifier.states import (
    DialogPhase,
    DialogState,
    DialogView,
    MessageState,
    PresenceState,
    RegistrationState,
    Resource,
    State,
)
from switch.registrar.values import Binding
from switch.sip.message import Response
from switch.sip.outputs import RequestReceived
from switch.tenant.entry import ExtensionDestination
from switch.tenant.names import wire_name

_ACTIVITY = {
    AgentState.OFFERED: "on-the-phone",
    AgentState.BUSY: "on-the-phone",
    AgentState.WRAP_UP: "busy",
    AgentState.PAUSED: "away",
    AgentState.LOGGED_OUT: "away",
}
"""RFC 4480 section 3.2, for phones that draw an icon; the note says what it is here."""


def subscribe(office: Office, message: RequestReceived, now: int) -> None:
    """Answer a SUBSCRIBE outside any dialog; the NOTIFY follows its 200."""
    request = message.request
    package = package_of(request)
    if isinstance(package, Response):
        office.signalling.turn_away(message.transaction, package, now)
        return
    who = sender(office, message, now)
    if isinstance(who, Response):
        office.signalling.turn_away(message.transaction, who, now)
        return
    resource = _resource(office, who, package, request.uri.user or "")
    if isinstance(resource, int):
        office.signalling.respond(message.transaction, request.make_response(resource), now)
        return
    if office.watching is None:
        office.watching = Watching(office)
    notifier = office.watching.notifier
    watcher = wire_name(who.tenant, who.account)
    local = message.flow.local
    contact = contact_at(local.host, local.port, message.flow.transport)
    made = notifier.subscribe(message, package, resource, watcher, contact, now)
    if isinstance(made, Response):
        office.signalling.respond(message.transaction, made, now)
        return
    office.watching.watch(resource)
    expires_s = max(0, (made.expires_at - now) // 1_000_000)
    office.signalling.respond(message.transaction, made.accepted(request, expires_s), now)
    if expires_s:
        made.tell(now)
    else:
        made.end("timeout", now)


def adopt(office: Office, one: Kept, now: int) -> bool:
    """Take a subscription back from a process that was killed; False where it may not be any more, which its
    phone hears by the 481 to its refresh."""
    resource, watcher = one.resource, office.parts.registrar.account(one.watcher)
    tenancy = office.parts.tenancies.get(resource.tenant)
    package = PACKAGES.get(one.package)
    if package is None or watcher is None or tenancy is None or resource.account not in tenancy.plan.accounts:
        return False
    if not _may_watch(office, Sender(watcher.tenant, watcher.account), package, resource.account):
        return False
    if office.watching is None:
        office.watching = Watching(office)
    office.watching.adopt(one, package, now)
    return True


def revise(office: Office, now: int) -> None:
    """A reload may have taken accounts away, or the right to watch them."""
    if office.watching is None:
        return
    for subscription in office.watching.notifier.subscriptions():
        watcher = office.parts.registrar.account(subscription.watcher)
        tenancy = office.parts.tenancies.get(subscription.resource.tenant)
        if tenancy is None or subscription.resource.account not in tenancy.plan.accounts:
            subscription.end("noresource", now)
        elif watcher is None:
            subscription.end("rejected", now)
        else:
            who = Sender(watcher.tenant, watcher.account)
            if not _may_watch(office, who, subscription.package, subscription.resource.account):
                subscription.end("rejected", now)


def _resource(office: Office, who: Sender, package: Package, user: str) -> Resource | int:
    """What the Request-URI names, or the status that refuses it."""
    if not who.account:
        return 403
    if user:
        destination = office.parts.directory.resolve(who.tenant, user, who.account)
        if not isinstance(destination, ExtensionDestination):
            return 404
        account = destination.account
    else:
        account = who.account
    return Resource(who.tenant, account) if _may_watch(office, who, package, account) else 403


def _may_watch(office: Office, who: Sender, package: Package, account: str) -> bool:
    if who.account == account:
        return True
    if package.own_only:
        return False
    rule = office.parts.tenancies[who.tenant].plan.watch
    allowed = rule.busy_lamps if package.name == "dialog" else rule.presence
    return allowed is None or who.account in allowed


class Watching:
    """The legs of watched accounts, the agents' states as they were told last, and who has changed."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self.notifier = Notifier(office.signalling, office.parts.tokens, self.read)
        self._legs: dict[Resource, dict[str, Leg]] = {}
        self._ended: dict[Resource, DialogView] = {}
        self._agents: dict[tuple[str, str], tuple[AgentState, str]] = {}
        self._stirred: dict[Resource, None] = {}

    def watch(self, resource: Resource) -> None:
        """From now on this account's legs are remembered; those that are there are found once."""
        if resource in self._legs:
            return
        office = self._office
        self._legs[resource] = {
            leg.id: leg
            for leg in office.legs.values()
            if leg.account == resource.account and not leg.over and _tenant(office, leg) == resource.tenant
        }

    def adopt(self, one: Kept, package: Package, now: int) -> None:
        """Whatever call its phone shows was cut off: an end puts lamps out that overlook an empty list."""
        self.watch(one.resource)
        self._ended.setdefault(one.resource, DialogView("cut-off", DialogPhase.TERMINATED, initiator=False))
        self.notifier.adopt(one, package, now)

    # What happens.

    def phone_came(self, account: str, contact: str, now: int) -> None:
        """A phone is bound that was not: its lamps may wait for it since the process before was killed."""
        for binding in self._office.parts.registrar.bindings(account, now):
            if binding.flow.transport.reliable and str(binding.contact) == contact:
                self.notifier.returned(account, binding.flow, binding.contact, now)

    def leg_changed(self, tenant: str, leg: Leg) -> None:
        """An event of a leg with an account."""
        resource = Resource(tenant, leg.account)
        legs = self._legs.get(resource)
        if legs is None:
            return
        if not leg.over:
            legs[leg.id] = leg
        elif legs.pop(leg.id, None) is not None:
            self._ended[resource] = DialogView(leg.id, DialogPhase.TERMINATED, _initiator(leg))
        self._stirred[resource] = None

    def agent_changed(self, tenant: str, agent: str, state: AgentState, reason: str) -> None:
        plan = self._office.parts.tenancies[tenant].plan.agents.get(agent)
        self._agents[tenant, agent] = (state, reason)
        if plan is not None:
            self._stirred[Resource(tenant, plan.account)] = None

    def bindings_changed(self, tenant: str, account: str) -> None:
        self._stirred[Resource(tenant, account)] = None

    def mail_changed(self, tenant: str, account: str) -> None:
        self._stirred[Resource(tenant, account)] = None

    def settle(self, now: int) -> bool:
        """Tell what has changed; True where anything was told."""
        if not self._stirred:
            return False
        stirred, self._stirred = self._stirred, {}
        told = False
        for resource in stirred:
            for package in ("dialog", "presence", "reg", "message-summary"):
                told = self.notifier.changed(package, resource, now) or told
        if len(self._legs) > 2 * len(self.notifier) + 16:
            self._sweep()
        return told

    def _sweep(self) -> None:
        """Accounts that nobody watches any more."""
        watched = self.notifier.resources()
        self._legs = {resource: legs for resource, legs in self._legs.items() if resource in watched}
        self._ended = {resource: view for resource, view in self._ended.items() if resource in watched}

    # What the notifier asks.

    def read(self, package: Package, resource: Resource, now: int) -> State:
        if package.name == "dialog":
            return self._dialogs(resource)
        if package.name == "presence":
            return self._presence(resource, now)
        if package.name == "reg":
            return RegistrationState(tuple(str(binding.contact) for binding in self._bindings(resource, now)))
        return self._messages(resource)

    def _messages(self, resource: Resource) -> MessageState:
        office = self._office
        plan = office.parts.tenancies[resource.tenant].plan.accounts.get(resource.account)
        if office.mail is None or plan is None:
            return MessageState()
        return MessageState(*office.mail.counts(resource.tenant, plan.mailbox))

    def _dialogs(self, resource: Resource) -> DialogState:
        views = [self._view(leg) for leg in self._legs.get(resource, {}).values() if not leg.over]
        if not views and resource in self._ended:
            # Phones put the lamp out when they are told of an end; an empty list some overlook.
            views = [self._ended[resource]]
        return DialogState(tuple(views))

    def _view(self, leg: Leg) -> DialogView:
        if leg.talking:
            return DialogView(leg.id, DialogPhase.CONFIRMED, _initiator(leg))
        if not isinstance(leg, OutgoingLeg):
            return DialogView(leg.id, DialogPhase.EARLY, initiator=True)
        session = self._office.session_of_leg.get(leg.id)
        attempts = () if session is None else session.attempts.values()
        offered = any(leg.id in attempt.legs and attempt.purpose.exclusive for attempt in attempts)
        phase = DialogPhase.TRYING if leg.state is LegState.OUTGOING_CALLING else DialogPhase.EARLY
        return DialogView(leg.id, phase, initiator=False, pickup="" if offered else ringing_name(leg))

    def _presence(self, resource: Resource, now: int) -> PresenceState:
        agent = self._office.agent_at(resource.tenant, resource.account)
        bound = bool(self._bindings(resource, now))
        if not agent:
            talks = any(leg.talking for leg in self._legs.get(resource, {}).values())
            return PresenceState(bound, activity="on-the-phone" if talks else "")
        state, reason = self._agent(resource.tenant, agent, now)
        note = f"{state}: {reason}" if reason else str(state)
        return PresenceState(bound and state is not AgentState.LOGGED_OUT, note, _ACTIVITY.get(state, ""))

    def _agent(self, tenant: str, agent: str, now: int) -> tuple[AgentState, str]:
        """As told last; asked once of the router where nothing was told since the first SUBSCRIBE."""
        known = self._agents.get((tenant, agent))
        if known is None:
            for view in self._office.parts.tenancies[tenant].router.agents(now):
                self._agents.setdefault((tenant, view.name), (view.state, view.reason))
            known = self._agents.get((tenant, agent), (AgentState.LOGGED_OUT, ""))
        return known

    def _bindings(self, resource: Resource, now: int) -> list[Binding]:
        return self._office.parts.registrar.bindings(wire_name(resource.tenant, resource.account), now)


def _initiator(leg: Leg) -> bool:
    return not isinstance(leg, OutgoingLeg)


def _tenant(office: Office, leg: Leg) -> str:
    session = office.session_of_leg.get(leg.id)
    return "" if session is None else session.tenant
