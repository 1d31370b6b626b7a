"""`softswitch trunks`: the carriers, whether their gateways live, and what they carry."""

from pydantic import TypeAdapter

from switch.api.views import GatewayRow, TrunkRow
from switch.cli.client import Control
from switch.cli.output import print_json, print_table, span
from switch.cli.parameters import STATE_DEFAULT, Json, State

_ROWS = TypeAdapter(list[TrunkRow])
_COLUMNS = (
    "trunk",
    "gateway",
    "state",
    "for",
    "channels",
    "calls/s",
    "last",
    "ago",
    "OPTIONS",
    "registration",
)
_SPARE = ("OPTIONS", "ago", "calls/s", "last", "for")


def trunks(state: State = STATE_DEFAULT, as_json: Json = False) -> None:
    """Every carrier and each of its gateways now; a dash stands for no limit."""
    rows = Control(state).get("/v1/trunks", _ROWS)
    if as_json:
        print_json(rows)
        return
    cells = []
    for row in rows:
        cells.append(_trunk(row))
        cells += [_gateway(row.trunk, gateway) for gateway in row.gateways]
    print_table("Trunks", _COLUMNS, cells, "no trunks are configured", _SPARE)


def _trunk(row: TrunkRow) -> tuple[str, ...]:
    registration = row.registration
    if row.registration_ms is not None:
        registration += f", {span(row.registration_ms)} left"
    elif registration and row.registration_last:
        registration += f" ({row.registration_last})"
    return (
        row.trunk,
        "" if row.gateways else "no address is known",
        "up" if row.up else "down",
        "",
        _of(row.channels, row.channels_max),
        _of(row.calls_per_second, row.calls_per_second_max),
        "",
        "",
        "",
        registration,
    )


def _gateway(trunk: str, row: GatewayRow) -> tuple[str, ...]:
    place = f"{row.address} {row.transport.lower()}"
    return (
        trunk,
        f"{row.name} = {place}" if row.name else place,
        row.state,
        "" if row.state_ms is None else span(row.state_ms),
        _of(row.channels, row.channels_max),
        _of(row.calls_per_second, row.calls_per_second_max),
        row.last,
        "" if row.last_ms is None else span(row.last_ms),
        "" if row.rtt_ms is None else f"{row.rtt_ms:.0f} ms",
        "",
    )


def _of(used: int, most: int) -> str:
    """`3/30`, or `3/-` where there is no limit."""
    return f"{used}/{most or '-'}"
