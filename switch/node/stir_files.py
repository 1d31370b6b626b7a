"""Keys and certificates of STIR: from files or the environment, never from YAML, and never into a log."""

import os
import uuid
from pathlib import Path

from cryptography.x509 import Certificate

from switch.base.errors import ConfigurationError, Problem
from switch.dialplan.plan import Centre, StirPlan, TrunkSettings
from switch.trunk.stir.certificates import Anchors
from switch.trunk.stir.settings import Signer, StirSettings, VerifyPolicy, read_key


def read_stir(centre: Centre, folder: Path) -> dict[str, StirSettings]:
    """By trunk; paths begin at `folder`. Raises ConfigurationError with every file that is missing or is not
    what it should be."""
    problems: list[Problem] = []
    found: dict[str, StirSettings] = {}
    for trunk in centre.trunks:
        if trunk.stir is not None:
            signer = _signer(trunk, trunk.stir, folder, problems) if trunk.stir.certificate_url else None
            found[trunk.name] = StirSettings(
                verify=VerifyPolicy(trunk.stir.verify),
                signer=signer,
                anchors=_anchors(trunk, trunk.stir, folder, problems),
                hosts=frozenset(trunk.stir.hosts),
                insecure=trunk.stir.insecure,
            )
    if problems:
        raise ConfigurationError(tuple(problems))
    return found


def _signer(trunk: TrunkSettings, plan: StirPlan, folder: Path, problems: list[Problem]) -> Signer | None:
    if plan.key_env:
        text = os.environ.get(plan.key_env)
        pem = None if text is None else text.encode()
        if pem is None:
            problems.append(_problem(trunk, f"the environment has no {plan.key_env}"))
    else:
        pem = _file(trunk, folder / plan.key_file, problems)
    if pem is None:
        return None
    try:
        key = read_key(pem)
    except ValueError as error:
        problems.append(_problem(trunk, f"the key of stir in {plan.key_env or plan.key_file}: {error}"))
        return None
    origid = plan.origid or str(uuid.uuid5(uuid.NAMESPACE_URL, f"{plan.certificate_url}#{trunk.name}"))
    return Signer(plan.certificate_url, origid, key)


def _anchors(trunk: TrunkSettings, plan: StirPlan, folder: Path, problems: list[Problem]) -> Anchors:
    certificates: list[Certificate] = []
    for name in plan.trust:
        pem = _file(trunk, folder / name, problems)
        if pem is None:
            continue
        try:
            certificates += Anchors.from_pem(pem).certificates
        except ValueError:
            problems.append(_problem(trunk, f"{name} has no PEM certificates"))
    return Anchors(tuple(certificates))


def _file(trunk: TrunkSettings, name: Path, problems: list[Problem]) -> bytes | None:
    try:
        return name.read_bytes()
    except OSError as error:
        problems.append(_problem(trunk, f"cannot read {name}: {error.strerror}"))
        return None


def _problem(trunk: TrunkSettings, message: str) -> Problem:
    return Problem(trunk.place.file, trunk.place.line, trunk.place.column, f"trunk '{trunk.name}': {message}")
