"""The table of bindings: at most a few for each account, each with its end.

| a binding | becomes | by |
| --- | --- | --- |
| (none) | bound | a REGISTER with its contact |
| bound | bound, for longer | a REGISTER with the same contact, or from the same instance and flow |
| bound | gone: removed | its contact with expires 0, or `*` |
| bound | gone: expired | time |
| bound | gone: lost | its connection closed, its phone did not answer, its account went |
| bound | gone: replaced | the same phone and flow by another contact, or too many bindings |

What was lost with its connection is remembered until it would have expired: when its phone is back, calls
that went by the old flow are told the new one (`FlowMoved`).
"""

from collections.abc import Callable, Container

from switch.base.clock import SECOND
from switch.base.timers import TimerHeap
from switch.registrar.contacts import RefusalError, Wish
from switch.registrar.values import (
    Binding,
    BindingAdded,
    BindingRefreshed,
    BindingRemoved,
    FlowMoved,
    RegistrarEvent,
    RemovalReason,
)
from switch.sip.flow import Flow
from switch.sip.message import Request, same_uri

FLOWS_MAX = 4
"""Flows of one phone that a call tries; RFC 5626 section 4.2.1 asks a phone for two."""


class BindingTable:
    """Bindings by account name, the most recently refreshed last. `tell` receives the events."""

    __slots__ = (
        "_by_account",
        "_by_connection",
        "_lost",
        "_per_account",
        "_tell",
        "_timers",
        "moves",
        "next_timer",
        "touched",
    )

    def __init__(self, per_account: int, tell: Callable[[RegistrarEvent], None]) -> None:
        self._per_account = per_account
        self._tell = tell
        self._by_account: dict[str, list[Binding]] = {}
        # Which accounts ever bound by a stream; may name some that moved on, goes when the stream closes.
        self._by_connection: dict[int, set[str]] = {}
        self._lost: dict[str, list[Binding]] = {}
        """Bindings whose connection closed, by account; no more of them than an account may have bindings."""
        self._timers: TimerHeap[str] = TimerHeap()
        self.next_timer = self._timers.next
        """When `expire` has work: the heap's own, because it is asked after every message."""
        self.touched: set[str] = set()
        """Accounts whose bindings came, went or were refreshed since somebody took them from here."""
        self.moves = 0
        """Bindings that came or went, since the start; a refresh is neither."""

    def __len__(self) -> int:
        return sum(len(bindings) for bindings in self._by_account.values())

    def accounts(self) -> tuple[str, ...]:
        """Names of accounts that have bindings."""
        return tuple(self._by_account)

    def of(self, account: str, now: int) -> list[Binding]:
        """Bindings of an account that still hold, dearest first: highest q, then most recently refreshed."""
        alive = [b for b in reversed(self._by_account.get(account, ())) if b.expires_at > now]
        alive.sort(key=lambda binding: -binding.q)
        return alive

    def phones(self, account: str, instance: str, now: int) -> list[list[Binding]]:
        """`of`, with the flows of one phone together (RFC 5626): at most FLOWS_MAX, the best first."""
        bindings = self.of(account, now)
        if instance:
            bindings = [binding for binding in bindings if binding.instance == instance]
        if len(bindings) < 2:
            return [bindings] if bindings else []
        phones: dict[str | int, list[Binding]] = {}
        for number, binding in enumerate(bindings):
            flows = phones.setdefault(binding.instance or number, [])
            if len(flows) < FLOWS_MAX:
                flows.append(binding)
        return list(phones.values())

    def is_bound_by(self, account: str, flow: Flow) -> bool:
        """Whether a phone of the account is reached by this very flow: then it is the phone that speaks."""
        return any(binding.flow == flow for binding in self._by_account.get(account, ()))

    def check_order(self, account: str, wishes: tuple[Wish, ...] | None, request: Request) -> None:
        """RFC 3261 section 10.3 steps 6 and 7: an older request must not undo a newer one of the phone."""
        for binding in self._by_account.get(account, ()):
            concerned = wishes is None or any(_is_same(binding, wish) for wish in wishes)
            if concerned and binding.call_id == request.call_id and request.cseq.number <= binding.cseq:
                raise RefusalError(500, "Request Out Of Order")

    def bind(
        self,
        account: str,
        wish: Wish,
        request: Request,
        flow: Flow,
        now: int,
        *,
        user_agent: str = "",
        path: tuple[str, ...] = (),
    ) -> None:
        """Add or refresh a binding."""
        bindings = self._by_account.setdefault(account, [])
        call_id = request.call_id
        same = [b for b in bindings if _is_same(b, wish) or _moved_here(b, wish, call_id, flow)]
        refreshed = [b for b in same if same_uri(b.contact, wish.contact)]
        for old in refreshed:
            bindings.remove(old)
        bindings.append(
            Binding(
                contact=wish.contact,
                flow=flow,
                expires_at=now + wish.expires_s * SECOND,
                q=wish.q,
                user_agent=user_agent,
                instance=wish.instance,
                call_id=call_id,
                cseq=request.cseq.number,
                reg_id=wish.reg_id,
                path=path,
            )
        )
        if flow.connection:
            self._by_connection.setdefault(flow.connection, set()).add(account)
        event = BindingRefreshed if refreshed else BindingAdded
        self.moves += not refreshed
        self.touched.add(account)
        self._tell(event(account, str(wish.contact), str(flow.remote), wish.expires_s))
        # After the new one is in and told, so that nobody sees a moment without any.
        for old in same:
            if old.flow != flow:
                self._tell(FlowMoved(account, old.flow, flow, old.contact, wish.contact))
            if old not in refreshed:
                self._remove(account, old, RemovalReason.REPLACED)
        if self._lost:
            self._found_again(account, wish, call_id, flow, now)
        if len(bindings) > self._per_account:
            self._remove(account, bindings[0], RemovalReason.REPLACED)
        self._set_timer(account)

    def _found_again(self, account: str, wish: Wish, call_id: str, flow: Flow, now: int) -> None:
        """Calls of a phone that lost its connection go on by its new flow, whichever of its flows that is."""
        still_lost = []
        for lost in self._lost.pop(account, ()):
            same_phone = lost.instance == wish.instance != "" or _is_same(lost, wish)
            if same_phone or _moved_here(lost, wish, call_id, flow):
                self._tell(FlowMoved(account, lost.flow, flow, lost.contact, wish.contact))
            elif lost.expires_at > now:
                still_lost.append(lost)
        if still_lost:
            self._lost[account] = still_lost

    def adopt(self, account: str, binding: Binding, now: int) -> None:
        """A binding that was known before a restart; the phone's next REGISTER refreshes it."""
        bindings = self._by_account.setdefault(account, [])
        bindings.append(binding)
        self.moves += 1
        left_s = max(0, binding.expires_at - now) // SECOND
        self._tell(BindingAdded(account, str(binding.contact), str(binding.flow.remote), left_s))
        self._set_timer(account)

    def unbind(self, account: str, reason: RemovalReason, concerns: Callable[[Binding], bool]) -> None:
        """Remove those bindings of an account that `concerns` picks."""
        for binding in [b for b in self._by_account.get(account, ()) if concerns(b)]:
            self._remove(account, binding, reason)
        self._set_timer(account)

    def drop_connection(self, connection: int) -> None:
        """The stream is closed: nothing that came by it can be reached by it."""
        for account in sorted(self._by_connection.pop(connection, ())):
            bindings = self._by_account.get(account, [])
            gone = [b for b in bindings if b.flow.connection == connection]
            self.unbind(account, RemovalReason.LOST, lambda b: b.flow.connection == connection)
            for lost in gone:
                self._remember(account, lost)

    def _remember(self, account: str, lost: Binding) -> None:
        """Another flow of the same phone takes its calls over at once, else whichever it comes back by."""
        for other in reversed(self._by_account.get(account, ())):
            if other.instance == lost.instance != "":
                self._tell(FlowMoved(account, lost.flow, other.flow, lost.contact, other.contact))
                return
        remembered = self._lost.setdefault(account, [])
        remembered.append(lost)
        del remembered[: -self._per_account]

    def keep_only(self, accounts: Container[str]) -> None:
        """All other accounts are no more."""
        for account in sorted({*self._by_account, *self._lost}):
            if account not in accounts:
                self.unbind(account, RemovalReason.LOST, lambda _: True)
                self._lost.pop(account, None)

    def expire(self, now: int) -> None:
        """Remove what is due."""
        while (account := self._timers.pop(now)) is not None:
            self.unbind(account, RemovalReason.EXPIRED, lambda b: b.expires_at <= now)

    def _remove(self, account: str, binding: Binding, reason: RemovalReason) -> None:
        bindings = self._by_account[account]
        bindings.remove(binding)
        if not bindings:
            del self._by_account[account]
        self.moves += 1
        self.touched.add(account)
        self._tell(BindingRemoved(account, str(binding.contact), reason, len(bindings)))

    def _set_timer(self, account: str) -> None:
        bindings = self._by_account.get(account)
        if bindings:
            self._timers.set(account, min(binding.expires_at for binding in bindings))
        else:
            self._timers.cancel(account)


def is_wished(wish: Wish) -> Callable[[Binding], bool]:
    """Picks the binding that a wish is about."""
    return lambda binding: _is_same(binding, wish)


def _is_same(binding: Binding, wish: Wish) -> bool:
    """Whether a wish is about this binding.

    RFC 5626 section 6: the instance counts more than the contact, so that a phone that comes back from
    another port does not leave a dead twin behind; and its flows are apart. A phone that gives up its flows,
    or begins to have some, has one binding again, or the first.
    """
    if wish.instance and binding.instance:
        if wish.instance != binding.instance:
            return False
        return wish.reg_id == binding.reg_id or not (wish.reg_id and binding.reg_id)
    return same_uri(binding.contact, wish.contact)


def _moved_here(binding: Binding, wish: Wish, call_id: str, flow: Flow) -> bool:
    """Whether this is the same phone under another contact: it learnt its outer address, or its network or
    its instance changed. It speaks under the same Call-ID, which a phone keeps as long as it runs (RFC 3261
    section 10.2), or from the very same socket. Behind a proxy all phones have one socket, so it does not
    count there."""
    if not wish.direct or binding.path or binding.contact.user != wish.contact.user:
        return False
    if wish.instance and wish.instance == binding.instance:
        return False
    named_apart = wish.instance != "" and binding.instance != ""
    return binding.flow == flow or (binding.call_id == call_id and not named_apart)
