"""The table of bindings: at most a few for each account, each with its end.

| a binding | becomes | by |
| --- | --- | --- |
| (none) | bound | a REGISTER with its contact |
| bound | bound, for longer | a REGISTER with the same contact, or from the same instance |
| bound | gone: removed | its contact with expires 0, or `*` |
| bound | gone: expired | time |
| bound | gone: lost | its connection closed, its phone did not answer, its account went |
| bound | gone: replaced | the same instance by another contact, or too many bindings |
"""

from collections.abc import Callable, Iterable

from switch.base.clock import SECOND
from switch.base.timers import TimerHeap
from switch.registrar.contacts import RefusalError, Wish
from switch.registrar.values import (
    Binding,
    BindingAdded,
    BindingRefreshed,
    BindingRemoved,
    RegistrarEvent,
    RemovalReason,
)
from switch.sip.flow import Flow
from switch.sip.message import Request, Uri, same_uri


class BindingTable:
    """Bindings by account name, the most recently refreshed last. `tell` receives the events."""

    __slots__ = ("_by_account", "_by_connection", "_per_account", "_tell", "_timers", "moves")

    def __init__(self, per_account: int, tell: Callable[[RegistrarEvent], None]) -> None:
        self._per_account = per_account
        self._tell = tell
        self._by_account: dict[str, list[Binding]] = {}
        # Which accounts ever bound by a stream; may name some that moved on, goes when the stream closes.
        self._by_connection: dict[int, set[str]] = {}
        self._timers: TimerHeap[str] = TimerHeap()
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

    def is_bound_by(self, account: str, flow: Flow) -> bool:
        """Whether a phone of the account is reached by this very flow: then it is the phone that speaks."""
        return any(binding.flow == flow for binding in self._by_account.get(account, ()))

    def check_order(self, account: str, wishes: tuple[Wish, ...] | None, request: Request) -> None:
        """RFC 3261 section 10.3 steps 6 and 7: an older request must not undo a newer one of the phone."""
        for binding in self._by_account.get(account, ()):
            concerned = wishes is None or any(_is_same(binding, wish) for wish in wishes)
            if concerned and binding.call_id == request.call_id and request.cseq.number <= binding.cseq:
                raise RefusalError(500, "Request Out Of Order")

    def bind(self, account: str, wish: Wish, request: Request, flow: Flow, user_agent: str, now: int) -> None:
        """Add or refresh a binding."""
        bindings = self._by_account.setdefault(account, [])
        same = [binding for binding in bindings if _is_same(binding, wish)]
        refreshed = [binding for binding in same if same_uri(binding.contact, wish.contact)]
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
                call_id=request.call_id,
                cseq=request.cseq.number,
            )
        )
        if flow.connection:
            self._by_connection.setdefault(flow.connection, set()).add(account)
        event = BindingRefreshed if refreshed else BindingAdded
        self.moves += not refreshed
        self._tell(event(account, str(wish.contact), str(flow.remote), wish.expires_s))
        # After the new one is in and told, so that nobody sees a moment without any.
        for old in same:
            if old not in refreshed:
                self._remove(account, old, RemovalReason.REPLACED)
        if len(bindings) > self._per_account:
            self._remove(account, bindings[0], RemovalReason.REPLACED)
        self._set_timer(account)

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
        """The stream is closed: nothing that came by it can be reached."""
        for account in sorted(self._by_connection.pop(connection, ())):
            self.unbind(account, RemovalReason.LOST, lambda b: b.flow.connection == connection)

    def drop_all(self, accounts: Iterable[str]) -> None:
        """These accounts are no more."""
        for account in accounts:
            self.unbind(account, RemovalReason.LOST, lambda _: True)

    def expire(self, now: int) -> None:
        """Remove what is due."""
        while (account := self._timers.pop(now)) is not None:
            self.unbind(account, RemovalReason.EXPIRED, lambda b: b.expires_at <= now)

    def next_timer(self) -> int | None:
        """When `expire` has work."""
        return self._timers.next()

    def _remove(self, account: str, binding: Binding, reason: RemovalReason) -> None:
        bindings = self._by_account[account]
        bindings.remove(binding)
        if not bindings:
            del self._by_account[account]
        self.moves += 1
        self._tell(BindingRemoved(account, str(binding.contact), reason, len(bindings)))

    def _set_timer(self, account: str) -> None:
        bindings = self._by_account.get(account)
        if bindings:
            self._timers.set(account, min(binding.expires_at for binding in bindings))
        else:
            self._timers.cancel(account)


def is_contact(uri: Uri) -> Callable[[Binding], bool]:
    """Picks the binding of this contact, by RFC 3261 section 19.1.4's comparison."""
    return lambda binding: same_uri(binding.contact, uri)


def _is_same(binding: Binding, wish: Wish) -> bool:
    """Whether a wish is about this binding. RFC 5626 section 6: the instance counts more than the contact,
    so that a phone that comes back from another port does not leave a dead twin behind."""
    return same_uri(binding.contact, wish.contact) or (
        wish.instance != "" and binding.instance == wish.instance
    )
