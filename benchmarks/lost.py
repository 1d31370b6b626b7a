"""What the switch says of calls that its phones lost: its counters, and its journal of each of them."""

import re
import sqlite3
from pathlib import Path

ENTRIES_MAX = 40
"""Of one call that are shown; a call of two legs has eight."""

LOG_LINES_MAX = 40
"""Of what the switch said: the first of it has the reason."""

CHALLENGES = ("401", "407")
_SAMPLE = re.compile(r"(\w+)(?:\{(.*)\})? (\S+)")
_STAMPED = re.compile(r"\d{4}-\d\d-\d\dT")
_LABEL = re.compile(r'(\w+)="([^"]*)"')
_TROUBLE = (
    "softswitch_sip_drops_total",
    "softswitch_engine_events_total",
    "softswitch_rtp_drops_total",
    "softswitch_invariant_violations_total",
    "softswitch_sip_overload",
)


def counters(metrics: str) -> list[str]:
    """Of a scrape: refusals that were sent or came, and what was dropped or went wrong; none that is 0."""
    lines = []
    for line in metrics.splitlines():
        sample = _SAMPLE.fullmatch(line)
        if sample is None or float(sample[3]) == 0:
            continue
        labels = dict(_LABEL.findall(sample[2] or ""))
        status = labels.get("status", "")
        if sample[1] == "softswitch_sip_messages_total":
            if status >= "400" and status not in CHALLENGES:
                lines.append(f"    switch {labels['direction']} {status} {labels['method']}: {sample[3]}")
        elif sample[1] in _TROUBLE:
            lines.append(f"    switch {sample[1]} {sample[2] or ''}: {sample[3]}")
    return lines


def log(text: str) -> list[str]:
    """What it said since it was ready; what it prints at the start has no time in front."""
    lines = text.splitlines()
    begun = next((number for number, line in enumerate(lines) if _STAMPED.match(line)), len(lines))
    return [f"    switch: {line}" for line in lines[begun:][:LOG_LINES_MAX]]


def journal(state: Path, sip_call_id: str) -> list[str]:
    """Every entry of the call, with seconds since the first; or that there is none."""
    with sqlite3.connect(f"file:{state / 'switch.db'}?mode=ro", uri=True) as store:
        calls = store.execute(
            "SELECT call FROM journal WHERE kind = 'call-started' AND instr(body, ?)", (f'"{sip_call_id}"',)
        ).fetchall()
        lines = [] if calls else [f"    the journal has no call of Call-ID {sip_call_id}: it was never taken"]
        for (call,) in calls:
            lines.append(f"    the journal of Call-ID {sip_call_id}, call {call}:")
            entries = store.execute(
                "SELECT at_us, kind, body FROM journal WHERE call = ? ORDER BY sequence LIMIT ?",
                (call, ENTRIES_MAX),
            ).fetchall()
            first_us = entries[0][0]
            lines += [f"        {(at - first_us) / 1e6:+9.3f} s {kind} {body}" for at, kind, body in entries]
    store.close()
    return lines
