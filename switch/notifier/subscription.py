"""One subscription, from its SUBSCRIBE to the answer to its last NOTIFY (RFC 6665 section 4.2).

| state | input | next |
| --- | --- | --- |
| active | the state changed | active: NOTIFY, once the one under way is answered |
| active | SUBSCRIBE | active: 200, NOTIFY |
| active | SUBSCRIBE with `Expires: 0` | terminated: 200, NOTIFY, `reason=timeout` |
| active | its time is over | terminated: NOTIFY, `reason=timeout` |
| active | its account is gone, or may not be watched now | terminated: NOTIFY, `noresource`, `rejected` |
| active | its NOTIFY cannot be sent, or nobody answers it | adrift: nothing is sent |
| adrift | its phone is reached by another flow | active: NOTIFY |
| adrift | SUBSCRIBE | active: 200, NOTIFY |
| adrift | ADRIFT_S are over | terminated, in silence |
| active | its NOTIFY is refused | terminated, in silence |
| kept: taken back after a kill (adrift, and so quiet) | its turn | active: NOTIFY |
| kept | SUBSCRIBE | active: NOTIFY |
| kept, of a stream | a phone of its account and Contact's user comes by another | tried: NOTIFY |
| tried | the NOTIFY is answered 200 / is refused, or not answered | active / kept |
| terminated | anything | 481 |

One NOTIFY is on its way at a time. What happens meanwhile is told by the next, all at once, since each tells
the full state.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from switch.base.clock import SECOND
from switch.notifier.limits import ADRIFT_S, CSEQ_AHEAD, EXPIRES_S_MAX, EXPIRES_S_MIN
from switch.notifier.packages import Package
from switch.notifier.states import Resource, State
from switch.notifier.wire import Input, Wire
from switch.sip.dialog import Dialog
from switch.sip.flow import Flow
from switch.sip.message import Request, Response, same_uri
from switch.sip.outputs import RequestReceived, ResponseReceived, TransactionFailed
from switch.sip.uri import Uri

if TYPE_CHECKING:
    from switch.notifier.notifier import Notifier

Read = Callable[[Package, Resource, int], State]


class Subscription:
    """`watcher` is the account that asked, by its wire name; `event` the Event header as it came."""

    __slots__ = (
        "_dirty",
        "_last",
        "_owner",
        "_sending",
        "_sent_by",
        "_wire",
        "adrift",
        "dialog",
        "entity",
        "event",
        "expires_at",
        "flow",
        "id",
        "kept",
        "over",
        "package",
        "reserved",
        "resource",
        "watcher",
    )

    def __init__(
        self,
        number: int,
        *,
        owner: "Notifier",
        wire: Wire,
        package: Package,
        resource: Resource,
        watcher: str,
        entity: str,
        event: str,
        dialog: Dialog,
        flow: Flow,
    ) -> None:
        self.id = number
        self.package = package
        self.resource = resource
        self.watcher = watcher
        self.entity = entity
        self.event = event
        self.dialog = dialog
        self.flow = flow
        self.expires_at = 0
        self.over = False
        self.adrift = False
        """Its phone was not reached by the flow that is known, and may be by another."""
        self.kept = False
        """It is of a process that was killed, and its phone has heard nothing since."""
        self.reserved = 0
        """Up to which CSeq the store knows our numbers as used."""
        self._owner = owner
        self._wire = wire
        self._last: State | None = None
        self._sending = False
        self._sent_by = flow
        self._dirty = False

    def changed(self, now: int) -> bool:
        """Tell the state, if it is news; True where a NOTIFY went out."""
        if self.over or self.adrift:
            return False
        if self._sending:
            self._dirty = True
            return False
        state = self._owner.read(self.package, self.resource, now)
        if state == self._last:
            return False
        self._notify(state, f"active;expires={self._left_s(now)}", now)
        return True

    def extend(self, expires_s: int, now: int) -> int:
        """Count anew; how long is granted, 0 to end it. The NOTIFY is `tell`'s."""
        granted_s = min(expires_s, EXPIRES_S_MAX)
        self.expires_at = now + granted_s * SECOND
        return granted_s

    def tell(self, now: int) -> None:
        """A NOTIFY follows every SUBSCRIBE, whether the state is news or not (section 4.2.1.2)."""
        self._last = None
        self.changed(now)

    def end(self, reason: str, now: int) -> None:
        """The last NOTIFY; harmless on one that is over."""
        if self.over:
            return
        if self.adrift:
            self._close()
            return
        state = self._owner.read(self.package, self.resource, now)
        self._notify(state, f"terminated;reason={reason}", now)
        self._close()

    def resume(self, now: int) -> None:
        """The turn of one that was kept; harmless on one that its phone has taken up itself."""
        if self.kept and not self.over:
            self.kept = self.adrift = False
            self.tell(now)

    def try_by(self, flow: Flow, contact: Uri, now: int) -> None:
        """It was kept, and its phone is perhaps the one that came by this flow: another answers 481."""
        self.flow, self.dialog.remote_target = flow, contact
        self.adrift = False
        self.tell(now)

    def move(self, flow: Flow, old_contact: Uri, new_contact: Uri, now: int) -> None:
        """Its phone is reached by another flow from now on: what the old one lost is told."""
        self.flow = flow
        self.kept = False
        self._owner.touch(self)
        if same_uri(self.dialog.remote_target, old_contact):
            self.dialog.remote_target = new_contact
        if self.adrift:
            self.adrift = False
            self._owner.schedule(self)
            self.tell(now)
        else:
            self._dirty = self._sending

    # What arrives.

    def receive(self, message: Input, now: int) -> None:
        if isinstance(message, RequestReceived):
            self._request(message, now)
        elif isinstance(message, ResponseReceived):
            if message.response.status >= 200:
                self._answered(message.transaction, message.response.status < 300, now)
        elif isinstance(message, TransactionFailed):
            self._unreached(message.transaction, now)

    def _request(self, message: RequestReceived, now: int) -> None:
        request = message.request
        status = self.dialog.check(request)
        response = self._refresh(message, now) if status is None else request.make_response(status)
        self._wire.respond(message.transaction, response, now)
        if response.status == 200:
            if self.expires_at <= now:
                self.end("timeout", now)
            else:
                self.tell(now)

    def _refresh(self, message: RequestReceived, now: int) -> Response:
        request = message.request
        if request.method != "SUBSCRIBE":
            return request.make_response(405, headers=[("Allow", "SUBSCRIBE")])
        if (request.headers.get("Event") or "").replace(" ", "").lower() != self.event.lower():
            # Another event in the same dialog would be another subscription (section 4.5.2).
            return request.make_response(481)
        refusal = too_brief(request)
        if refusal is not None:
            return refusal
        self.flow = message.flow
        self.adrift = self.kept = False
        self.dialog.refresh(request)
        granted_s = self.extend(EXPIRES_S_MAX if request.expires is None else request.expires, now)
        self._owner.schedule(self)
        self._owner.touch(self)
        return self.accepted(request, granted_s)

    def accepted(self, request: Request, granted_s: int) -> Response:
        headers = [("Expires", str(granted_s)), ("Contact", str(self.dialog.local_contact))]
        return request.make_response(200, to_tag=self.dialog.local.tag, headers=headers)

    def _answered(self, transaction: str, taken: bool, now: int) -> None:
        self._wire.forget_transaction(transaction)
        self._sending = False
        if self.kept:
            self._tried(now, taken=taken)
        elif not taken:
            # Section 4.2.2: nobody is there, or wants it; a phone that does subscribes again.
            self._close()
        elif self._dirty:
            self._dirty = False
            self.changed(now)

    def _unreached(self, transaction: str, now: int) -> None:
        """The connection is closed, or the phone has another address: it may register from there soon."""
        self._wire.forget_transaction(transaction)
        self._sending = self._dirty = False
        if self.over:
            return
        if self.kept:
            self._tried(now, taken=False)
            return
        if self._sent_by != self.flow:
            self.tell(now)  # it moved meanwhile
            return
        self.adrift = True
        self._owner.schedule(self, now + ADRIFT_S * SECOND)

    # Steps.

    def _tried(self, now: int, *, taken: bool) -> None:
        """Its phone is found, or may yet come, until ADRIFT_S are over."""
        self.kept, self.adrift = not taken, not taken
        if taken:
            self._owner.schedule(self)
            self._owner.touch(self)
            self._dirty = False
            self.changed(now)

    def _left_s(self, now: int) -> int:
        return max(0, (self.expires_at - now) // SECOND)

    def _notify(self, state: State, subscription_state: str, now: int) -> None:
        self._last = state
        self._sending = True
        self._sent_by = self.flow
        if self.dialog.local_cseq + CSEQ_AHEAD // 2 >= self.reserved:
            self._owner.touch(self)
        # The version counts as the CSeq does, so that it rises across a kill too (RFC 4235 section 4.1.1).
        version = self.dialog.local_cseq
        request = self.dialog.request(
            "NOTIFY",
            headers=[("Event", self.event), ("Subscription-State", subscription_state)],
            body=self.package.write(state, self.entity, version),
            content_type=self.package.content_type,
        )
        self._wire.open(request, self.flow, self, now)

    def _close(self) -> None:
        if not self.over:
            self.over = True
            self._wire.forget_dialog(self.dialog.key)
            self._owner.forget(self)


def too_brief(request: Request) -> Response | None:
    """423 to less than the least (section 4.2.1.1); 0 ends or fetches and is no interval."""
    if request.expires is not None and 0 < request.expires < EXPIRES_S_MIN:
        return request.make_response(423, headers=[("Min-Expires", str(EXPIRES_S_MIN))])
    return None
