"""What a replay compares: journal rows of this version read quickly, all others the long way, to the same."""

import pytest

from switch.journal.codec import CodecError, encode_event
from switch.journal.events import AgentConnected, Event, OfferMade, QueueRefused
from switch.node.repetition import Shape, written_shapes

OFFER = OfferMade(
    "v-1",
    "sales",
    7,
    "anna",
    "linear",
    2,
    (("busy", 1),),
    (("anna", 3, 4), ("ben", 1, 2)),
    "order",
    ("a>=1",),
    9,
)
CONNECTED = AgentConnected("v-1", "sales", "anna", 5)
BY_THE_DIALPLAN = QueueRefused("v-2", "sales", "closed")

Row = tuple[int, str, int, str]


def row(sequence: int, event: Event) -> Row:
    return sequence, event.KIND, event.VERSION, encode_event(event)


def shapes(*rows: Row) -> list[tuple[int, Shape]]:
    return list(written_shapes(rows))


def test_quick_and_long_ways_are_equal() -> None:
    rows = (row(1, OFFER), row(2, BY_THE_DIALPLAN), row(3, CONNECTED))
    quickly = shapes(*rows)
    # An older version: the quick way is for what is written now.
    slowly = shapes(*((sequence, kind, 0, body) for sequence, kind, _, body in rows))
    assert quickly == slowly
    assert [sequence for sequence, _ in quickly] == [1, 3]
    assert quickly[0][1][7] == (("busy", 1),)
    assert quickly[1][1] == ("connected", "v-1", "sales", "anna", 5)


def test_what_this_version_does_not_know_is_left_out() -> None:
    sequence, kind, version, body = row(1, CONNECTED)
    assert shapes((sequence, kind, version + 1, body), row(2, CONNECTED))[0][0] == 2
    assert shapes((sequence, kind, version, body.replace('"agent"', '"robot"'))) == []


def test_a_damaged_body_is_an_error() -> None:
    sequence, kind, version, body = row(1, CONNECTED)
    with pytest.raises(CodecError):
        shapes(row(2, CONNECTED), (sequence, kind, version, body[:-1]))
