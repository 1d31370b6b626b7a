"""The words of a day to simulate: one model a section. Meaning and references are checked by the reader."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from switch.dialplan import schema
from switch.wfm.draws import CALLS_MAX
from switch.wfm.scenario import Shape

GROUP_MAX = 20_000
"""Agents of one group."""

DAY_S = 86_400

_Days = Annotated[float, Field(gt=0, le=DAY_S)]
_Share = Annotated[float, Field(ge=0, lt=1)]
_Percent = Annotated[float, Field(gt=0, lt=100)]
_Calls = Annotated[float, Field(ge=0, le=CALLS_MAX)]


class QueueModel(schema.Section):
    """What the router knows of a queue; what is not stated is as in the dialplans, or the default there."""

    policy: schema.Policy | None = None
    priority: schema.Priority | None = None
    ring_s: Annotated[int, Field(ge=3, le=300)] | None = None
    wrap_up_s: schema.Seconds | None = None
    misses_before_pause: Annotated[int, Field(ge=0, le=100)] | None = None
    contacts_max: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    refuse_without_agents: bool | None = None
    service_level_s: Annotated[int, Field(ge=1, le=86_400)] | None = None
    retry_same_agent_s: schema.Seconds | None = None
    max_wait_s: schema.Seconds | None = None
    target: _Percent | None = None


class GroupModel(schema.Section):
    agents: Annotated[int, Field(ge=1, le=GROUP_MAX)] = 1
    skills: schema.Skills = Field(default_factory=dict)
    queues: schema.Names = Field(default_factory=list)
    shifts: schema.Names = Field(default_factory=list)
    answer_s: Annotated[float, Field(ge=0, le=300)] = 3
    missed: _Share = 0


class WidenModel(schema.Section):
    after_s: Annotated[int, Field(ge=1, le=86_400)]
    needs: schema.Needs


class CallsModel(schema.Section):
    queue: str
    needs: schema.Needs = Field(default_factory=dict)
    widen: list[WidenModel] = Field(default_factory=list)
    priority: schema.Priority = 0
    per_hour: Annotated[dict[str, _Calls], BeforeValidator(lambda value: value or {})] = Field(
        default_factory=dict
    )
    trace: str = ""
    handling_s: _Days = 180
    handling: Shape = Shape.LOGNORMAL
    handling_variation: Annotated[float, Field(gt=0, le=10)] = 1.0
    patience_s: Annotated[float, Field(ge=0, le=DAY_S)] = 0
    retrial: _Share = 0
    retrial_s: _Days = 300


class DayModel(schema.Section):
    dialplans: str = ""
    tenant: str = ""
    day: str = "08:00-18:00"
    interval_minutes: Annotated[int, Field(ge=1, le=1_440)] = 30
    replications: Annotated[int, Field(ge=1, le=10_000)] = 10
    seed: Annotated[int, Field(ge=0)] = 1
    day_variation: Annotated[float, Field(ge=0, le=2)] = 0
    queues: Annotated[dict[str, schema.Raw], BeforeValidator(lambda value: value or {})] = Field(
        default_factory=dict
    )
    groups: Annotated[dict[str, schema.Raw], BeforeValidator(lambda value: value or {})] = Field(
        default_factory=dict
    )
    shifts: Annotated[dict[str, schema.Names], BeforeValidator(lambda value: value or {})] = Field(
        default_factory=dict
    )
    calls: Annotated[dict[str, schema.Raw], Field(min_length=1)]
