"""Quality as the core sees it: asked for while a stream lasts, told at its end, and alarms without asking."""

from switch.media.events import StreamAlarm
from switch.media.quality import NOTHING_HEARD, Alarm
from switch.rtp import Block, Report
from tests.engine.bench import Bench, until


def test_a_stream_is_rated_while_it_lasts_and_at_its_end(bench: Bench) -> None:
    left, right = bench.bridge()
    assert bench.engine.quality(0) == NOTHING_HEARD
    sent = 0
    while bench.engine.quality(0).mos_now == 0 and sent < 600:
        left.send(bytes([sent % 256]) * 160, sequence=left.sequence + (sent % 10 == 9))
        right.receive()
        sent += 1
        bench.wait(20)
    live = bench.engine.quality(0)
    assert 0 < live.packets_received <= sent
    assert 100 < live.mos_now < 441
    assert live.mos_worst == live.mos_now
    for _ in range(5):
        left.send()
    about = right.receive_all()[-1]
    block = Block(about.ssrc, highest=about.sequence, lost=3, jitter=80)
    right.socket.sendto(Report(9, None, (block,)).serialize(), (right.host, right.target[1] + 1))
    until(lambda: bench.engine.stats().rtcp_received == 1, "a report")
    heard, told = bench.close_stream(0).quality, bench.close_stream(1).quality
    assert heard.packets_received == sent + 5
    assert (told.reports, told.peer_lost, told.peer_jitter_us) == (1, 3, 10_000)
    assert 300 < told.mos_peer < 441
    assert told.packets_sent == sent + 5
    assert bench.engine.quality(0) == NOTHING_HEARD


def test_who_hears_nobody_is_told_without_asking(bench: Bench) -> None:
    """One side of a bridge is silent for ten seconds; a third party speaks to nobody."""
    left, right = bench.bridge()
    lonely = bench.open(2)
    for _ in range(260):
        left.send()
        lonely.send()
        bench.wait(50)
        right.receive_all(0)
    bench.poll()
    alarms = [event for event in bench.events if isinstance(event, StreamAlarm)]
    assert StreamAlarm(1, Alarm.NO_AUDIO, raised=True) in alarms
    assert StreamAlarm(2, Alarm.DEAD_AIR, raised=True) in alarms
    assert len(alarms) == 2
    assert bench.engine.quality(1).alarms == (Alarm.NO_AUDIO,)
    right.send()
    event = bench.wait_for(StreamAlarm)
    while event != StreamAlarm(1, Alarm.NO_AUDIO, raised=False):
        event = bench.wait_for(StreamAlarm)
    quality = bench.close_stream(1).quality
    assert quality.alarms == ()
    assert quality.alarms_ever == (Alarm.NO_AUDIO,)
