"""The registrar: challenges, verifies, binds (RFC 3261 section 10.3).

Whose request it is follows from the digest username alone, and one realm serves every tenant. A binding
keeps the contact as the phone wrote it together with the flow that the request came by: requests to
the phone carry the one and travel the other, which is what crosses a NAT, for phones that know RFC 5626 and
for others. Responses get their To tag from the transaction layer, like all that have none.
"""

from collections.abc import Iterable

from switch.base.clock import SECOND
from switch.registrar.bindings import BindingTable, is_wished
from switch.registrar.contacts import RefusalError, Wish, check_first_hop, read_contacts, read_path
from switch.registrar.gruu import Gruus, Named, public
from switch.registrar.guard import Guard
from switch.registrar.values import (
    Account,
    AuthenticationFailed,
    Binding,
    RegistrarEvent,
    RegistrarLimits,
    RemovalReason,
)
from switch.sip.digest import (
    KNOWN_ALGORITHMS,
    Challenger,
    Parameters,
    Result,
    Verdict,
    userhash,
)
from switch.sip.flow import Flow
from switch.sip.message import Request, Response, Uri

DEFAULT_LIMITS = RegistrarLimits()

EXTENSIONS = ("gruu", "outbound", "path")
"""What may be required of our registering (RFC 5627, 5626, 3327), and what we say that we can do."""
_SUPPORTED = ("Supported", ", ".join(EXTENSIONS))


class Registrar:
    """Accounts and their bindings, in memory; one owner, mutated in place, `poll()` drains the events."""

    __slots__ = (
        "_accounts",
        "_gruus",
        "_guard",
        "_limits",
        "_realm",
        "_table",
        "_userhashes",
        "challenger",
        "news",
        "next_timer",
    )

    def __init__(self, realm: str, challenger: Challenger, limits: RegistrarLimits = DEFAULT_LIMITS) -> None:
        self._realm = realm
        self.challenger = challenger
        self._limits = limits
        self._accounts: dict[str, Account] = {}
        self.news: list[RegistrarEvent] = []
        """What happened since the last `poll`; always the same list."""
        self._gruus = Gruus(challenger.key("gruu"))
        self._guard = Guard(limits.failure_entries)
        self._userhashes: dict[str, str] | None = None
        self._table = BindingTable(limits.bindings_per_account, self.news.append)
        self.next_timer = self._table.next_timer
        """When `handle_timer` has work, or None."""

    def set_accounts(self, accounts: Iterable[Account]) -> None:
        """Replace all accounts; bindings of those that are gone are removed as lost."""
        self._accounts = {account.name: account for account in accounts}
        self._userhashes = None
        self._table.keep_only(self._accounts)

    def account(self, name: str) -> Account | None:
        """One account by the name that it registers as."""
        return self._accounts.get(name)

    def binding_count(self) -> int:
        """Phones that are registered."""
        return len(self._table)

    def all_bindings(self, now: int) -> list[tuple[str, Binding]]:
        """Every binding that still holds, with its account's name: what is kept across a restart."""
        return [(name, binding) for name in self._table.accounts() for binding in self._table.of(name, now)]

    def bindings_of(self, names: Iterable[str], now: int) -> list[tuple[str, Binding]]:
        """Those of `all_bindings` that are of these accounts."""
        return [(name, binding) for name in names for binding in self._table.of(name, now)]

    def take_touched(self, count: int) -> list[str]:
        """At most so many accounts whose bindings changed, or were refreshed, since they were last taken."""
        touched = self._table.touched
        return [touched.pop() for _ in range(min(count, len(touched)))]

    def touch(self, names: Iterable[str]) -> None:
        """What was taken came to nothing: it will be taken again."""
        self._table.touched.update(names)

    @property
    def moves(self) -> int:
        """Bindings that came or went, since the start; a refresh is neither."""
        return self._table.moves

    def adopt(self, name: str, binding: Binding, now: int) -> None:
        """Take back a binding from before a restart; of an account that is gone it is left out."""
        if name in self._accounts and binding.expires_at > now:
            self._table.adopt(name, binding, now)

    def register(self, request: Request, flow: Flow, now: int) -> Response:
        """The answer to a REGISTER: 401, 200 with the contacts, or the refusal that RFC 3261 names."""
        found = self._identify(request, flow, now, proxy=False)
        if isinstance(found, Response):
            return found
        who, verdict = found
        try:
            wishes = self._read(who, request, flow)
            path = read_path(request, self._limits)
            outbound = wishes is not None and any(wish.reg_id for wish in wishes)
            if outbound:
                check_first_hop(request, path)
            self._table.check_order(who.name, wishes, request)
        except RefusalError as refusal:
            return request.make_response(refusal.status, refusal.reason, headers=refusal.headers)
        self._apply(who, wishes, request, flow, path, now)
        headers = self._contacts(who, request, now)
        headers.append(
            ("Authentication-Info", self.challenger.info(verdict, self._realm, now, flow.remote.host))
        )
        headers.append(_SUPPORTED)
        headers += [("Path", hop) for hop in path]
        if outbound:
            headers.append(("Require", "outbound"))
            if flow.transport.reliable:
                headers.append(("Flow-Timer", str(self._limits.flow_timer_s)))
        return request.make_response(200, headers=headers)

    def gruu(self, uri: Uri, now: int) -> tuple[Account, str] | None:
        """The account and instance that a GRUU names (RFC 5627 section 5.1), or None: for one that was never
        ours, whose account is gone, or a temporary one whose registration is over."""
        named = self._gruus.read(uri)
        account = None if named is None else self._accounts.get(named.account)
        if named is None or account is None or not self._still_names(named, now):
            return None
        return account, named.instance

    def _still_names(self, named: Named, now: int) -> bool:
        return named.call_id == b"" or any(
            binding.instance == named.instance
            and self._gruus.call_id_digest(binding.call_id) == named.call_id
            for binding in self._table.of(named.account, now)
        )

    def authenticate(self, request: Request, flow: Flow, now: int, *, proxy: bool) -> Account | Response:
        """Who sent this request, or the challenge (407 with `proxy`, else 401) to send back.

        An unknown user and a wrong password get the same challenge after the same work.
        """
        found = self._identify(request, flow, now, proxy=proxy)
        return found if isinstance(found, Response) else found[0]

    def bindings(self, name: str, now: int) -> list[Binding]:
        """Where the account can be reached, dearest (highest q, then most recently refreshed) first."""
        return self._table.of(name, now)

    def phones(self, name: str, now: int, instance: str = "") -> list[list[Binding]]:
        """The account's phones, dearest first, or the one of `instance`; each with its flows, best first."""
        return self._table.phones(name, instance, now)

    def drop_flow(self, flow: Flow, now: int) -> None:  # noqa: ARG002 - every mutation of an endpoint takes now
        """A connection is closed: bindings that came by it are lost. Harmless for others."""
        if flow.connection:
            self._table.drop_connection(flow.connection)

    def drop_binding(self, name: str, call_id: str, cseq: int) -> None:
        """What this REGISTER bound did not answer at all: lost, until its phone registers again."""
        self._table.unbind(name, RemovalReason.LOST, lambda b: (b.call_id, b.cseq) == (call_id, cseq))

    def handle_timer(self, now: int) -> None:
        """Let bindings expire that are due."""
        self._table.expire(now)

    def poll(self) -> list[RegistrarEvent]:
        """Everything that happened since the last call, in order."""
        events = self.news.copy()
        self.news.clear()
        return events

    def _read(self, account: Account, request: Request, flow: Flow) -> tuple[Wish, ...] | None:
        """Steps 1 to 7 of RFC 3261 section 10.3, but for those that authentication did."""
        if not request.uri.is_sip:
            raise RefusalError(416)
        unknown = [tag for tag in request.require if tag not in EXTENSIONS]
        if unknown:
            raise RefusalError(420, None, (("Unsupported", ", ".join(unknown)),))
        # Many phones have a display number apart from the name that they log in with; both are the account.
        if request.to.uri.user not in (account.name, account.account):
            raise RefusalError(403)
        return read_contacts(request, flow, self._limits)

    def _apply(
        self,
        account: Account,
        wishes: tuple[Wish, ...] | None,
        request: Request,
        flow: Flow,
        path: tuple[str, ...],
        now: int,
    ) -> None:
        name = account.name
        if wishes is None:
            self._table.unbind(name, RemovalReason.REMOVED, lambda _: True)
            return
        user_agent = (request.headers.get("User-Agent") or "")[: self._limits.user_agent_length]
        # New contacts before removals: a phone that changes its contact in one request stays reachable.
        for wish in wishes if len(wishes) < 2 else sorted(wishes, key=lambda wish: wish.expires_s == 0):
            if wish.expires_s:
                self._table.bind(name, wish, request, flow, now, user_agent=user_agent, path=path)
            else:
                self._table.unbind(name, RemovalReason.REMOVED, is_wished(wish))

    def _contacts(self, account: Account, request: Request, now: int) -> list[tuple[str, str]]:
        """All contacts of the account; those that can be called one by one with their GRUUs, where the phone
        knows what these are (RFC 5627 section 5.3)."""
        bindings = self._table.of(account.name, now)
        if not any(binding.instance for binding in bindings):
            return [("Contact", _contact_value(binding, now)) for binding in bindings]
        gruu = "gruu" in request.supported or "gruu" in request.require
        host = request.to.uri.host
        headers = []
        for binding in bindings:
            value = _contact_value(binding, now)
            if binding.instance:
                value += f';+sip.instance="{binding.instance}"'
                value += f";reg-id={binding.reg_id}" if binding.reg_id else ""
            if binding.instance and gruu:
                value += f';pub-gruu="{public(account.name, host, binding.instance)}"'
                if binding.call_id == request.call_id:
                    temporary = self._gruus.temporary(account.name, host, binding.instance, binding.call_id)
                    value += f';temp-gruu="{temporary}"'
            headers.append(("Contact", value))
        return headers

    # Who speaks.

    def _identify(
        self, request: Request, flow: Flow, now: int, *, proxy: bool
    ) -> tuple[Account, Verdict] | Response:
        fields = request.headers.fields("Proxy-Authorization" if proxy else "Authorization")
        given = self.challenger.choose(fields, self._realm) if fields else None
        if given is None:
            return self._challenge(request, flow, now, proxy=proxy, stale=False)
        host, port = flow.remote.host, flow.remote.port
        name = self._username(given)
        account = self._accounts.get(name)
        if self._guard.waits(host, port, name, now) and not self._table.is_bound_by(name, flow):
            self.news.append(AuthenticationFailed(host, "" if account is None else name, 0))
            return self._challenge(request, flow, now, proxy=proxy, stale=False)
        secrets = None if account is None else account.secrets
        verdict = self.challenger.judge(
            given, request.method, str(request.uri), lambda _: secrets, self._realm, now, request.body, host
        )
        if verdict.result is Result.OK:
            assert account is not None, "only a known account has a right password"
            self._guard.succeeded(host, name)
            return account, verdict
        if verdict.judged and verdict.result is Result.BAD:
            failures = self._guard.failed(host, port, name, now)
            self.news.append(AuthenticationFailed(host, "" if account is None else name, failures))
        return self._challenge(request, flow, now, proxy=proxy, stale=verdict.result is Result.STALE)

    def _username(self, given: Parameters) -> str:
        """Whom credentials claim to be of, by name or by its hash (RFC 7616 section 3.4.4)."""
        username = given.get("username", "")
        if given.get("userhash", "").lower() != "true":
            return username
        if self._userhashes is None:
            # Made when the first phone asks for it, and once for all: a table as long as that of accounts.
            self._userhashes = {
                userhash(algorithm, name, self._realm): name
                for name in self._accounts
                for algorithm in KNOWN_ALGORITHMS
            }
        return self._userhashes.get(username.lower(), username)

    def _challenge(self, request: Request, flow: Flow, now: int, *, proxy: bool, stale: bool) -> Response:
        field = "Proxy-Authenticate" if proxy else "WWW-Authenticate"
        challenges = self.challenger.challenges(self._realm, now, stale=stale, source=flow.remote.host)
        return request.make_response(407 if proxy else 401, headers=[(field, value) for value in challenges])


def _contact_value(binding: Binding, now: int) -> str:
    remaining_s = -(-(binding.expires_at - now) // SECOND)
    q = "" if binding.q == 1000 else f";q={binding.q / 1000:.3g}"
    return f"<{binding.contact}>{q};expires={remaining_s}"
