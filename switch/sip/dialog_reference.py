"""Headers that name a dialog of whoever receives them: Replaces (RFC 3891), Target-Dialog (RFC 4538)."""

from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote

from switch.sip.dialog import DialogKey
from switch.sip.grammar import MessageError, Params, find_param, parse_params
from switch.sip.uri import Uri

LENGTH_MAX = 1024
"""Characters of one such value: a Call-ID and two tags take a tenth of it."""


@dataclass(frozen=True, slots=True)
class DialogReference:
    """`key` is the dialog as whoever receives the header knows it: Call-ID, own tag, the other's tag.

    `early_only`: the dialog is meant only while it is not answered (Replaces alone).
    """

    key: DialogKey
    early_only: bool = False

    @classmethod
    def parse_replaces(cls, value: str) -> Self:
        """`call-id;to-tag=ours;from-tag=theirs[;early-only]` (RFC 3891 section 6.1). Raises MessageError."""
        call_id, params = _parts(value, "Replaces")
        early_only = find_param(params, "early-only") is not None
        return cls(_key(call_id, params, "to-tag", "from-tag", "Replaces"), early_only)

    @classmethod
    def parse_target_dialog(cls, value: str) -> Self:
        """`call-id;local-tag=theirs;remote-tag=ours` (RFC 4538 section 7): local is the sender's. Raises
        MessageError."""
        call_id, params = _parts(value, "Target-Dialog")
        return cls(_key(call_id, params, "remote-tag", "local-tag", "Target-Dialog"))


def replaces_of(uri: Uri) -> DialogReference | None:
    """The Replaces that a Refer-To carries among its headers; None without one. Raises MessageError."""
    values = [value for name, value in uri.headers if name.lower() == "replaces"]
    if not values:
        return None
    if len(values) > 1:
        raise MessageError("more than one Replaces")
    return DialogReference.parse_replaces(unquote(values[0]))


def _parts(value: str, name: str) -> tuple[str, Params]:
    call_id, semicolon, rest = value.partition(";")
    if len(value) > LENGTH_MAX or not call_id.strip():
        raise MessageError(f"malformed {name}")
    return call_id.strip(), parse_params(semicolon + rest)


def _key(call_id: str, params: Params, ours: str, theirs: str, name: str) -> DialogKey:
    our_tag, their_tag = find_param(params, ours), find_param(params, theirs)
    if not our_tag or not their_tag:
        raise MessageError(f"{name} without its tags")
    return (call_id, our_tag, their_tag)
