"""The words for recordings and messages."""

from typing import Annotated, Any, Literal

from pydantic import Field

from switch.dialplan.schema import Section


class PlayModel(Section):
    """The long form of `play`: percent of the speed, at the same pitch, and decibels louder or softer."""

    prompt: Any
    speed: Annotated[int, Field(ge=50, le=200)] = 100
    volume_db: Annotated[int, Field(ge=-20, le=20)] = 0


class ListenModel(Section):
    """How it is told whether a person answered: how long at most, and what is believed."""

    wait_s: Annotated[int, Field(ge=2, le=30)] = 5
    confidence: Annotated[int, Field(ge=0, le=100)] = 50


class DetectModel(ListenModel):
    """The step: for the party that the flow serves."""

    beep_s: Annotated[int, Field(ge=0, le=120)] = 30
    human: Any = None
    machine: Any = None
    unknown: Any = None
    busy: Any = None
    unobtainable: Any = None
    ringback: Any = None


class TakeMessageModel(Section):
    """A message that the caller leaves."""

    mailbox: Annotated[str, Field(pattern="^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$")]
    greeting: Any = None
    max_s: Annotated[int, Field(ge=3, le=3600)] = 180
    silence_s: Annotated[float, Field(ge=0, le=60)] = 5
    full: Any = None


class RecordingModel(Section):
    """How this tenant's calls are recorded; whether, is said where they are talked."""

    format: Literal["wav", "opus"] = "wav"
    consent: Any = None
    max_minutes: Annotated[int, Field(ge=1, le=720)] = 240
    keep_days: Annotated[int, Field(ge=0, le=36_500)] = 0
    keep_megabytes: Annotated[int, Field(ge=0, le=1_000_000_000)] = 0
