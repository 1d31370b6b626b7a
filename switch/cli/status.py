"""`softswitch status`: is it ready, and where is everything."""

from pydantic import TypeAdapter

from switch.api.views import Health, Overview
from switch.cli.client import Control
from switch.cli.failures import EXIT_FAILURE
from switch.cli.output import print_json
from switch.cli.parameters import STATE_DEFAULT, Json, State
from switch.cli.ready import show_status

_HEALTH = TypeAdapter(Health)
_OVERVIEW = TypeAdapter(Overview)


def status(state: State = STATE_DEFAULT, as_json: Json = False) -> None:
    """Whether new calls are taken, and where everything is; exit 1 where not ready."""
    control = Control(state)
    health = control.get("/v1/health", _HEALTH)
    overview = control.get("/v1/overview", _OVERVIEW)
    if as_json:
        print_json({"health": health, "overview": overview})
    else:
        show_status(overview, health.ready, health.reasons)
    if not health.ready:
        raise SystemExit(EXIT_FAILURE)
