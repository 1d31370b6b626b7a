"""What a leg asks of the engine for its peer's keys, by what the peer's session description says."""

import pytest

from switch.call.keys import WAITING_MAX, InfoKeys, KeyWay, hearing
from switch.media.commands import Detector, StartDetection, StopDetection
from switch.media.plan import Codec, StreamPlan

WITH = StreamPlan("192.0.2.1", 4000, Codec.PCMU, 0, dtmf_payload_type=101)
WITHOUT = StreamPlan("192.0.2.1", 4000, Codec.PCMU, 0)


@pytest.mark.parametrize("way", list(KeyWay))
def test_who_has_events_is_not_listened_to(way: KeyWay) -> None:
    assert hearing(way, 3, WITH, listens=False) is None


@pytest.mark.parametrize(
    ("way", "listens"),
    [(KeyWay.AUTO, True), (KeyWay.INBAND, True), (KeyWay.INFO, False), (KeyWay.RFC4733, False)],
)
def test_who_has_none_is(way: KeyWay, listens: bool) -> None:
    expected = StartDetection(3, Detector.KEYS) if listens else None
    assert hearing(way, 3, WITHOUT, listens=False) == expected


def test_a_later_plan_begins_or_ends_it_once() -> None:
    assert hearing(KeyWay.AUTO, 3, WITHOUT, listens=True) is None
    assert hearing(KeyWay.AUTO, 3, WITH, listens=True) == StopDetection(3, Detector.KEYS)


def test_infos_go_one_after_another_and_are_bounded() -> None:
    keys = InfoKeys()
    assert keys.next() is None
    for digit in "12":
        keys.send(digit, 160)
    assert keys.next() == b"Signal=1\r\nDuration=160\r\n"
    keys.transaction = "under way"
    assert keys.next() is None
    keys.transaction = ""
    assert keys.next() == b"Signal=2\r\nDuration=160\r\n"
    for number in range(WAITING_MAX + 1):
        keys.send(str(number % 10), 160)
    assert keys.next() == b"Signal=1\r\nDuration=160\r\n", "the oldest is lost"
