"""Quick constructors for values: what `@dataclass` writes costs a tenth of a microsecond a field.

A frozen dataclass stores each field by `object.__setattr__`, and a call of the switch makes a hundred and
fifty of them. `@quick` above such a class lets C fill its slots (module.c); where the extension was not built
the class stays as it is. Nothing else about it changes: an argument that does not fit raises what it always
raised, because then its own `__init__` runs.
"""

import dataclasses
import importlib
from collections.abc import Callable
from typing import Any, TypeVar, cast

C = TypeVar("C", bound=type[Any])

Field = tuple[str, object, bool]
"""Name, default (`...` for none), and whether the default is called for each object."""

Learn = Callable[[type[Any], tuple[Field, ...], int], None]


def learner(*, prefer_c: bool = True) -> Learn | None:
    """What teaches C a class; None where there is no C."""
    if not prefer_c:
        return None
    try:
        module = importlib.import_module("switch.base._base")
    except ModuleNotFoundError:
        return None
    return cast(Learn, module.learn)


_learn = learner()


def quick(cls: C) -> C:
    """Above `@dataclass(slots=True)`, of a class that has neither `__post_init__` nor a base."""
    if _learn is not None:
        _learn(cls, *fields_of(cls))
    return cls


def fields_of(cls: type[Any]) -> tuple[tuple[Field, ...], int]:
    """What a constructor has to know of a dataclass: the fields that are arguments, in their order, then
    those that are not; and how many are."""
    assert not hasattr(cls, "__post_init__"), "a quick value is what its arguments are"
    assert cls.__bases__ == (object,), "the slots of a base are not looked for"
    arguments: list[Field] = []
    others: list[Field] = []
    for field in dataclasses.fields(cls):
        assert not field.kw_only, "arguments are given by place or by name"
        made = field.default_factory is not dataclasses.MISSING
        preset: object = field.default_factory if made else field.default
        known: Field = (field.name, ... if preset is dataclasses.MISSING else preset, made)
        (arguments if field.init else others).append(known)
    return (*arguments, *others), len(arguments)
