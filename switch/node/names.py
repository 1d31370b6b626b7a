"""Finds what a person means by a name: `tenant/name`, a bare name, or what stands for it (a SIP user)."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from switch.api.views import Outcome, Result


@dataclass(frozen=True, slots=True)
class Found:
    tenant: str
    name: str

    @property
    def key(self) -> tuple[str, str]:
        return (self.tenant, self.name)


def find(text: str, names: Mapping[tuple[str, str], str], kind: str) -> Found | Outcome:
    """`names` maps (tenant, name) to another word for it; the outcome says what was expected instead."""
    matches = [
        Found(tenant, name)
        for (tenant, name), other in names.items()
        if text in (f"{tenant}/{name}", name, other)
    ]
    if len(matches) == 1:
        return matches[0]
    if matches:
        choices = ", ".join(f"{found.tenant}/{found.name}" for found in matches)
        return Outcome(Result.AMBIGUOUS, f"{kind} '{text}' is in several tenants; say one of {choices}")
    full = [f"{tenant}/{name}" for tenant, name in names]
    near = get_close_matches(text, full + [name for _, name in names], n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return Outcome(Result.NOT_FOUND, f"there is no {kind} '{text}'{hint}")
