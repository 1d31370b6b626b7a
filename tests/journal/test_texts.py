"""Texts and columns of entries: one class over both halves, and the halves against each other."""

import importlib
import json
from dataclasses import dataclass
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.journal.codec import columns, encode_event
from switch.journal.entry import Entry
from switch.journal.events import CallStarted, Event, NodeStopped, Opaque
from switch.journal.texts import Kind, Storable, WriteColumns, WriteFields, Written, writers

# Compiled at every installation: where it is missing, that is a failure and no reason to look away.
importlib.import_module("switch.journal._journal")
IN_C, IN_PYTHON = writers(), writers(prefer_c=False)
assert IN_C[0] is not IN_PYTHON[0]

_text = st.text(st.characters(codec=None, exclude_categories=()), max_size=20)
_plain = st.text(st.characters(max_codepoint=127), max_size=20)
_scalar = st.one_of(_text, _plain, st.integers(), st.integers(-(1 << 70), 1 << 70), st.booleans(), st.none())
_values = st.one_of(_scalar, st.floats(allow_nan=False), st.lists(_scalar, max_size=3).map(tuple))


class Way(StrEnum):
    IN = "in"


@dataclass
class Made:
    a: object
    b: object
    c: object


WRITTEN: Written = (("a", '{"a":'), ("b", ',"b":'), ("c", ',"c":'))


@pytest.mark.parametrize(("write", "storable"), [IN_C[:2], IN_PYTHON[:2]], ids=["C", "Python"])
class TestTexts:
    @pytest.mark.parametrize(
        "value",
        ["", "plain", '"', "\\", "\n", "\x7f", "é", "\udcff", "\0", "x" * 5_000, Way.IN],
        ids=lambda value: ascii(value)[:12],
    )
    def test_each_text_comes_back(self, write: WriteFields, storable: Storable, value: str) -> None:
        line = write(Made(value, 1, value), WRITTEN)
        assert line == json.dumps({"a": value, "b": 1, "c": value}, separators=(",", ":"))
        assert json.loads(line)["a"] == value
        assert type(storable(value)) is str

    @pytest.mark.parametrize(
        "value", [0, -1, 2**63 - 1, -(2**63), 2**63, 10**40, True, None, (), (1, ("x",)), 0.5]
    )
    def test_each_other_value(self, write: WriteFields, storable: Storable, value: object) -> None:
        del storable
        wanted = json.dumps({"a": value, "b": "", "c": value}, separators=(",", ":"))
        assert write(Made(value, "", value), WRITTEN) == wanted

    def test_an_event_without_fields(self, write: WriteFields, storable: Storable) -> None:
        del storable
        assert write(Made(1, 2, 3), ()) == "{}"

    def test_a_field_that_is_not_there(self, write: WriteFields, storable: Storable) -> None:
        del storable
        with pytest.raises(AttributeError):
            write(Made(1, 2, 3), (("d", '{"d":'),))

    @pytest.mark.parametrize(
        ("text", "stored"),
        [
            ("plain", "plain"),
            ("é", "é"),
            ("a\0b", "a\\x00b"),
            ("\udcff", "\\udcff"),
            (Way.IN, "in"),
            ("", ""),
        ],
        ids=ascii,
    )
    def test_what_a_database_is_given(
        self, write: WriteFields, storable: Storable, text: str, stored: str
    ) -> None:
        del write
        assert storable(text) == stored
        assert type(storable(text)) is str


@given(_values, _values, _values)
def test_both_halves_write_the_same(a: object, b: object, c: object) -> None:
    made = Made(a, b, c)
    assert IN_C[0](made, WRITTEN) == IN_PYTHON[0](made, WRITTEN)


@given(_text)
def test_both_halves_store_the_same(text: str) -> None:
    assert IN_C[1](text) == IN_PYTHON[1](text)


@dataclass
class Other:
    KIND: str
    VERSION: int
    body: object


@dataclass
class Place:
    sequence: object
    at: object
    wall_us: object
    tenant: str
    call: str
    event: object


KINDS: dict[type, Kind] = {Made: ("made", 3, WRITTEN)}
_events = st.one_of(st.builds(Made, _values, _values, _values), st.builds(Other, _text, st.integers(), _text))
_places = st.builds(Place, st.integers(), st.integers(), st.integers(), _text, _text, _events)


@given(st.lists(_places, max_size=5))
def test_both_halves_give_the_same_columns(places: list[Place]) -> None:
    found = IN_C[2](places, KINDS)
    assert found == IN_PYTHON[2](places, KINDS)
    assert [type(value) for value in found[3::8]] == [str] * len(places)


@pytest.mark.parametrize("write", [IN_C[2], IN_PYTHON[2]], ids=["C", "Python"])
class TestColumns:
    def test_of_what_it_knows_and_what_it_does_not(self, write: WriteColumns) -> None:
        made = Place(7, 8, 9, "a\0", Way.IN, Made(1, "x", None))
        other = Place(8, 9, 10, "", "", Other("newer", 5, "{}"))
        assert write([made, other], KINDS) == [
            *(7, 8, 9, "a\\x00", "in", "made", 3, '{"a":1,"b":"x","c":null}'),
            *(8, 9, 10, "", "", "newer", 5, "{}"),
        ]
        assert write((), KINDS) == []

    def test_an_entry_that_lacks_something(self, write: WriteColumns) -> None:
        for lacking in (object(), Place(1, 2, 3, "", "", object()), Place(1, 2, 3, "", "", Other)):
            with pytest.raises(AttributeError):
                write([Place(1, 2, 3, "", "", Made(1, 2, 3)), lacking], KINDS)

    def test_a_kind_whose_field_is_not_there(self, write: WriteColumns) -> None:
        with pytest.raises(AttributeError):
            write([Place(1, 2, 3, "", "", Made(1, 2, 3))], {Made: ("made", 1, (("d", '{"d":'),))})


def test_the_columns_of_real_entries() -> None:
    started = CallStarted("inbound", "100", "200", "phone", "id")
    events: list[Event] = [started, NodeStopped("asked"), Opaque("newer", 9, '{"a":1}')]
    entries = [Entry(number, 1, 2, "acme", "c-1", event) for number, event in enumerate(events)]
    found = columns(entries)
    assert [found[at : at + 8] for at in range(0, len(found), 8)] == [
        [number, 1, 2, "acme", "c-1", event.KIND, event.VERSION, encode_event(event)]
        for number, event in enumerate(events)
    ]


def test_the_c_half_refuses_what_are_no_entries_and_kinds() -> None:
    module = importlib.import_module("switch.journal._journal")
    place = Place(1, 2, 3, "", "", Made(1, 2, 3))
    kinds: list[dict[type, object]] = [{Made: 1}, {Made: ("made", 1, [])}]
    wrongs: list[tuple[object, ...]] = [(), ([],), (1, {}), ([], []), *(([place], wrong) for wrong in kinds)]
    for wrong in wrongs:
        with pytest.raises(TypeError):
            module.columns(*wrong)
