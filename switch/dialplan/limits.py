"""Reads `limits:` of a tenant and of its accounts."""

import re
from typing import Any

from switch.dialplan import schema
from switch.dialplan.plan import LimitsPlan, plain_number
from switch.dialplan.problems import Problems
from switch.dialplan.source import Path, Source

_PREFIX = re.compile(r"\+[0-9]{0,15}")
_MILLIONTHS = 1_000_000


def read_limits(
    raw: Any, path: Path, source: Source, problems: Problems, *, tenant: bool
) -> LimitsPlan | None:
    """The limits at `path`; None where none are stated, or where they have problems, which are noted."""
    if raw is None:
        return None
    kind: type[schema.AccountLimitsModel] = schema.LimitsModel if tenant else schema.AccountLimitsModel
    model = schema.read(kind, source, path, raw, problems)
    if model is None:
        return None
    rates = model.rates if isinstance(model, schema.LimitsModel) else {}
    for word, prefixes in (
        ("prefixes", model.prefixes),
        ("deny_prefixes", model.deny_prefixes),
        ("rates", rates),
    ):
        for index, prefix in enumerate(prefixes):
            if _PREFIX.fullmatch(plain_number(prefix)) is None:
                at = (
                    source.key_place((*path, word, prefix))
                    if word == "rates"
                    else source.place((*path, word, index))
                )
                problems.add(at, f"a prefix of outside numbers such as +33 was expected, found '{prefix}'")
    end = isinstance(model, schema.LimitsModel) and model.over_cost == "end"
    if end and not rates:
        problems.warn(
            source.place(path), "over_cost: end ends no call of a gateway without cost: 'rates' is not stated"
        )
    return LimitsPlan(
        calls=model.calls,
        calls_per_minute=model.calls_per_minute,
        countries=frozenset(model.countries),
        deny_countries=frozenset(model.deny_countries),
        prefixes=tuple(plain_number(prefix) for prefix in model.prefixes),
        deny_prefixes=tuple(plain_number(prefix) for prefix in model.deny_prefixes),
        cost_per_hour=round(model.cost_per_hour * _MILLIONTHS),
        rates=tuple((plain_number(prefix), round(cost * _MILLIONTHS)) for prefix, cost in rates.items()),
        end_over_cost=end,
    )
