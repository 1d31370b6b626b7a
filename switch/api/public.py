"""What anyone who reaches the HTTP address may see: metrics and health, and nothing else."""

import asyncio
from time import monotonic

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse

from switch.api.port import ControlPort

SLICE_S = 0.0005
"""How long a page of metrics is written before the loop may look at its sockets: less than a call takes."""

_OK = 200
_UNAVAILABLE = 503


def public_app(port: ControlPort) -> FastAPI:
    """`/metrics`, `/health/live` and `/health/ready`; a health path says no with status 503."""
    app = FastAPI(title="softswitch", openapi_url=None, docs_url=None, redoc_url=None)

    @app.get("/metrics")
    async def metrics() -> Response:
        pieces, content_type = port.metrics()
        text: list[bytes] = []
        end = monotonic() + SLICE_S
        for piece in pieces:
            text.append(piece)
            if monotonic() >= end:
                await asyncio.sleep(0)
                end = monotonic() + SLICE_S
        return Response(b"".join(text), headers={"content-type": content_type})

    @app.get("/health/live")
    async def live() -> JSONResponse:
        health = port.health()
        return JSONResponse({"live": health.live}, _OK if health.live else _UNAVAILABLE)

    @app.get("/health/ready")
    async def ready() -> JSONResponse:
        health = port.health()
        status = _OK if health.ready else _UNAVAILABLE
        return JSONResponse({"ready": health.ready, "reasons": list(health.reasons)}, status)

    return app


def browser_app() -> FastAPI:
    """What a browser's port answers besides its WebSocket: that it is there, and no figures."""
    app = FastAPI(title="softswitch", openapi_url=None, docs_url=None, redoc_url=None)

    @app.get("/health/live")
    async def live() -> JSONResponse:
        return JSONResponse({"live": True})

    return app
