"""Runs one switch in the foreground until it is told to stop."""

import asyncio
import resource
import signal
import sys
from collections.abc import Callable
from dataclasses import replace

import structlog

from switch.api.views import Overview
from switch.base.errors import ConfigurationError, ResourceError
from switch.node.control import Control
from switch.node.options import RunOptions
from switch.node.start import running

_log = structlog.get_logger()

EXIT_OK = 0
EXIT_FAILURE = 1
EXIT_CONFIGURATION = 2


async def serve(options: RunOptions, on_ready: Callable[[Overview], None]) -> int:
    """Start, say that calls can be taken, run until SIGTERM or SIGINT; SIGHUP reloads. The exit code."""
    _raise_descriptor_limit()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        async with running(options) as (control, new):
            reloads: set[asyncio.Task[None]] = set()

            def reload() -> None:
                task = asyncio.create_task(_reload(control))
                reloads.add(task)
                task.add_done_callback(reloads.discard)

            loop.add_signal_handler(signal.SIGHUP, reload)
            kept = options.kept_secrets
            shown = str(kept) if kept is not None and kept.exists() else ""
            on_ready(replace(control.overview(), new_secrets=tuple(new), secrets_file=shown))
            await stop.wait()
            _log.info("stopping")
    except ConfigurationError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        return EXIT_CONFIGURATION
    except ResourceError as error:
        print(f"softswitch: {error}", file=sys.stderr)
        return EXIT_FAILURE
    return EXIT_OK


def _raise_descriptor_limit() -> None:
    """To what this user may have. Shells give 1024, for the sake of programs that use select; that is
    fewer than the RTP sockets of the default range."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError) as error:
            _log.warning("the limit of open files stays as it is", limit=soft, reason=str(error))


async def _reload(control: Control) -> None:
    outcome = await control.reload()
    if outcome.reloaded:
        _log.info(outcome.message)
    else:
        _log.error("reload refused", reason=outcome.message, problems=[str(p) for p in outcome.problems])
