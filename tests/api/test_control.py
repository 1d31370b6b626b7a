"""The control API over its Unix socket: shapes, statuses, and what a wrong request gets."""

from typing import Any

import pytest
from pydantic import TypeAdapter

from switch.api.control import NAME_MAX
from switch.api.views import (
    RECORDS_MAX,
    AccountView,
    AgentRow,
    CallAudio,
    CallbackRow,
    CallRecord,
    CallRow,
    ConfigurationProblem,
    Health,
    Overview,
    QueueRow,
    ReloadOutcome,
    TrunkRow,
    WhyAnswer,
)
from tests.api.conftest import Served


async def test_every_view_travels_without_loss(served: Served) -> None:
    port = served.port
    expected: dict[str, tuple[Any, object]] = {
        "/v1/health": (Health, port.health()),
        "/v1/overview": (Overview, port.overview()),
        "/v1/accounts": (list[AccountView], port.accounts()),
        "/v1/agents": (list[AgentRow], port.agents()),
        "/v1/queues": (list[QueueRow], port.queues()),
        "/v1/callbacks": (list[CallbackRow], port.callbacks()),
        "/v1/trunks": (list[TrunkRow], port.trunks()),
        "/v1/calls": (list[CallRow], port.calls()),
        "/v1/calls/recent": (list[CallRecord], await port.recent_calls(20)),
        "/v1/calls/audio?call=c-n1-7": (CallAudio, await port.call_audio("c-n1-7")),
        "/v1/why?call=c-n1-7": (WhyAnswer, await port.why("c-n1-7")),
    }
    for path, (shape, value) in expected.items():
        answer = await served.control.get(path)
        assert answer.status_code == 200, path
        assert TypeAdapter(shape).validate_json(answer.content) == value, path


async def test_an_agent_command_is_carried_out(served: Served) -> None:
    body = {"name": "maple/lea", "verb": "pause", "reason": "lunch"}
    answer = await served.control.post("/v1/agents/command", json=body)
    assert answer.status_code == 200
    assert served.port.shown["maple/lea"] == "paused"
    assert served.port.reasons["maple/lea"] == "lunch"


@pytest.mark.parametrize(
    ("name", "verb", "status", "result"),
    [
        ("nobody", "resume", 404, "not-found"),
        ("lea", "resume", 409, "ambiguous"),
        ("tom", "pause", 409, "refused"),
    ],
)
async def test_an_outcome_other_than_done_has_its_status(
    served: Served, name: str, verb: str, status: int, result: str
) -> None:
    answer = await served.control.post("/v1/agents/command", json={"name": name, "verb": verb})
    assert answer.status_code == status
    assert answer.json()["result"] == result


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "lea"},
        {"name": "lea", "verb": "dance"},
        {"name": "", "verb": "resume"},
        {"name": "x" * (NAME_MAX + 1), "verb": "resume"},
        {"name": "lea", "verb": "resume", "reson": "a misspelt field is not ignored"},
    ],
)
async def test_a_wrong_command_is_refused_and_nothing_happens(served: Served, body: dict[str, str]) -> None:
    before = dict(served.port.shown)
    assert (await served.control.post("/v1/agents/command", json=body)).status_code == 422
    assert served.port.shown == before


async def test_a_reset_gives_the_secret_once_and_only_when_done(served: Served) -> None:
    done = await served.control.post("/v1/accounts/reset", json={"name": "maple-101"})
    assert (done.status_code, done.json()["secret"]["secret"]) == (200, "s3cret")
    unknown = await served.control.post("/v1/accounts/reset", json={"name": "maple-999"})
    assert (unknown.status_code, unknown.json()["secret"]) == (404, None)


async def test_a_call_is_hung_up_once(served: Served) -> None:
    assert (await served.control.post("/v1/calls/hang-up", json={"call": "c-n1-7"})).status_code == 200
    assert (await served.control.post("/v1/calls/hang-up", json={"call": "c-n1-7"})).status_code == 404


async def test_why_of_an_unknown_call_is_a_plain_no(served: Served) -> None:
    answer = await served.control.get("/v1/why", params={"call": "c-none"})
    assert answer.status_code == 404
    assert "c-none" in answer.json()["message"]


async def test_a_reload_with_problems_lists_them_and_is_no_success(served: Served) -> None:
    assert (await served.control.post("/v1/reload")).status_code == 200
    served.port.problems = (ConfigurationProblem("maple.yaml", 4, 7, "unknown word 'quue'"),)
    answer = await served.control.post("/v1/reload")
    assert answer.status_code == 409
    outcome = TypeAdapter(ReloadOutcome).validate_json(answer.content)
    assert str(outcome.problems[0]) == "maple.yaml:4:7: unknown word 'quue'"


@pytest.mark.parametrize("limit", ["0", "-1", str(RECORDS_MAX + 1), "many"])
async def test_the_number_of_records_is_bounded(served: Served, limit: str) -> None:
    assert (await served.control.get("/v1/calls/recent", params={"limit": limit})).status_code == 422


async def test_audio_of_an_unknown_call_is_not_found(served: Served) -> None:
    answer = await served.control.get("/v1/calls/audio", params={"call": "c-none"})
    assert answer.status_code == 404
    assert answer.json()["result"] == "not-found"
