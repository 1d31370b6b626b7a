"""All subscriptions of a switch: made, told of changes, ended (RFC 6665).

The notifier knows neither calls nor agents. Whoever does reads a state for it (`read`), only when somebody
watches it, and says what changed (`changed`). Who may watch what is judged before a SUBSCRIBE comes here.
"""

from collections import deque
from collections.abc import Iterable
from itertools import islice

from switch.base.clock import SECOND
from switch.base.timers import TimerHeap
from switch.base.tokens import TokenSource
from switch.notifier.kept import Kept
from switch.notifier.limits import (
    ADRIFT_S,
    CSEQ_AHEAD,
    EXPIRES_S_MAX,
    PER_ACCOUNT_MAX,
    RESUME_EVERY_US,
    RESUMED_AT_ONCE,
    RETRY_AFTER_S,
    RETRY_SPREAD_S,
    SUBSCRIPTIONS_MAX,
)
from switch.notifier.packages import ALLOW_EVENTS, PACKAGES, Package, event_of
from switch.notifier.states import Resource
from switch.notifier.subscription import Read, Subscription, too_brief
from switch.notifier.wire import Wire
from switch.sip.dialog import Dialog
from switch.sip.flow import Flow
from switch.sip.message import NameAddr, Request, Response
from switch.sip.outputs import RequestReceived
from switch.sip.uri import Uri

Key = tuple[str, Resource]
"""What is watched: package and account."""


def package_of(request: Request) -> Package | Response:
    """The package that a SUBSCRIBE names, or the answer that refuses it: 489, 406, 423, 400."""
    name, _ = event_of(request.headers.get("Event"))
    package = PACKAGES.get(name)
    if package is None:
        return request.make_response(489, headers=[("Allow-Events", ALLOW_EVENTS)])
    accepted = [value.partition(";")[0].strip().lower() for value in request.headers.all("Accept")]
    if accepted and not {package.content_type, "*/*", "application/*"} & set(accepted):
        return request.make_response(406, headers=[("Accept", package.content_type)])
    if request.contact is None:
        return request.make_response(400, "Missing Contact")
    return too_brief(request) or package


class Notifier:
    """An endpoint: `subscribe`, `changed`, `handle_timer`, `next_timer`; its messages go by `wire`."""

    __slots__ = (
        "_by_id",
        "_next",
        "_of_watcher",
        "_resume_at",
        "_resuming",
        "_timers",
        "_tokens",
        "_touched",
        "_watched",
        "_wire",
        "read",
    )

    def __init__(self, wire: Wire, tokens: TokenSource, read: Read) -> None:
        self.read = read
        self._wire = wire
        self._tokens = tokens
        self._by_id: dict[int, Subscription] = {}
        self._watched: dict[Key, dict[int, Subscription]] = {}
        self._of_watcher: dict[str, dict[int, Subscription]] = {}
        self._timers: TimerHeap[int] = TimerHeap()
        self._touched: dict[str, Subscription] = {}
        """By tag, those that came, changed or went since somebody took them from here."""
        self._resuming: deque[Subscription] = deque()
        """Those that were kept and wait for their turn to be told."""
        self._resume_at: int | None = None
        self._next = 0

    def __len__(self) -> int:
        return len(self._by_id)

    def watches(self, package: str, resource: Resource) -> bool:
        """Somebody wants to hear of it."""
        return (package, resource) in self._watched

    def resources(self) -> set[Resource]:
        """Everything that is watched in some way."""
        return {resource for _, resource in self._watched}

    def subscriptions(self) -> list[Subscription]:
        return list(self._by_id.values())

    # Verbs.

    def subscribe(
        self,
        message: RequestReceived,
        package: Package,
        resource: Resource,
        watcher: str,
        contact: NameAddr,
        now: int,
    ) -> Subscription | Response:
        """Make a subscription for a SUBSCRIBE that is allowed. Its 200 goes out first, then `tell` (or `end`,
        where it asks for `Expires: 0`, which is a question and no subscription)."""
        request = message.request
        watched = len(self._of_watcher.get(watcher, ()))
        full = len(self._by_id) >= SUBSCRIPTIONS_MAX or watched >= PER_ACCOUNT_MAX
        if full:
            return request.make_response(503, headers=[("Retry-After", "300")])
        self._next += 1
        subscription = Subscription(
            self._next,
            owner=self,
            wire=self._wire,
            package=package,
            resource=resource,
            watcher=watcher,
            entity=str(request.uri.bare()),
            event=(request.headers.get("Event") or "").replace(" ", ""),
            dialog=Dialog.as_uas(request, self._tokens.token(10), contact),
            flow=message.flow,
        )
        subscription.extend(EXPIRES_S_MAX if request.expires is None else request.expires, now)
        self._add(subscription)
        self.schedule(subscription)
        return subscription

    def adopt(self, one: Kept, package: Package, now: int) -> None:
        """Take one back from a process that was killed. Its phone is told when it is its turn (`resume`); one
        that came by a stream, which died with the process, when it is reached again."""
        self._next += 1
        subscription = Subscription(
            self._next,
            owner=self,
            wire=self._wire,
            package=package,
            resource=one.resource,
            watcher=one.watcher,
            entity=one.entity,
            event=one.event,
            dialog=one.dialog,
            flow=one.flow,
        )
        subscription.expires_at = one.expires_at
        subscription.reserved = one.dialog.local_cseq
        subscription.kept = subscription.adrift = True
        self._add(subscription)
        self.schedule(subscription, now + ADRIFT_S * SECOND if one.flow.transport.reliable else None)

    def _add(self, subscription: Subscription) -> None:
        key = (subscription.package.name, subscription.resource)
        self._by_id[subscription.id] = subscription
        self._watched.setdefault(key, {})[subscription.id] = subscription
        self._of_watcher.setdefault(subscription.watcher, {})[subscription.id] = subscription
        self._wire.bind(subscription.dialog.key, subscription)
        self.touch(subscription)

    def changed(self, package: str, resource: Resource, now: int) -> bool:
        """Tell whoever watches; True where a NOTIFY went out."""
        told = False
        for subscription in list(self._watched.get((package, resource), {}).values()):
            told = subscription.changed(now) or told
        return told

    def moved(self, watcher: str, old: Flow, new: Flow, old_contact: Uri, new_contact: Uri, now: int) -> None:
        """A phone of this account is reached by another flow from now on."""
        for subscription in list(self._of_watcher.get(watcher, {}).values()):
            if subscription.flow == old:
                subscription.move(new, old_contact, new_contact, now)

    def returned(self, watcher: str, flow: Flow, contact: Uri, now: int) -> None:
        """A phone of this account came by a new stream: what was kept of one with such a Contact may be its;
        its answer to the NOTIFY will say."""
        for subscription in list(self._of_watcher.get(watcher, {}).values()):
            named = subscription.dialog.remote_target.user == contact.user
            if named and subscription.kept and subscription.adrift and subscription.flow.transport.reliable:
                subscription.try_by(flow, contact, now)

    def stop(self, now: int) -> None:
        """The switch stops: RFC 6665 section 4.1.3, phones subscribe again when it is back."""
        for subscription in list(self._by_id.values()):
            wait_s = RETRY_AFTER_S + subscription.id % RETRY_SPREAD_S
            subscription.end(f"probation;retry-after={wait_s}", now)

    # Time.

    def handle_timer(self, now: int) -> None:
        """End what nobody refreshed (section 4.2.3)."""
        while (number := self._timers.pop(now)) is not None:
            self._by_id[number].end("timeout", now)
        if self._resume_at is not None and self._resume_at <= now:
            for _ in range(min(RESUMED_AT_ONCE, len(self._resuming))):
                self._resuming.popleft().resume(now)
            self._resume_at = now + RESUME_EVERY_US if self._resuming else None

    def next_timer(self) -> int | None:
        due = self._timers.next()
        if self._resume_at is not None and (due is None or self._resume_at < due):
            return self._resume_at
        return due

    # For whoever keeps them across a kill.

    def take_touched(self, count: int) -> dict[str, Subscription]:
        """At most so many that changed since they were last taken, by tag; what is `over` is to be forgotten.
        The numbers of their NOTIFYs are reserved: `reserved` is what is to be kept."""
        taken = dict(islice(self._touched.items(), count))
        for tag, subscription in taken.items():
            del self._touched[tag]
            subscription.reserved = subscription.dialog.local_cseq + CSEQ_AHEAD
        return taken

    def touch(self, subscription: Subscription) -> None:
        """It will be taken; again, where what was taken came to nothing."""
        self._touched[subscription.dialog.local.tag or ""] = subscription

    def resume(self, subscriptions: Iterable[Subscription]) -> None:
        """What was kept is written with numbers that no NOTIFY has had: their phones are told, in turns."""
        self._resuming.extend(s for s in subscriptions if s.kept and not s.flow.transport.reliable)
        if self._resuming and self._resume_at is None:
            self._resume_at = 0

    # For subscriptions.

    def schedule(self, subscription: Subscription, latest: int | None = None) -> None:
        """Its end, when it was asked for or at `latest`."""
        due = subscription.expires_at if latest is None else min(latest, subscription.expires_at)
        self._timers.set(subscription.id, max(due, SECOND))

    def forget(self, subscription: Subscription) -> None:
        del self._by_id[subscription.id]
        if subscription.reserved:
            self.touch(subscription)
        else:
            # Never written: whoever comes and goes while the store refuses fills nothing.
            self._touched.pop(subscription.dialog.local.tag or "", None)
        self._timers.cancel(subscription.id)
        key = (subscription.package.name, subscription.resource)
        del self._watched[key][subscription.id]
        if not self._watched[key]:
            del self._watched[key]
        del self._of_watcher[subscription.watcher][subscription.id]
        if not self._of_watcher[subscription.watcher]:
            del self._of_watcher[subscription.watcher]
