"""The shape of `callback:`: a queue's offer to be called back, and the step that makes it."""

from typing import Annotated

from pydantic import Field

from switch.dialplan.schema import Countries, Needs, Priority, Raw, Seconds, Section


class CallbackModel(Section):
    """`callback` of a queue."""

    key: Annotated[str, Field(pattern="^[0-9*#]$")] = "1"
    offer_after_s: Seconds = 30
    offer_every_s: Seconds = 120
    offer: Raw = None
    hours: str = ""
    tries: Annotated[int, Field(ge=1, le=10)] = 3
    retry_minutes: Annotated[int, Field(ge=1, le=720)] = 15
    expires_minutes: Annotated[int, Field(ge=1, le=1_440)] = 480
    ring_s: Annotated[int, Field(ge=10, le=120)] = 30
    other_number: bool = True
    countries: Countries = Field(default_factory=list)
    promised: Raw = None
    machine: str = ""
    detect: Raw = None


class CallbackStepModel(Section):
    """The step `callback`: the same offer to somebody who is not in the queue, or had to leave it."""

    queue: str
    needs: Needs = Field(default_factory=dict)
    priority: Priority = 0
    promised: Raw = None
    declined: Raw = None
