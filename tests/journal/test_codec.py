"""Canonical JSON of entries: round trips, what newer versions wrote, damage."""

import json
from contextlib import suppress
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.journal import codec
from switch.journal.entry import Entry
from switch.journal.events import Event, LegRinging, Opaque, Queued
from tests.journal.sample import queued_call

# Codepoints include lone surrogates: bytes of a SIP message that are not UTF-8 arrive as those.
_text = st.text(st.characters(codec=None, exclude_categories=()), max_size=20)
_events = st.one_of([st.builds(kind) for kind in get_args(Event) if kind is not Opaque])
_entries = st.builds(Entry, st.integers(0), st.integers(0), st.integers(0), _text, _text, _events)


@given(_entries)
def test_every_kind_of_entry_comes_back_equal(entry: Entry) -> None:
    line = codec.encode(entry)
    assert codec.decode(line) == entry
    assert codec.decode_event(entry.event.KIND, entry.event.VERSION, codec.encode_event(entry.event)) == (
        entry.event
    )


@given(_entries)
def test_the_line_is_canonical(entry: Entry) -> None:
    line = codec.encode(entry)
    assert line.isascii()
    assert line == json.dumps(json.loads(line), sort_keys=True, separators=(",", ":"))


def test_an_unknown_event_is_canonical_in_whatever_order_it_came() -> None:
    line = '{"at":1,"call":"","event":{"b":1,"a":{"d":2,"c":3}},"kind":"x","sequence":1,"tenant":"",'
    entry = codec.decode(line + '"version":1,"wall_us":0}')
    assert entry.event == Opaque("x", 1, '{"a":{"c":3,"d":2},"b":1}')


def test_every_kind_is_known_once() -> None:
    assert len(codec.kinds()) == len(get_args(Event)) - 1


@pytest.mark.parametrize(
    ("kind", "version", "body"),
    [
        ("callback-promised", 1, '{"number":"+331"}'),
        ("leg-ringing", 2, '{"leg":"l-1"}'),
        ("leg-ringing", 1, '{"early":true,"leg":"l-1"}'),
        ("leg-ringing", 1, "{}"),
    ],
    ids=["unknown kind", "newer version", "unknown field", "required field missing"],
)
def test_what_is_not_understood_goes_through_unchanged(kind: str, version: int, body: str) -> None:
    event = codec.decode_event(kind, version, body)
    assert event == Opaque(kind, version, body)
    entry = Entry(9, 1, 2, "acme", "c-1", event)
    assert codec.encode_event(event) == body
    assert codec.decode(codec.encode(entry)) == entry


def test_arrays_come_back_as_tuples() -> None:
    event = Queued("v-1", "support", 0, 1, ("french>=50", "billing>=1"))
    read = codec.decode_event("queued", 1, codec.encode_event(event))
    assert isinstance(read, Queued)
    assert read.needs == ("french>=50", "billing>=1")


@pytest.mark.parametrize("body", ["", "{", "[]", "7", "null"])
def test_a_damaged_body_is_an_error_and_not_an_event(body: str) -> None:
    with pytest.raises(codec.CodecError):
        codec.decode_event("leg-ringing", 1, body)


@given(st.text(max_size=60) | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_no_line_raises_anything_else(line: str) -> None:
    with suppress(codec.CodecError):
        codec.decode(line)


def test_the_digest_is_the_same_on_any_machine() -> None:
    entries = queued_call()
    pinned = "ec8d5beb85a50d5ba14ff43baf8f0a6827b4cc8585c62510d7fa0ed63c4a3433"
    assert codec.digest(entries) == pinned


def test_the_digest_sees_every_change_and_the_order() -> None:
    entries = queued_call()
    changed = [*entries[:-1], replace(entries[-1], at=entries[-1].at + 1)]
    swapped = [entries[1], entries[0], *entries[2:]]
    assert len({codec.digest(entries), codec.digest(changed), codec.digest(swapped)}) == 3


def test_the_digest_fed_in_pieces_is_that_of_the_whole() -> None:
    entries = queued_call()
    running = codec.JournalDigest()
    running.update(entries[:5])
    running.update(entries[5:])
    assert running.hexdigest() == codec.digest(entries)


def test_an_entry_without_tenant_and_call() -> None:
    entry = Entry(1, 0, 0, "", "", LegRinging("l-1"))
    assert codec.encode(entry) == (
        '{"at":0,"call":"","event":{"leg":"l-1"},"kind":"leg-ringing","sequence":1,"tenant":"",'
        '"version":1,"wall_us":0}'
    )
