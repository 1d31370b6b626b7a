"""What the HTTP side asks of a switch. `node` implements it; nothing here knows how."""

from collections.abc import Iterator
from typing import Protocol

from switch.api.views import (
    AccountView,
    AgentRow,
    AgentVerb,
    CallAudio,
    CallbackRow,
    CallRecord,
    CallRow,
    Health,
    MailRow,
    Outcome,
    Overview,
    QueueRow,
    RecordingRow,
    RecordVerb,
    ReloadOutcome,
    SecretReset,
    SuperviseMode,
    TrunkRow,
    WhyAnswer,
)


class ControlPort(Protocol):
    """All of it is called on the switch's own loop, so plain methods see one consistent moment.

    They must return at once; what waits for the store is `async`. A `name` is `tenant/name`, or the
    bare name where only one tenant has it. Nothing here raises for a wrong name: the outcome says it.
    """

    def health(self) -> Health:
        """Live and ready, with reasons where not."""

    def metrics(self) -> tuple[Iterator[bytes], str]:
        """The Prometheus exposition, of the moment when its first piece is taken, and its content type."""

    def overview(self) -> Overview:
        """Where phones register, which numbers and agents there are; without secrets."""

    def accounts(self) -> list[AccountView]:
        """Every account of every tenant, in order of tenant and account."""

    async def reset_account(self, name: str) -> SecretReset:
        """Make a new secret for an account (`tenant/account`, the account, or its SIP user)."""

    def agents(self) -> list[AgentRow]:
        """Every agent, in order of tenant and name."""

    def agent_command(self, name: str, verb: AgentVerb, reason: str) -> Outcome:
        """Carry out a verb; `reason` is that of a pause and empty otherwise."""

    def queues(self) -> list[QueueRow]:
        """Every queue, in order of tenant and name."""

    def callbacks(self) -> list[CallbackRow]:
        """Who is to be called back, the longest wait first."""

    def cancel_callback(self, callback: str) -> Outcome:
        """Take a callback back, unless its customer is being called."""

    def trunks(self) -> list[TrunkRow]:
        """Every trunk with its gateways, as configured."""

    def calls(self) -> list[CallRow]:
        """The live calls, oldest first."""

    async def recent_calls(self, limit: int) -> list[CallRecord]:
        """The last `limit` records, newest first."""

    async def call_audio(self, call: str) -> CallAudio | None:
        """How good the audio of a call is or was; None where the call is unknown or never had any."""

    def hang_up(self, call: str) -> Outcome:
        """End a live call on all its legs."""

    async def recordings(self, limit: int) -> list[RecordingRow]:
        """The recordings of the last calls that have some, newest first."""

    def record(self, call: str, verb: RecordVerb) -> Outcome:
        """Record a live call, or no longer."""

    def mail(self, mailbox: str) -> list[MailRow]:
        """What lies in all mailboxes, or in those of this name."""

    def delete_mail(self, file: str) -> Outcome:
        """Delete a message with its file."""

    def supervise(self, call: str, account: str, mode: SuperviseMode, by: str, reason: str) -> Outcome:
        """Ring the phone of `account` to supervise a live call; both `by` and `reason` go to the journal."""

    async def why(self, call: str) -> WhyAnswer | None:
        """The trail of a call, live or ended, by its id; None where it is unknown."""

    async def reload(self) -> ReloadOutcome:
        """Read the dialplans again; on any problem the old configuration stays."""
