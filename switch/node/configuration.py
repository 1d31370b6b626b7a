"""Reads what the administrator wrote, and makes ready what it needs to be heard."""

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from switch.dialplan.centre import load_centre
from switch.dialplan.plan import Centre
from switch.engine.engine import Engine
from switch.node.dialplan_files import folder_of, read_dialplans
from switch.node.prompts import render
from switch.node.stir_files import read_stir
from switch.node.translate import trunk_settings
from switch.node.trunk_secrets import read_trunk_secrets
from switch.trunk.settings import TrunkSettings


@dataclass(frozen=True, slots=True)
class Configuration:
    """What was read from the administrator's files; `digest` tells two of them apart."""

    centre: Centre
    trunks: tuple[TrunkSettings, ...]
    digest: str


def read_configuration(path: Path) -> Configuration:
    """Read and check everything. Raises ConfigurationError; nothing has been changed then."""
    files = read_dialplans(path)
    centre = load_centre(files)
    digest = sha256("\0".join(f"{name}\0{text}" for name, text in sorted(files.items())).encode())
    folder = folder_of(path)
    secrets = read_trunk_secrets(centre, folder)
    signing = read_stir(centre, folder)
    trunks = tuple(
        trunk_settings(plan, secrets.get(plan.name, ""), signing.get(plan.name)) for plan in centre.trunks
    )
    return Configuration(centre, trunks, digest.hexdigest()[:16])


def add_clips(engine: Engine, centre: Centre, cache: Path) -> None:
    """Render what is not rendered yet and give it to the engine."""
    requests = [request for plan in centre.tenants.values() for request in plan.clips()]
    for name, sound in render(requests, cache).items():
        engine.add_clip(name, sound.narrow, sound.wide)


@cache
def package_version() -> str:
    """Of the installed distribution; read from its files once, and not at each scrape."""
    try:
        return version("softswitch")
    except PackageNotFoundError:
        return "uninstalled"
