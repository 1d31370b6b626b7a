"""Bridges, hold and what the record counts."""

from switch.call.call import HOLD_PLAYBACK, Call, Record
from switch.media.commands import Bridge, Play, StopPlay, Unbridge
from switch.media.plan import Slot
from tests.call.bench import Bench

SECOND = 1_000_000


def _call() -> tuple[Call, Call]:
    """Two legs, each from a bench of its own, as one call; the second value is only the other bench's."""
    record = Record("inbound", "a", "b", "carrier", 0)
    one, other = Bench(), Bench()
    anchor, partner = one.incoming(), other.outgoing()
    partner.slot = Slot(1, "192.0.2.1", 20_002)
    call = Call("c1", "shop", record, anchor, hold_clip="music")
    call.legs[partner.id] = partner
    return call, Call("c2", "shop", record, partner)


def test_a_bridge_ends_what_plays_and_its_end_counts_the_talk() -> None:
    call, other = _call()
    assert call.bridge(other.anchor, 10 * SECOND) == [StopPlay(0), StopPlay(1), Bridge(0, 1)]
    assert call.other(call.anchor) is other.anchor
    assert call.unbridge(25 * SECOND)[-1] == Unbridge(0)
    assert call.record.talked_us == 15 * SECOND
    assert call.unbridge(30 * SECOND) == []
    assert call.record.talked_us == 15 * SECOND


def test_whoever_is_held_hears_music_until_taken_back() -> None:
    call, other = _call()
    call.bridge(other.anchor, 0)
    assert call.held(call.anchor, True, 2 * SECOND) == [Play(1, HOLD_PLAYBACK, ("music",), loop=True)]
    assert call.held(call.anchor, False, 5 * SECOND) == [StopPlay(1)]
    assert call.record.held_us == 3 * SECOND


def test_when_both_hold_the_hold_lasts_until_the_last_takes_back() -> None:
    call, other = _call()
    call.bridge(other.anchor, 0)
    call.anchor.remote_held = True
    call.held(call.anchor, True, 1 * SECOND)
    other.anchor.remote_held = True
    call.held(other.anchor, True, 2 * SECOND)
    call.anchor.remote_held = False
    call.held(call.anchor, False, 3 * SECOND)
    assert call.record.held_us == 0
    other.anchor.remote_held = False
    call.held(other.anchor, False, 6 * SECOND)
    assert call.record.held_us == 5 * SECOND


def test_a_hold_that_was_never_taken_back_ends_with_the_talk() -> None:
    call, other = _call()
    call.bridge(other.anchor, 0)
    call.held(call.anchor, True, 4 * SECOND)
    call.unbridge(10 * SECOND)
    assert (call.record.talked_us, call.record.held_us) == (10 * SECOND, 6 * SECOND)
