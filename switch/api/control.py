"""The control API: what the command line asks of a running switch, over a socket that only its owner opens.

The file permission of the socket is the whole of the authorisation, so this app must never be bound to TCP.
"""

from typing import Annotated

from fastapi import FastAPI, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from switch.api.port import ControlPort
from switch.api.views import (
    RECORDS_MAX,
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
    Result,
    SecretReset,
    SuperviseMode,
    TrunkRow,
    WhyAnswer,
)

NAME_MAX = 200
"""Longer than any `tenant/name` or SIP Call-ID that we give out; beyond it is a mistake."""

Name = Annotated[str, Field(min_length=1, max_length=NAME_MAX)]

_STATUS = {Result.DONE: 200, Result.NOT_FOUND: 404, Result.AMBIGUOUS: 409, Result.REFUSED: 409}


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AgentCommand(_Body):
    """Ask something of an agent; `reason` belongs to a pause."""

    name: Name
    verb: AgentVerb
    reason: Annotated[str, Field(max_length=NAME_MAX)] = ""


class AccountName(_Body):
    """`tenant/account`, the bare account, or the SIP user."""

    name: Name


class CallName(_Body):
    call: Name


class RecordCommand(_Body):
    call: Name
    verb: RecordVerb


class MailName(_Body):
    file: Annotated[str, Field(min_length=1, max_length=500)]


class SuperviseCommand(_Body):
    """Ring `account` to supervise; `by` and `reason` are kept in the journal."""

    call: Name
    account: Name
    mode: SuperviseMode
    by: Annotated[str, Field(max_length=NAME_MAX)] = ""
    reason: Annotated[str, Field(max_length=NAME_MAX)] = ""


def control_app(port: ControlPort) -> FastAPI:
    """The control API over `port`. Outcomes other than DONE have a 4xx status and the same shape of body."""
    app = FastAPI(title="softswitch control", openapi_url=None, docs_url=None, redoc_url=None)
    _add_reads(app, port)
    _add_commands(app, port)
    return app


def _add_reads(app: FastAPI, port: ControlPort) -> None:
    @app.get("/v1/health")
    async def health() -> Health:
        return port.health()

    @app.get("/v1/overview")
    async def overview() -> Overview:
        return port.overview()

    @app.get("/v1/accounts")
    async def accounts() -> list[AccountView]:
        return port.accounts()

    @app.get("/v1/agents")
    async def agents() -> list[AgentRow]:
        return port.agents()

    @app.get("/v1/queues")
    async def queues() -> list[QueueRow]:
        return port.queues()

    @app.get("/v1/callbacks")
    async def callbacks() -> list[CallbackRow]:
        return port.callbacks()

    @app.get("/v1/trunks")
    async def trunks() -> list[TrunkRow]:
        return port.trunks()

    @app.get("/v1/calls")
    async def calls() -> list[CallRow]:
        return port.calls()

    @app.get("/v1/calls/recent")
    async def recent(limit: Annotated[int, Query(ge=1, le=RECORDS_MAX)] = 20) -> list[CallRecord]:
        return await port.recent_calls(limit)

    @app.get("/v1/recordings")
    async def recordings(limit: Annotated[int, Query(ge=1, le=RECORDS_MAX)] = 20) -> list[RecordingRow]:
        return await port.recordings(limit)

    @app.get("/v1/calls/audio", responses={404: {"model": Outcome}})
    async def audio(
        call: Annotated[str, Query(min_length=1, max_length=NAME_MAX)], response: Response
    ) -> CallAudio | Outcome:
        answer = await port.call_audio(call)
        if answer is not None:
            return answer
        response.status_code = _STATUS[Result.NOT_FOUND]
        return Outcome(Result.NOT_FOUND, f"no audio of a call {call} is known: `softswitch calls` lists them")

    @app.get("/v1/why", responses={404: {"model": Outcome}})
    async def why(
        call: Annotated[str, Query(min_length=1, max_length=NAME_MAX)], response: Response
    ) -> WhyAnswer | Outcome:
        answer = await port.why(call)
        if answer is not None:
            return answer
        response.status_code = _STATUS[Result.NOT_FOUND]
        return Outcome(
            Result.NOT_FOUND, f"no call {call} is known: `softswitch calls recent` lists the last ones"
        )


def _add_commands(app: FastAPI, port: ControlPort) -> None:
    @app.post("/v1/agents/command")
    async def agent_command(body: AgentCommand, response: Response) -> Outcome:
        outcome = port.agent_command(body.name, body.verb, body.reason)
        response.status_code = _STATUS[outcome.result]
        return outcome

    @app.post("/v1/accounts/reset")
    async def reset_account(body: AccountName, response: Response) -> SecretReset:
        reset = await port.reset_account(body.name)
        response.status_code = _STATUS[reset.outcome.result]
        return reset

    @app.post("/v1/calls/hang-up")
    async def hang_up(body: CallName, response: Response) -> Outcome:
        outcome = port.hang_up(body.call)
        response.status_code = _STATUS[outcome.result]
        return outcome

    @app.post("/v1/callbacks/cancel")
    async def cancel_callback(body: CallName, response: Response) -> Outcome:
        outcome = port.cancel_callback(body.call)
        response.status_code = _STATUS[outcome.result]
        return outcome

    @app.post("/v1/calls/record")
    async def record(body: RecordCommand, response: Response) -> Outcome:
        outcome = port.record(body.call, body.verb)
        response.status_code = _STATUS[outcome.result]
        return outcome

    @app.get("/v1/messages")
    async def mail(mailbox: Annotated[str, Query(max_length=NAME_MAX)] = "") -> list[MailRow]:
        return port.mail(mailbox)

    @app.post("/v1/messages/delete")
    async def delete_mail(body: MailName, response: Response) -> Outcome:
        outcome = port.delete_mail(body.file)
        response.status_code = _STATUS[outcome.result]
        return outcome

    @app.post("/v1/calls/supervise")
    async def supervise(body: SuperviseCommand, response: Response) -> Outcome:
        outcome = port.supervise(body.call, body.account, body.mode, body.by, body.reason)
        response.status_code = _STATUS[outcome.result]
        return outcome

    @app.post("/v1/reload")
    async def reload(response: Response) -> ReloadOutcome:
        outcome = await port.reload()
        response.status_code = 200 if outcome.reloaded else 409
        return outcome
