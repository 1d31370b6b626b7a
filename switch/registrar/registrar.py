"""The registrar: challenges, verifies, binds (RFC 3261 section 10.3)."""

from collections.abc import Iterable

from switch.registrar.values import Account, Binding, RegistrarEvent, RegistrarLimits
from switch.sip.digest import Challenger
from switch.sip.flow import Flow
from switch.sip.message import Request, Response

DEFAULT_LIMITS = RegistrarLimits()


class Registrar:
    """Accounts and their bindings, in memory; one owner, mutated in place, `poll()` drains the events."""

    def __init__(self, realm: str, challenger: Challenger, limits: RegistrarLimits = DEFAULT_LIMITS) -> None: ...

    def set_accounts(self, accounts: Iterable[Account]) -> None:
        """Replace all accounts; bindings of those that are gone are removed as lost."""

    def account(self, name: str) -> Account | None: ...

    def register(self, request: Request, flow: Flow, now: int) -> Response:
        """The answer to a REGISTER: 401, 200 with the contacts, or the refusal that RFC 3261 names."""

    def authenticate(self, request: Request, flow: Flow, now: int, *, proxy: bool) -> Account | Response:
        """Who sent this request, or the challenge (407 with `proxy`, else 401) or refusal to send back."""

    def bindings(self, name: str, now: int) -> list[Binding]:
        """Where the account can be reached, dearest (highest q, then newest) first."""

    def drop_flow(self, flow: Flow, now: int) -> None:
        """A connection is closed: bindings that came by it are lost. Harmless for others."""

    def handle_timer(self, now: int) -> None:
        """Let bindings expire that are due."""

    def next_timer(self) -> int | None: ...

    def poll(self) -> list[RegistrarEvent]:
        """Everything that happened since the last call, in order."""
