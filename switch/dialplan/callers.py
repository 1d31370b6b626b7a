"""The parts of a trunk that say who calls, and in which form its numbers are."""

import re

from switch.dialplan import schema
from switch.dialplan.plan import CallerIdentityPlan, StirPlan
from switch.dialplan.problems import Problems
from switch.dialplan.source import Path, Source

_DIGITS = re.compile(r"\+?[0-9*#]{1,16}")


def strip(model: schema.TrunkModel, source: Source, path: Path, problems: Problems) -> tuple[str, ...]:
    """`strip: ["99"]`."""
    for index, prefix in enumerate(model.strip):
        if _DIGITS.fullmatch(prefix) is None:
            place = source.place((*path, "strip", index))
            problems.add(
                place, f"digits that the carrier puts before numbers were expected, found '{prefix}'"
            )
    return tuple(model.strip)


def identity(model: schema.TrunkModel, source: Source, path: Path, problems: Problems) -> CallerIdentityPlan:
    """`caller_identity: {accept: [pai, from], send: pai}`."""
    at = (*path, "caller_identity")
    entry = schema.read(schema.CallerIdentityModel, source, at, model.caller_identity, problems)
    if entry is None:
        return CallerIdentityPlan()
    return CallerIdentityPlan(
        accept=tuple(entry.accept),
        send=tuple(dict.fromkeys(entry.send)),
        trusted=entry.trusted,
        present_caller=entry.forwarded == "caller",
        tell_forwarding=tuple(dict.fromkeys(entry.tell_forwarding)),
    )


def stir(model: schema.TrunkModel, source: Source, path: Path, problems: Problems) -> StirPlan | None:
    """`stir: {verify: mark, trust: [ca.pem], sign: {certificate_url: ..., key_file: ...}}`."""
    if model.stir is None:
        return None
    at = (*path, "stir")
    entry = schema.read(schema.StirModel, source, at, model.stir, problems)
    if entry is None:
        return None
    if entry.verify != "off" and not entry.trust:
        problems.add(
            source.key_place((*at, "verify")), "'trust' is missing: files with the certificates to believe"
        )
    signing = None
    if entry.sign is not None:
        signing = schema.read(schema.SignModel, source, (*at, "sign"), entry.sign, problems)
        if signing is not None and bool(signing.key_file) == bool(signing.key_env):
            problems.add(source.key_place((*at, "sign")), "either key_file or key_env was expected")
    return StirPlan(
        verify=entry.verify,
        trust=tuple(entry.trust),
        hosts=tuple(host.lower() for host in entry.hosts),
        insecure=entry.insecure_http,
        certificate_url="" if signing is None else signing.certificate_url,
        key_file="" if signing is None else signing.key_file,
        key_env="" if signing is None else signing.key_env,
        origid="" if signing is None else signing.origid,
    )
