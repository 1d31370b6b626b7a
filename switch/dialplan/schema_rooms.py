"""The words for supervision, conferences and mailboxes."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from switch.dialplan.schema import Names, Section


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


class SupervisionModel(Section):
    """Who may listen to the talks of others."""

    accounts: Annotated[Names, Field(min_length=1, max_length=1_000)]
    modes: Annotated[
        tuple[Literal["listen", "whisper", "join"], ...], BeforeValidator(_listed), Field(min_length=1)
    ] = ("listen", "whisper", "join")
    tone: bool = False
