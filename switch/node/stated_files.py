"""Files that a dialplan names and this machine does not have, or cannot use: for whoever checks it here."""

from collections.abc import Iterator
from pathlib import Path

from switch.base.errors import ConfigurationError, Problem, ResourceError
from switch.dialplan.plan import Centre
from switch.dialplan.problems import Place
from switch.net.tls import Certificate, ServerContexts, ServerTls, load_authorities
from switch.node.stir_files import read_stir
from switch.node.trunk_secrets import read_trunk_secrets


def unusable_files(centre: Centre, folder: Path) -> tuple[Problem, ...]:
    """What `run` would refuse to start with here. It may be right elsewhere: keys and passwords are mostly on
    the one machine that needs them."""
    return (*_certificates(centre, folder), *_authorities(centre, folder), *_of_trunks(centre, folder))


def _certificates(centre: Centre, folder: Path) -> Iterator[Problem]:
    for name, plan in centre.listening.certificates.items():
        try:
            ServerContexts(ServerTls((Certificate(folder / plan.chain, folder / plan.key, plan.names),)))
        except ResourceError as error:
            yield _problem(plan.place, f"certificate '{name}': {error}")


def _authorities(centre: Centre, folder: Path) -> Iterator[Problem]:
    for plan in centre.listening.listen:
        if plan.clients_ca:
            try:
                load_authorities(folder / plan.clients_ca)
            except ResourceError as error:
                yield _problem(plan.place, f"clients_ca: {error}")
    tls = centre.listening.tls
    if tls.ca:
        try:
            load_authorities(folder / tls.ca)
        except ResourceError as error:
            yield _problem(tls.place, f"ca: {error}")


def _of_trunks(centre: Centre, folder: Path) -> Iterator[Problem]:
    for read in (read_trunk_secrets, read_stir):
        try:
            read(centre, folder)
        except ConfigurationError as error:
            yield from error.problems


def _problem(place: Place, message: str) -> Problem:
    return Problem(place.file, place.line, place.column, message)
