"""Metrics and health are for anyone; nothing else is."""

import asyncio
from collections.abc import Iterator

import pytest

from switch.api import public
from switch.api.views import Health
from tests.api.conftest import Served


async def test_prometheus_gets_the_exposition_with_its_content_type(served: Served) -> None:
    answer = await served.public.get("/metrics")
    assert answer.status_code == 200
    assert answer.content == b"softswitch_calls 1\n"
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"


async def test_a_switch_that_is_not_ready_says_why_with_503(served: Served) -> None:
    assert (await served.public.get("/health/ready")).status_code == 200
    served.port.now_ready = Health(live=True, ready=False, reasons=("draining",))
    answer = await served.public.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "reasons": ["draining"]}
    assert (await served.public.get("/health/live")).status_code == 200


async def test_a_switch_that_is_not_live_says_so(served: Served) -> None:
    served.port.now_ready = Health(live=False, ready=False, reasons=("loop stalled",))
    assert (await served.public.get("/health/live")).status_code == 503


@pytest.mark.parametrize(
    "path",
    ["/", "/v1/health", "/v1/overview", "/v1/accounts", "/v1/agents", "/v1/calls", "/docs", "/openapi.json"],
)
async def test_control_is_not_reachable_over_tcp(served: Served, path: str) -> None:
    assert (await served.public.get(path)).status_code == 404


@pytest.mark.parametrize("path", ["/v1/reload", "/v1/accounts/reset", "/v1/agents/command"])
async def test_commands_are_not_reachable_over_tcp(served: Served, path: str) -> None:
    assert (await served.public.post(path, json={})).status_code == 404


async def test_the_server_does_not_tell_its_make(served: Served) -> None:
    answer = await served.public.get("/metrics")
    assert "server" not in answer.headers


async def test_calls_come_in_between_while_a_page_is_written(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page is longer than a call may wait: after each slice the loop takes what came."""
    monkeypatch.setattr(public, "SLICE_S", 0.0)
    came: list[str] = []

    def pieces() -> Iterator[bytes]:
        for number in range(3):
            asyncio.get_running_loop().call_soon(came.append, f"after {number}")
            yield b"x" * number
            assert came == [f"after {before}" for before in range(number + 1)]

    monkeypatch.setattr(served.port, "metrics", lambda: (pieces(), "text/plain"))
    answer = await served.public.get("/metrics")
    assert (answer.status_code, answer.text) == (200, "xxx")
