"""What `run` says when calls can be taken: one JSON line for scripts, tables for a person."""

import json
import os
import sys
from dataclasses import asdict

import structlog
from rich.console import Console
from rich.text import Text

from switch.api.views import Overview
from switch.cli.output import show_table, skills, stream_console
from switch.sip.flow import Address

_log = structlog.get_logger()


def announce(overview: Overview) -> None:
    """The JSON line on standard output, everything else on standard error."""
    print(ready_line(overview), flush=True)
    show_overview(overview, stream_console(sys.stderr))


def announce_to_programs(overview: Overview) -> None:
    """The JSON line alone: where the log is JSON somebody collects it, and a log is no place for secrets."""
    print(ready_line(overview), flush=True)
    if overview.new_secrets and not overview.secrets_file:
        users = ", ".join(row.user for row in overview.new_secrets)
        _log.warning("new accounts have secrets that nobody has seen: softswitch accounts reset", users=users)


def ready_line(overview: Overview) -> str:
    """One line; it never holds a secret, because scripts keep what they read."""
    return json.dumps(
        {
            "event": "ready",
            "version": overview.version,
            "pid": os.getpid(),
            "sip": [asdict(listener) for listener in overview.sip],
            "http": overview.http,
            "metrics": overview.metrics,
            "control": overview.control,
            "state": overview.state,
        }
    )


def show_overview(overview: Overview, console: Console) -> None:
    """Where phones register, which numbers can be dialled, which agents exist, where the metrics are."""
    transports: dict[str, list[str]] = {}
    for item in overview.sip:
        transports.setdefault(str(Address(item.host, item.port)), []).append(item.transport)
    where = [
        ("phones register at", f"{address} ({', '.join(names)})") for address, names in transports.items()
    ]
    where.append(("metrics", overview.metrics or "switched off"))
    where.append(("state", overview.state))
    if overview.secrets_file:
        where.append(("phones' secrets", overview.secrets_file))
    show_table(console, f"softswitch {overview.version}: {overview.centre}", ("what", "where"), where, "")
    numbers = [(row.number, row.tenant, row.kind, row.target) for row in overview.numbers]
    show_table(console, "Numbers", ("dial", "tenant", "kind", "goes to"), numbers, "no number can be dialled")
    users = {(row.tenant, row.account): row.user for row in overview.accounts}
    agents = [
        (f"{row.tenant}/{row.agent}", users.get((row.tenant, row.account), row.account), skills(row.skills))
        for row in overview.agents
    ]
    show_table(console, "Agents", ("agent", "SIP user", "skills"), agents, "no agents are configured")
    if overview.new_secrets:
        secrets = [(row.user, row.realm, row.secret) for row in overview.new_secrets]
        show_table(console, "New secrets, shown this once", ("SIP user", "realm", "secret"), secrets, "")
    sys.stderr.flush()


def show_status(overview: Overview, ready: bool, reasons: tuple[str, ...]) -> None:
    """The same tables on standard output, headed by whether new calls are taken."""
    console = stream_console(sys.stdout)
    console.print(Text("ready: new calls are taken" if ready else f"not ready: {'; '.join(reasons)}"))
    show_overview(overview, console)
