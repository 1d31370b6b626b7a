"""Reads a centre: the files of a folder, one tenant each, and `centre.yaml` for what they share."""

import re
from collections.abc import Mapping
from ipaddress import ip_network

from switch.base.errors import ConfigurationError, Problem
from switch.dialplan import callers, carriers, schema
from switch.dialplan.listen_plan import ListeningPlan
from switch.dialplan.listening import SECTIONS, read_listening
from switch.dialplan.plan import (
    Centre,
    LimitsPlan,
    NumberForm,
    SessionTimer,
    TenantPlan,
    TrunkSettings,
)
from switch.dialplan.problems import Place, Problems
from switch.dialplan.source import Path, Source, parse
from switch.dialplan.tenant import TenantReader

SHARED = "centre"
_TENANT = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")


def load_centre(files: Mapping[str, str]) -> Centre:
    """A centre from file names and their text. Names end in .yaml or .yml; stories and days are left out.

    Raises ConfigurationError with every problem of every file, each with its place.
    """
    problems = Problems()
    sources = [
        (_key(name), parse(name, files[name], problems)) for name in sorted(files) if is_dialplan(name)
    ]
    if not sources:
        problems.add(Place("", 0, 0), "no dialplan: expected at least one file TENANT.yaml")
    trunks, shared = _shared(sources, problems)
    # A centre of one file says in it what tenants would share.
    alone = len(sources) == 1
    listening = ListeningPlan()
    for key, source in sources:
        if alone or key == SHARED:
            listening = read_listening(source, problems)
    of_tenant = ("trunks", *SECTIONS) if alone else ("trunks",)
    tenants: dict[str, TenantPlan] = {}
    stated = _stated_trunks(sources)
    for key, source in sources:
        if key == SHARED:
            continue
        place = source.place(())
        if _TENANT.fullmatch(key) is None:
            problems.add(
                place, f"the file name is the tenant's name: small letters, digits, - and _; found '{key}'"
            )
        if key in tenants:
            problems.add(place, f"tenant '{key}' has two files; the other is {tenants[key].place.file}")
        own = Problems()
        data = _without(source, (*of_tenant, *_misplaced(source, of_tenant, own)))
        model = schema.read(schema.TenantModel, source, (), data, own, of_tenant if alone else ())
        if model is not None:
            tenants[key] = TenantReader(key, source, model, stated, own).plan()
        problems.problems.extend(own.problems)
        problems.warnings.extend(own.warnings)
    if not tenants and not problems.problems:
        problems.add(Place(SHARED + ".yaml", 1, 1), "no tenant: expected a file TENANT.yaml beside this one")
    _check_owners(tenants, dict(sources), problems)
    _check_costs(tenants, trunks, dict(sources), problems)
    if problems.problems:
        raise ConfigurationError(tuple(sorted(problems.problems, key=_position)))
    return Centre(
        trunks,
        tenants,
        tuple(sorted(problems.warnings, key=_position)),
        digest=tuple(algorithm.upper() for algorithm in shared.digest),
        digest_qop=tuple(shared.digest_qop),
        session_timer=SessionTimer(shared.session_timer.expires_s, shared.session_timer.min_s),
        reliable_183=shared.reliable_183,
        codecs=tuple(shared.codecs),
        listening=listening,
    )


def _position(problem: Problem) -> tuple[str, int, int]:
    return problem.file, problem.line, problem.column


def is_dialplan(name: str) -> bool:
    """Whether a file of the folder is part of the centre; stories and simulated days stand beside."""
    return name.endswith((".yaml", ".yml")) and not (
        is_scenario(name) or name.endswith((".day.yaml", ".day.yml"))
    )


def is_scenario(name: str) -> bool:
    """Whether a file of the folder tells stories of the centre's calls."""
    return name.endswith((".scenario.yaml", ".scenario.yml"))


def _key(name: str) -> str:
    return name.rpartition("/")[2].rpartition(".")[0]


def _without(source: Source, words: tuple[str, ...]) -> object:
    if not isinstance(source.data, dict):
        return source.data
    return {key: value for key, value in source.data.items() if key not in words}


def _misplaced(source: Source, of_tenant: tuple[str, ...], problems: Problems) -> tuple[str, ...]:
    """Words of the shared file in a tenant's."""
    words = (*schema.CentreModel.model_fields, *SECTIONS)
    data = source.data if isinstance(source.data, dict) else {}
    found = tuple(word for word in words if word in data and word not in of_tenant)
    for word in found:
        problems.add(source.key_place((word,)), f"'{word}' is for all tenants: it stands in {SHARED}.yaml")
    return found


def _stated_trunks(sources: list[tuple[str, Source]]) -> tuple[str, ...]:
    """All trunks that are written down, those with mistakes as well: whoever mentions one of them has made no
    mistake."""
    stated: dict[str, None] = {}
    for _, source in sources:
        trunks = source.data.get("trunks") if isinstance(source.data, dict) else None
        stated.update(dict.fromkeys(trunks if isinstance(trunks, dict) else ()))
    return tuple(stated)


def _shared(
    sources: list[tuple[str, Source]], problems: Problems
) -> tuple[tuple[TrunkSettings, ...], schema.CentreModel]:
    """Trunks of `centre.yaml`, and of a tenant's file where the centre is a single one; what else it says."""
    found: dict[str, TrunkSettings] = {}
    shared = schema.CentreModel()
    for key, source in sources:
        data = _without(source, SECTIONS)
        if key != SHARED:
            data = {"trunks": data.get("trunks")} if isinstance(data, dict) else {}
        model = schema.read(schema.CentreModel, source, (), data, problems, SECTIONS)
        if model is not None and key == SHARED:
            shared = model
            if model.session_timer.min_s > model.session_timer.expires_s:
                place = source.place(("session_timer", "min_s"))
                problems.add(place, f"at most expires_s ({model.session_timer.expires_s}) was expected")
        for name, raw in model.trunks.items() if model is not None else ():
            path: Path = ("trunks", name)
            place = source.key_place(path)
            if _NAME.fullmatch(name) is None:
                problems.add(place, f"trunk '{name}': a letter, then letters, digits, - and _ were expected")
            if name in found:
                problems.add(
                    place,
                    f"trunk '{name}' stands also in {found[name].place.file}, line {found[name].place.line}",
                )
            trunk = _trunk(name, raw, source, path, problems)
            if trunk is not None:
                found[name] = trunk
    _check_identities(tuple(found.values()), problems)
    return tuple(found.values()), shared


def _trunk(name: str, raw: object, source: Source, path: Path, problems: Problems) -> TrunkSettings | None:
    model = schema.read(schema.TrunkModel, source, path, raw, problems)
    if model is None:
        return None
    place = source.key_place(path)
    registers = carriers.registration(model, source, path, problems)
    if not model.identify and registers is None:
        problems.warn(place, f"no call can come in by trunk '{name}': 'identify' is not stated")
    secrets = [word for word in ("password_env", "password_file") if getattr(model, word)]
    if len(secrets) > 1:
        problems.add(
            source.key_place((*path, secrets[1])), "either password_env or password_file was expected"
        )
    if bool(secrets) != bool(model.username):
        problems.add(
            place, "username goes with password_env (a variable's name) or password_file, and both together"
        )
    return TrunkSettings(
        name=name,
        gateways=carriers.gateways(model, source, path, problems),
        identify=carriers.identities(model, source, path, problems),
        numbers=NumberForm(model.numbers),
        country=model.country,
        channels_max=model.channels_max,
        username=model.username,
        password_env=model.password_env,
        password_file=model.password_file,
        place=place,
        domain=model.domain.lower(),
        cheapest=model.order == "cheapest",
        failover_on=carriers.failover(model, source, path, problems),
        register=registers,
        health=carriers.health(model, source, path, problems),
        calls_per_second_max=model.calls_per_second_max,
        prefix=model.prefix,
        strip=callers.strip(model, source, path, problems),
        user_phone=model.user_phone,
        caller_identity=callers.identity(model, source, path, problems),
        stir=callers.stir(model, source, path, problems),
        encrypted_media=model.encrypted_media,
        codecs=tuple(model.codecs),
        dtmf=model.dtmf,
        progress_tones=model.progress_tones,
    )


def _check_identities(trunks: tuple[TrunkSettings, ...], problems: Problems) -> None:
    """An address that belongs to two carriers would give a call to either."""
    for index, trunk in enumerate(trunks):
        for other in trunks[:index]:
            for mine in trunk.identify:
                for theirs in other.identify:
                    if mine.certificate or theirs.certificate:
                        if mine.certificate == theirs.certificate:
                            word = f"trunks '{trunk.name}' and '{other.name}' are both identified by the "
                            problems.add(trunk.place, f"{word}certificate {mine.certificate}")
                        continue
                    left, right = ip_network(mine.network), ip_network(theirs.network)
                    same_port = mine.port == theirs.port or 0 in (mine.port, theirs.port)
                    if left.version == right.version and left.overlaps(right) and same_port:
                        word = (
                            f"trunks '{trunk.name}' and '{other.name}' are both identified by {mine.network}"
                        )
                        problems.add(trunk.place, word)


def _check_owners(
    tenants: Mapping[str, TenantPlan], sources: Mapping[str, Source], problems: Problems
) -> None:
    """An outside number belongs to one tenant, a domain too; short numbers are each tenant's own."""
    owners: dict[str, str] = {}
    domains: dict[str, str] = {}
    for key, plan in tenants.items():
        for number in plan.numbers:
            if not number.startswith("+"):
                continue
            if number in owners:
                written = next((text for text in sources[key].data["numbers"] if _same(text, number)), number)
                place = sources[key].key_place(("numbers", written))
                problems.add(place, f"{number} belongs to tenant '{owners[number]}' already")
            owners.setdefault(number, key)
        if plan.domain.lower() in domains:
            place = sources[key].place(("domain",))
            problems.add(
                place, f"domain {plan.domain} belongs to tenant '{domains[plan.domain.lower()]}' already"
            )
        domains.setdefault(plan.domain.lower(), key)


def _check_costs(
    tenants: Mapping[str, TenantPlan],
    trunks: tuple[TrunkSettings, ...],
    sources: Mapping[str, Source],
    problems: Problems,
) -> None:
    """A limit of cost that no call can reach is no limit."""
    if any(gateway.cost_micros for trunk in trunks for gateway in trunk.gateways):
        return
    for key, plan in tenants.items():
        if plan.limits is not None and plan.limits.rates:
            continue
        limits: dict[Path, LimitsPlan | None] = {("limits",): plan.limits}
        limits.update({("accounts", name, "limits"): entry.limits for name, entry in plan.accounts.items()})
        for path, limit in limits.items():
            if limit is not None and limit.cost_per_hour:
                problems.warn(
                    sources[key].place((*path, "cost_per_hour")),
                    "no call has a cost, so this stops none: state 'rates' in the tenant's limits, or "
                    "cost_per_minute of gateways",
                )


def _same(written: str, number: str) -> bool:
    return written.translate(str.maketrans("", "", " -.()/")) == number
