"""The audio check of the demo passes what was heard, and nothing else."""

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from switch.cli.demo import audio, closing, hearing
from switch.cli.demo.audio import RATE_HZ, Samples
from switch.cli.demo.phones import Call, Phone
from switch.cli.demo.plan import plan_day
from switch.cli.demo.stage import Talk, Visitor, voice

CUSTOMER, AGENT = "0015145559000", "maple-101"
ANSWERED_S, BEGAN_S, ENDED_S = 100.0, 112.0, 120.0
_PLANS = [replace(plan, number=f"1514555900{i}") for i, plan in enumerate(plan_day(1, 60, 2, 2).customers)]


def looped(speaker: str, seconds: float, from_s: float = 0.0) -> Samples:
    """A stretch of what that phone says."""
    said = voice(speaker)
    start = int(from_s * RATE_HZ)
    return np.resize(np.roll(said, -start), int(seconds * RATE_HZ))


def record(path: Path, samples: Samples) -> Call:
    """A call that has this recording; the phone behind it is not asked anything."""
    return Call(cast(Phone, None), 0, audio.write_wav(path, samples))


def talk(folder: Path, heard_by_agent: Samples, heard_by_customer: Samples, **times: float) -> Talk:
    before = looped("music", BEGAN_S - ANSWERED_S)
    visitor = Visitor(_PLANS[0], answered_at_s=ANSWERED_S)
    visitor.call = record(folder / "customer.wav", np.concatenate((before, heard_by_customer)))
    values: dict[str, Any] = {"began_at_s": BEGAN_S, "ended_at_s": ENDED_S} | times
    return Talk(visitor, "anna", "101", record(folder / "agent.wav", heard_by_agent), **values)


def another(folder: Path) -> Talk:
    """A second talk, of other people; its voices are those that must not be heard in the first."""
    visitor = Visitor(_PLANS[1], call=record(folder / "other.wav", looped("maple-105", 8)))
    return Talk(visitor, "emma", "105", record(folder / "emma.wav", looped("0015145559001", 8)), 0.0, 8.0)


GOOD: dict[str, Any] = {"heard_by_agent": looped(CUSTOMER, 8), "heard_by_customer": looped(AGENT, 8)}


def test_both_voices_are_found_in_what_the_other_heard(tmp_path: Path) -> None:
    checks = hearing.check_talks([talk(tmp_path, **GOOD), another(tmp_path)])
    assert [check.ok for check in checks] == [True, True]
    first = checks[0]
    assert first.checked
    assert first.by_agent is not None
    assert first.by_agent.peak > 0.99
    assert first.by_agent.other_peak < 0.3
    rows = hearing.directions(checks)
    assert [(row.what, row.talks) for row in rows] == [("customer to agent", 2), ("agent to customer", 2)]
    assert all(row.lowest > 0.99 for row in rows)
    assert closing.audio_verdict(checks).ok


@pytest.mark.parametrize("direction", ["heard_by_agent", "heard_by_customer"])
@pytest.mark.parametrize(
    "heard",
    [
        np.zeros(8 * RATE_HZ),
        looped("maple-105", 8),
        looped(CUSTOMER, 8) + looped("0015145559001", 8) + looped("music", 8) + looped(AGENT, 8),
    ],
    ids=["silence", "another voice", "a crowd"],
)
def test_what_was_not_heard_alone_does_not_pass(tmp_path: Path, direction: str, heard: Samples) -> None:
    checks = hearing.check_talks([talk(tmp_path, **(GOOD | {direction: heard})), another(tmp_path)])
    assert [check.ok for check in checks] == [False, True]
    verdict = closing.audio_verdict(checks)
    assert not verdict.ok
    assert "anna and 15145559000" in verdict.seen


@pytest.mark.parametrize("speaker", [CUSTOMER, AGENT])
def test_a_voice_that_comes_late_was_not_heard(tmp_path: Path, speaker: str) -> None:
    late = np.concatenate((np.zeros(5 * RATE_HZ), looped(speaker, 3)))
    direction = "heard_by_agent" if speaker == CUSTOMER else "heard_by_customer"
    assert not hearing.check_talks([talk(tmp_path, **(GOOD | {direction: late}))])[0].ok


def test_only_the_talk_counts_of_what_the_customer_heard(tmp_path: Path) -> None:
    """The agent's voice before the talk, and music in it, is not a talk."""
    wrong = talk(tmp_path, looped(CUSTOMER, 8), looped("music", 8))
    assert wrong.visitor.call is not None
    assert wrong.visitor.call.recording is not None
    audio.write_wav(
        wrong.visitor.call.recording,
        np.concatenate((looped(AGENT, BEGAN_S - ANSWERED_S), looped("music", 8))),
    )
    assert not hearing.check_talks([wrong])[0].ok


def test_a_talk_too_short_to_compare_is_said_to_be_so(tmp_path: Path) -> None:
    checks = hearing.check_talks([talk(tmp_path, **GOOD, ended_at_s=BEGAN_S + 1.0)])
    assert checks[0].ok
    assert not checks[0].checked
    verdict = closing.audio_verdict(checks)
    assert not verdict.ok, "a demo in which nothing was compared has shown nothing"
    assert "1 too short" in verdict.seen
    assert hearing.directions(checks) == []


def test_a_recording_that_is_missing_is_not_heard(tmp_path: Path) -> None:
    one = talk(tmp_path, **GOOD)
    assert one.agent_call.recording is not None
    one.agent_call.recording.unlink()
    assert not hearing.check_talks([one])[0].ok


def test_nobody_talked() -> None:
    assert hearing.check_talks([]) == []
    assert not closing.audio_verdict([]).ok
