"""Quick constructors against what `@dataclass` writes: one class over both halves, and a differential run."""

import copy
import dataclasses
import importlib
import pickle
import random
import sys
from dataclasses import dataclass, field
from typing import Any

import pytest

from switch.base.values import fields_of, learner, quick

CALLS = 30
"""Of the differential run, for each class."""


@dataclass(frozen=True, slots=True)
class Plain:
    """As it is written everywhere."""

    first: int
    second: str
    third: str | None = None
    known: list[int] = field(default_factory=list)
    hidden: int = field(default=7, init=False)


@quick
@dataclass(frozen=True, slots=True)
class Quick:
    """The same by C, where it was built."""

    first: int
    second: str
    third: str | None = None
    known: list[int] = field(default_factory=list)
    hidden: int = field(default=7, init=False)


@pytest.mark.parametrize("cls", [Plain, Quick])
class TestValues:
    def test_arguments_by_place_and_by_name(self, cls: type[Any]) -> None:
        made = cls(1, "two")
        assert (made.first, made.second, made.third, made.known, made.hidden) == (1, "two", None, [], 7)
        assert cls(second="two", first=1) == made
        assert cls(1, "two", known=[3], third="x").known == [3]

    def test_what_is_made_for_each_object_is_not_shared(self, cls: type[Any]) -> None:
        assert cls(1, "two").known is not cls(1, "two").known

    def test_arguments_that_do_not_fit(self, cls: type[Any]) -> None:
        for args, named in (
            ((), {}),
            ((1,), {}),
            ((1, "two", None, [], 7), {}),
            ((1, "two"), {"first": 1}),
            ((1, "two"), {"fourth": 1}),
            ((1, "two"), {"hidden": 1}),
            ((1,), {"third": "x"}),
        ):
            with pytest.raises(TypeError, match=r"__init__\(\)"):
                cls(*args, **named)

    def test_it_is_as_frozen_equal_and_copied_as_any(self, cls: type[Any]) -> None:
        made = cls(1, "two")
        with pytest.raises(dataclasses.FrozenInstanceError):
            made.first = 2
        assert dataclasses.replace(made, first=2).first == 2
        assert copy.copy(made) == made
        assert pickle.loads(pickle.dumps(made)) == made
        assert repr(made).endswith("(first=1, second='two', third=None, known=[], hidden=7)")

    def test_names_that_are_not_interned(self, cls: type[Any]) -> None:
        named = {"".join(["fi", "rst"]): 1, "".join(["sec", "ond"]): "two"}
        assert cls(**named) == cls(1, "two")


def test_what_is_made_may_fail() -> None:
    def refuse() -> list[int]:
        raise ValueError("not made")

    @quick
    @dataclass(slots=True)
    class Failing:
        first: int
        made: list[int] = field(default_factory=refuse)

    with pytest.raises(ValueError, match="not made"):
        Failing(1)


def test_classes_that_are_not_what_their_arguments_are() -> None:
    @dataclass(slots=True)
    class After:
        first: int

        def __post_init__(self) -> None:
            self.first += 1

    @dataclass(slots=True)
    class Derived(After):
        second: int = 2

    @dataclass(slots=True)
    class Named:
        first: int = field(default=0, kw_only=True)

    for cls in (After, Derived, Named):
        with pytest.raises(AssertionError):
            fields_of(cls)


def test_c_refuses_what_it_could_not_fill() -> None:
    learn = learner()
    assert learn is not None, "compiled at every installation"

    class Open:
        pass

    @dataclass(slots=True)
    class Two:
        first: int
        second: int

    with pytest.raises(TypeError, match="slots alone"):
        learn(Open, (), 0)
    with pytest.raises(TypeError, match="slots alone"):
        learn(Two, (("first", ..., False),), 1)
    with pytest.raises(ValueError, match="has a default"):
        learn(Two, (("first", ..., False), ("second", ..., False)), 1)
    with pytest.raises(ValueError, match="as many"):
        learn(Two, (("first", ..., False), ("second", ..., False)), 3)


def test_without_c_nothing_is_learned() -> None:
    assert learner(prefer_c=False) is None


def _classes() -> list[type[Any]]:
    """Every dataclass of the core."""
    importlib.import_module("switch.node.compose")
    return [
        cls
        for name, module in sorted(sys.modules.items())
        if name.startswith("switch.")
        for cls in vars(module).values()
        if isinstance(cls, type) and cls.__module__ == name and dataclasses.is_dataclass(cls)
    ]


def test_each_class_of_the_package_is_made_as_its_own_init_makes_it() -> None:
    """Calls of every sort, right and wrong, by the constructor and by `__init__` itself."""
    rng = random.Random(1)
    for cls in _classes():
        names = [known.name for known in dataclasses.fields(cls)]
        for _ in range(CALLS):
            args = tuple(range(rng.randint(0, len(names) + 1)))
            named = {name: name for name in rng.sample([*names, "unknown"], rng.randint(0, len(names)))}

            def by_init(*args: Any, _cls: type[Any] = cls, **named: Any) -> Any:
                made = object.__new__(_cls)
                _cls.__init__(made, *args, **named)
                return made

            by_init.__qualname__ = cls.__qualname__
            assert _said(cls, args, named) == _said(by_init, args, named), cls


def _said(make: Any, args: tuple[Any, ...], named: dict[str, Any]) -> object:
    try:
        made = make(*args, **named)
    except (TypeError, AttributeError, AssertionError, ValueError) as error:
        return type(error), str(error)
    return type(made), [
        _comparable(known, getattr(made, known.name, "unset")) for known in dataclasses.fields(made)
    ]


def _comparable(known: "dataclasses.Field[Any]", value: object) -> object:
    """What a factory makes anew and has no equality of its own is another each time, the same in kind."""
    made_anew = known.default_factory is not dataclasses.MISSING
    return type(value) if made_anew and type(value).__eq__ is object.__eq__ else value
