"""How good the audio of a leg was, in plain words."""

from switch.journal.events import LegMeasured

_ALARMS = {
    "no-audio": ("nothing is heard of it, though it is spoken to", "it is heard again"),
    "not-heard": ("it reports that nothing reaches it", "it reports that it hears again"),
    "dead-air": ("it speaks and hears nothing, nobody is there", "it is not left in silence any more"),
    "silence": (
        "it sends nothing but silence, as a dead microphone does",
        "its microphone is heard",
    ),
    "clipping": ("it is too loud, and cut off at the top", "it is not cut off any more"),
}


def alarm(word: str, *, raised: bool) -> str:
    """A word of `AudioAlarm`, as an operator reads it."""
    begins, ends = _ALARMS.get(word, (f"alarm {word}", f"alarm {word} is over"))
    return begins if raised else ends


def score(hundredths: int) -> str:
    """A MOS with two digits; a dash where nothing can be said."""
    return f"{hundredths / 100:.2f}" if hundredths else "-"


def percent(part: int, whole: int) -> str:
    """A share of packets."""
    return f"{100 * part / whole:.1f}%" if whole else "-"


def milliseconds(us: int) -> str:
    return f"{us / 1000:.0f} ms"


def sentence(event: LegMeasured) -> str:
    """What was heard of it, what it says that it heard, and how far it was."""
    parts = [
        f"heard {event.received} packets with {percent(event.lost, event.received + event.lost)} lost,"
        f" jitter {milliseconds(event.jitter_us)}, MOS {score(event.mos_heard)}"
    ]
    if event.reports:
        parts.append(
            f"it was sent {event.sent} and says {percent(max(0, event.peer_lost), event.sent)} were lost,"
            f" jitter {milliseconds(event.peer_jitter_us)}, MOS {score(event.mos_peer)}"
        )
    else:
        parts.append(f"it was sent {event.sent} and does not report what it heard")
    if event.round_trip_us:
        parts.append(f"round trip {milliseconds(event.round_trip_us)}")
    if event.mos_worst:
        parts.append(f"the worst five seconds MOS {score(event.mos_worst)}")
    if event.alarms:
        parts.append(f"alarms: {', '.join(event.alarms)}")
    return "; ".join(parts)
