"""Accounts, bindings, limits and events of the registrar."""

from dataclasses import dataclass
from enum import StrEnum

from switch.sip.digest import HashedSecrets
from switch.sip.flow import Flow
from switch.sip.uri import Uri


@dataclass(frozen=True, slots=True)
class Account:
    """What a phone registers as. `name` is its digest username and SIP user, `tenant-account`."""

    name: str
    tenant: str
    account: str
    secrets: HashedSecrets


@dataclass(frozen=True, slots=True)
class Binding:
    """One phone of an account. Requests carry `contact` as their Request-URI and go to `flow`.

    The contact stays as the phone gave it: behind NAT it names a private address that only the phone
    understands, and `flow` is the way that reaches it. `q` is 0..1000 thousandths. `expires_at` is
    monotonic microseconds. `instance` is the phone's own name (RFC 5626 section 4.1), "" where it gives
    none; `reg_id` is which of its flows this is, 0 where it has one only; `path` are the Route values of
    requests to it (RFC 3327).
    """

    contact: Uri
    flow: Flow
    expires_at: int
    q: int = 1000
    user_agent: str = ""
    instance: str = ""
    call_id: str = ""
    cseq: int = 0
    reg_id: int = 0
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RegistrarLimits:
    """Bounds and times, each with its reason.

    `bindings_per_account`: a person has a desk phone, a softphone, a browser and their stale twins.
    `expires_s_min`: below it phones spend more on registering than on calls (RFC 3261 section 10.3 allows
    423 for less than an hour). `expires_s_max`: a phone that vanished is noticed within it.
    `nat_expires_s_max`: home routers forget an idle UDP mapping after one to three minutes (RFC 4787
    asks for two at least, many keep less), and the registration is what keeps it open.
    `instance_length`: a URN of a UUID has 47 characters. `path_values`, `path_length`: edges between a phone
    and us. `flow_timer_s`: RFC 5626 section 4.4.1's interval on streams; on UDP the phone's own 29 s hold.
    `failure_entries`: how many addresses, accounts, and pairs of them with failed logins are counted before
    the longest silent is forgotten: a megabyte.
    """

    bindings_per_account: int = 10
    contacts_per_request: int = 10
    expires_s_min: int = 30
    expires_s_default: int = 300
    expires_s_max: int = 3600
    nat_expires_s_max: int = 60
    failure_entries: int = 4096
    user_agent_length: int = 128
    instance_length: int = 256
    path_values: int = 8
    path_length: int = 1024
    flow_timer_s: int = 120


class RemovalReason(StrEnum):
    """Why a binding is gone."""

    REMOVED = "removed"
    """By the phone itself."""
    EXPIRED = "expired"
    LOST = "lost"
    """The connection closed, or the account was taken away."""
    REPLACED = "replaced"
    """The account has too many bindings, or the same phone came back by another contact."""


@dataclass(frozen=True, slots=True)
class BindingAdded:
    account: str
    contact: str
    address: str
    expires_s: int


@dataclass(frozen=True, slots=True)
class BindingRefreshed:
    account: str
    contact: str
    address: str
    expires_s: int


@dataclass(frozen=True, slots=True)
class BindingRemoved:
    account: str
    contact: str
    reason: RemovalReason
    remaining: int
    """Bindings that the account still has: 0 means that it can no longer be reached."""


@dataclass(frozen=True, slots=True)
class AuthenticationFailed:
    """Credentials that were wrong. `host` is where they came from, `failures` how many came from there
    lately, 0 where they were not even looked at because of them; `account` is a known account's name, else
    empty (a guess is not worth keeping)."""

    host: str
    account: str
    failures: int


@dataclass(frozen=True, slots=True)
class FlowMoved:
    """A phone that was reached by `old` is reached by `new` now; its contact may be another one too."""

    account: str
    old: Flow
    new: Flow
    old_contact: Uri
    new_contact: Uri


RegistrarEvent = BindingAdded | BindingRefreshed | BindingRemoved | FlowMoved | AuthenticationFailed
