"""The words of a day to simulate: one model a section. Meaning and references are checked by the reader.

Queues, agents and what callers ask have the words of the dialplans, read by the same models.
"""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from switch.dialplan import schema
from switch.wfm.draws import CALLS_MAX
from switch.wfm.scenario import Shape

GROUP_MAX = 20_000
"""Agents of one group."""

DAY_S = 86_400


def _mapping(value: Any) -> Any:
    return value or {}


_Days = Annotated[float, Field(gt=0, le=DAY_S)]
_Share = Annotated[float, Field(ge=0, lt=1)]
_Percent = Annotated[float, Field(gt=0, lt=100)]
_Calls = Annotated[float, Field(ge=0, le=CALLS_MAX)]
_OwnCalls = Annotated[float, Field(ge=0, le=60)]
_Sections = Annotated[dict[str, schema.Raw], BeforeValidator(_mapping)]


class QueueModel(schema.QueueRulesModel):
    """What is not stated is as in the dialplans, or the default there."""

    target: _Percent | None = None


class LinesModel(schema.Section):
    """Lines of agents that lose sound."""

    loss: Annotated[float, Field(gt=0, le=100)]
    share: Annotated[float, Field(gt=0, le=1)] = 1


class GroupModel(schema.AgentWordsModel):
    agents: Annotated[int, Field(ge=1, le=GROUP_MAX)] = 1
    shifts: schema.Names = Field(default_factory=list)
    answer_s: Annotated[float, Field(ge=0, le=300)] = 3
    missed: _Share = 0
    own_calls_per_hour: _OwnCalls | None = None
    own_call_s: _Days | None = None
    bad_lines: schema.Raw = None


class PressModel(schema.Section):
    """Callers who wait press a key."""

    share: Annotated[float, Field(gt=0, le=1)]
    after_s: _Days = 60


class AcceptModel(schema.Section):
    """Callers who are offered to be called back."""

    accept: Annotated[float, Field(gt=0, le=1)]
    reached: Annotated[float, Field(ge=0, le=1)] = 0.8
    answer_s: Annotated[float, Field(ge=0, le=120)] = 10


class CallsModel(schema.WishModel):
    queue: str = ""
    flow: str = ""
    language: str = ""
    channel: str = "voice"
    per_hour: Annotated[dict[str, _Calls], BeforeValidator(_mapping)] = Field(default_factory=dict)
    trace: str = ""
    handling_s: _Days = 180
    handling: Shape = Shape.LOGNORMAL
    handling_variation: Annotated[float, Field(gt=0, le=10)] = 1.0
    patience_s: Annotated[float, Field(ge=0, le=DAY_S)] = 0
    retrial: _Share = 0
    retrial_s: _Days = 300
    max_estimate_s: schema.Seconds | None = None
    presses: _Sections = Field(default_factory=dict)
    called_back: schema.Raw = None
    repeat: _Share = 0


class DayModel(schema.Section):
    dialplans: str = ""
    tenant: str = ""
    date: str = ""
    day: str = "08:00-18:00"
    hours: Annotated[
        dict[str, Annotated[dict[str, str], BeforeValidator(_mapping)]], BeforeValidator(_mapping)
    ] = Field(default_factory=dict)
    holidays: Annotated[dict[str, str], BeforeValidator(_mapping)] = Field(default_factory=dict)
    interval_minutes: Annotated[int, Field(ge=1, le=1_440)] = 30
    replications: Annotated[int, Field(ge=1, le=10_000)] = 10
    seed: Annotated[int, Field(ge=0)] = 1
    day_variation: Annotated[float, Field(ge=0, le=2)] = 0
    routing: schema.Raw = None
    queues: _Sections = Field(default_factory=dict)
    groups: _Sections = Field(default_factory=dict)
    shifts: Annotated[dict[str, schema.Names], BeforeValidator(_mapping)] = Field(default_factory=dict)
    bad_lines: _Sections = Field(default_factory=dict)
    own_calls_per_hour: _OwnCalls = 0
    own_call_s: _Days = 120
    calls: Annotated[dict[str, schema.Raw], Field(min_length=1)]
