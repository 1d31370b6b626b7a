"""The line that scripts wait for, and what a person reads."""

import io
import json
import os
from dataclasses import replace

import pytest
from rich.console import Console

from switch.api.views import NewSecret
from switch.cli.ready import announce, announce_to_programs, ready_line, show_overview
from tests.api.centre_port import CentrePort

_SECRET = NewSecret("maple", "101", "maple-101", "maple", "hunter2secret")


def test_the_ready_line_is_one_json_object_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    announce(CentrePort().overview())
    out, err = capsys.readouterr()
    assert out.count("\n") == 1
    line = json.loads(out)
    assert line["event"] == "ready"
    assert line["sip"][0] == {"transport": "UDP", "host": "127.0.0.1", "port": 5060}
    assert line["http"] == "127.0.0.1:8080"
    assert line["pid"] == os.getpid()
    assert "127.0.0.1:5060 (UDP, TCP)" in err


def test_scripts_never_see_a_secret_and_the_person_sees_it() -> None:
    overview = replace(CentrePort().overview(), new_secrets=(_SECRET,), secrets_file="/tmp/two/secrets")
    assert _SECRET.secret not in ready_line(overview)
    screen = io.StringIO()
    show_overview(overview, Console(file=screen, width=160))
    assert _SECRET.secret in screen.getvalue()
    assert "/tmp/two/secrets" in screen.getvalue()


def test_a_log_that_is_collected_gets_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    announce_to_programs(replace(CentrePort().overview(), new_secrets=(_SECRET,)))
    captured = capsys.readouterr()
    assert _SECRET.secret not in captured.out + captured.err
    assert "accounts reset" in captured.out + captured.err
