"""The words for recordings: a section, and the step `record`."""

from typing import Annotated, Any, Literal

from pydantic import Field

from switch.dialplan.schema import Section


class RecordingModel(Section):
    """How this tenant's calls are recorded; whether, is said where they are talked."""

    format: Literal["wav", "opus"] = "wav"
    consent: Any = None
    max_minutes: Annotated[int, Field(ge=1, le=720)] = 240
