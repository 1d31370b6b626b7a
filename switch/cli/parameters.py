"""Options that several commands share, and the words that they accept."""

import ipaddress
from pathlib import Path
from typing import Annotated

import typer

from switch.node.options import DEFAULT_STATE
from switch.sip.flow import Address

_PORT_MAX = 65535

State = Annotated[
    Path,
    typer.Option(
        help="State folder of the running switch.", envvar="SOFTSWITCH_STATE", file_okay=False, metavar="DIR"
    ),
]
Journal = Annotated[
    str,
    typer.Option(
        help="Read this store (a file, a copy of one, its folder, postgresql://...), ask no running switch.",
        metavar="JOURNAL",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of a table.")]

STATE_DEFAULT = DEFAULT_STATE


def parse_address(text: str, option: str, default_port: int = 0) -> Address:
    """`127.0.0.1:5060` or `[::1]:5060`, with a default also `127.0.0.1`. Raises typer.BadParameter."""
    if default_port:
        try:
            return Address(str(ipaddress.ip_address(text)), default_port)
        except ValueError:
            pass
    host, colon, port = text.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    try:
        ip = ipaddress.ip_address(bare)
    except ValueError:
        ip = None
    bracketed = bare is not host
    if not colon or ip is None or bracketed != (ip.version == 6) or not _is_port(port):
        raise typer.BadParameter(
            f"'{text}': expected ADDRESS:PORT, such as 127.0.0.1:5060 or [::1]:5060", param_hint=option
        )
    return Address(str(ip), int(port))


def parse_ports(text: str, option: str) -> tuple[int, int]:
    """`16384-18383`: the lowest (even) and the highest RTP port. Raises typer.BadParameter."""
    low, dash, high = text.partition("-")
    if not dash or not _is_port(low) or not _is_port(high):
        raise typer.BadParameter(f"'{text}': expected LOW-HIGH, such as 16384-18383", param_hint=option)
    if int(low) < 1024 or int(low) % 2 or int(high) <= int(low):
        raise typer.BadParameter(
            f"'{text}': LOW is even and at least 1024, and HIGH is above it", param_hint=option
        )
    return int(low), int(high)


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text) <= _PORT_MAX
