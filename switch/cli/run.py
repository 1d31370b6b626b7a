"""`softswitch run`: one switch in the foreground, until it is told to stop."""

import asyncio
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

import typer

from switch.cli.example import example_centre
from switch.cli.logs import LogFormat, LogLevel, configure_logs
from switch.cli.parameters import parse_address, parse_ports
from switch.cli.ready import announce, announce_to_programs
from switch.node.options import (
    DEFAULT_HTTP,
    DEFAULT_ROUTER_DAYS,
    DEFAULT_RTP,
    DEFAULT_SIP,
    DEFAULT_STATE,
    MEDIA_THREADS_MAX,
    RunOptions,
)
from switch.sip.flow import Address

try:
    from uvloop import new_event_loop

    _LOOP: Callable[[], asyncio.AbstractEventLoop] | None = new_event_loop
except ImportError:
    _LOOP = None
    """asyncio's own: uvloop is not made for every platform."""

_OFF = "off"
DNS_PORT = 53


Dialplans = Annotated[
    Path | None,
    typer.Argument(
        metavar="DIALPLANS",
        help="Folder of dialplans, or one file; the example centre where nothing is named.",
        exists=True,
        readable=True,
    ),
]
Sip = Annotated[
    list[str] | None,
    typer.Option(
        metavar="ADDRESS:PORT",
        help=f"Where SIP listens, UDP and TCP, in place of the centre's listen; repeatable.  [{DEFAULT_SIP}]",
    ),
]
Http = Annotated[
    str, typer.Option(metavar="ADDRESS:PORT", help="Where metrics and health are served, or 'off'.")
]
OwnState = Annotated[
    Path,
    typer.Option(
        metavar="DIR",
        file_okay=False,
        envvar="SOFTSWITCH_STATE",
        help="Folder of the store, the secrets and the control socket; made for its owner alone.",
    ),
]
Rtp = Annotated[
    str, typer.Option(metavar="LOW-HIGH", help="UDP ports for audio, two for each party of a call.")
]
Store = Annotated[
    str,
    typer.Option(
        metavar="URL",
        envvar="SOFTSWITCH_STORE",
        help="Database, such as postgresql+psycopg://user@host/name; SQLite in the state folder else.",
    ),
]
KeepSecrets = Annotated[
    bool,
    typer.Option(
        "--keep-secrets",
        help="Keep the secrets of new accounts in secrets.txt of the state folder, for its owner alone; "
        "the example centre does so anyway.",
    ),
]

Dns = Annotated[
    list[str] | None,
    typer.Option(
        metavar="ADDRESS[:PORT]",
        help="DNS server that carriers' names are asked of, in place of the machine's own; repeatable.",
    ),
]

MediaThreads = Annotated[
    int,
    typer.Option(
        min=0,
        max=MEDIA_THREADS_MAX,
        help="Threads that carry audio; 0: one a core but one, where there are ports for so many.",
    ),
]

Recordings = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Where recorded calls are written; below the state folder else."),
]

RouterDays = Annotated[
    int,
    typer.Option(
        metavar="DAYS",
        min=0,
        max=3650,
        help="How long `why` tells each agent's reason and days can be run again; 0: for ever. Records stay.",
    ),
]


def run(
    dialplans: Dialplans = None,
    sip: Sip = None,
    http: Http = str(DEFAULT_HTTP),
    state: OwnState = DEFAULT_STATE,
    rtp: Rtp = f"{DEFAULT_RTP[0]}-{DEFAULT_RTP[1]}",
    store: Store = "",
    keep_secrets: KeepSecrets = False,
    dns: Dns = None,
    recordings: Recordings = None,
    media_threads: MediaThreads = 0,
    router_days: RouterDays = DEFAULT_ROUTER_DAYS,
    log_format: Annotated[
        LogFormat, typer.Option(help="Form of the log on standard error.")
    ] = LogFormat.PLAIN,
    log_level: Annotated[LogLevel, typer.Option(help="From which severity on.")] = LogLevel.INFO,
) -> None:
    """Start a switch. One JSON line on standard output says when it can take calls; SIGTERM stops it."""
    low, high = parse_ports(rtp, "--rtp")
    options = RunOptions(
        dialplans=dialplans or example_centre(),
        sip=_listeners(sip),
        http=None if http == _OFF else parse_address(http, "--http"),
        state=state,
        rtp_low=low,
        rtp_high=high,
        store=store,
        keep_secrets=keep_secrets or dialplans is None,
        recordings=recordings,
        media_threads=media_threads,
        router_days=router_days,
        dns=tuple(parse_address(text, "--dns", DNS_PORT) for text in dns or ()),
    )
    configure_logs(log_format, log_level)
    # Here and not above: the other commands need none of it, and the whole switch takes a second to import.
    from switch.node.run import serve  # noqa: PLC0415 - the reason is the line before

    with asyncio.Runner(loop_factory=_LOOP) as runner:
        on_ready = announce_to_programs if log_format is LogFormat.JSON else announce
        code = runner.run(serve(options, on_ready))
    raise typer.Exit(code)


def _listeners(texts: list[str] | None) -> tuple[Address, ...]:
    addresses = tuple(parse_address(text, "--sip") for text in texts or ())
    if any(ip_address(address.host).is_unspecified for address in addresses):
        raise typer.BadParameter(
            "expected an address that phones can reach; to all of them it would be told as where to send "
            "calls and audio. With listen in centre.yaml, 'advertise' says another",
            param_hint="--sip",
        )
    fixed = [address for address in addresses if address.port]
    if len(set(fixed)) < len(fixed):
        raise typer.BadParameter("the same address stands twice", param_hint="--sip")
    return addresses
