"""Lines that strangers cause are bounded, and say what was left out."""

import pytest
from structlog.testing import capture_logs

from switch.net import seldom


def test_a_flood_of_lines_is_counted_and_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000.0
    monkeypatch.setattr(seldom, "monotonic", lambda: now)
    lines = seldom.Seldom()
    with capture_logs() as told:
        for number in range(seldom.LINES_MAX + 500):
            lines.say("a stranger", number=number)
        assert len(told) == seldom.LINES_MAX
        now += seldom.MINUTE_S
        lines.say("a stranger", number=-1)
        lines.say("a stranger", number=-2)
    assert told[-2] == {"event": "a stranger", "log_level": "warning", "number": -1, "left_out_before": 500}
    assert "left_out_before" not in told[-1]
