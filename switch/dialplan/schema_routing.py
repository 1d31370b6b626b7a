"""The shape of what the router is told: `routing`, `last_agent`, the rings of a wait."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from switch.dialplan.schema import Names, Needs, Section

Units: TypeAlias = Annotated[int, Field(ge=1, le=10_000)]


class RoutingModel(Section):
    """`routing` of a tenant: what holds in all its queues."""

    order: Literal["priority", "first-come", "ageing", "cost", "ratio", "service-level"] = "priority"
    assign: Literal["one-by-one", "batch"] = "one-by-one"
    ageing_s: Annotated[int, Field(ge=1, le=86_400)] = 60
    channels: dict[str, Units] = Field(default_factory=dict)
    own_calls_reset_idle: bool = False
    watch_lines: bool = True
    day_start: Annotated[str, Field(pattern="^([01]?[0-9]|2[0-3]):[0-5][0-9]$")] = ""


class LastAgentModel(Section):
    """`last_agent` of a queue: callers come back to whom they talked to."""

    wait_s: Annotated[int, Field(ge=0, le=3_600)] = 30
    remember_days: Annotated[int, Field(ge=1, le=365)] = 30


class RingModel(Section):
    """One entry of `widen`."""

    after_s: Annotated[int, Field(ge=1, le=86_400)]
    needs: Needs = Field(default_factory=dict)
    lower: Annotated[int, Field(ge=0, le=100)] = 0
    drop: Names = Field(default_factory=list)
    teams: Names = Field(default_factory=list)
    queues: Names = Field(default_factory=list)
