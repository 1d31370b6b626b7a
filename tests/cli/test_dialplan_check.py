"""`softswitch dialplan check`: every problem with its place, and the exit code for a script."""

import json
from pathlib import Path

import pytest

from switch.node import dialplan_files
from tests.cli.conftest import Command
from tests.tidy.tree import ROOT

_BROKEN = "numbers: [unclosed\n"


def test_a_problem_names_the_file_as_it_was_given(command: Command, tmp_path: Path) -> None:
    (tmp_path / "maple.yaml").write_text(_BROKEN)
    ended = command("dialplan", "check", str(tmp_path))
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(f"{tmp_path}/maple.yaml:")


def test_the_same_in_json(command: Command, tmp_path: Path) -> None:
    (tmp_path / "maple.yaml").write_text(_BROKEN)
    ended = command("dialplan", "check", "--json", str(tmp_path))
    answer = json.loads(ended.out)
    assert (ended.code, answer["ok"]) == (2, False)
    assert answer["problems"][0]["file"] == f"{tmp_path}/maple.yaml"


def test_the_centres_that_ship_are_accepted_with_their_scenarios(command: Command) -> None:
    for folder in sorted((ROOT / "dialplans").iterdir()):
        ended = command("dialplan", "check", str(folder))
        assert (ended.code, ended.err) == (0, ""), folder
        assert ", 0 failed" in ended.out
        assert "scenarios: 0 passed" not in ended.out


def test_a_scenario_that_goes_otherwise_names_its_line_and_exits_1(command: Command, tmp_path: Path) -> None:
    for file in (ROOT / "dialplans" / "minimal").iterdir():
        text = file.read_text().replace("- presses: 1", "- presses: 2", 1)
        (tmp_path / file.name).write_text(text)
    ended = command("dialplan", "check", str(tmp_path))
    assert ended.code == 1, ended.err
    assert f"{tmp_path}/shop.scenario.yaml:" in ended.err
    assert "1 failed" in ended.out


def test_a_recording_that_is_missing_is_a_problem_at_its_line(command: Command, tmp_path: Path) -> None:
    shop = (ROOT / "dialplans" / "minimal" / "shop.yaml").read_text()
    (tmp_path / "shop.yaml").write_text(shop.replace("Welcome to the corner shop.", "missing.wav"))
    ended = command("dialplan", "check", str(tmp_path))
    assert ended.code == 2
    assert "missing.wav cannot be read" in ended.err
    line = shop[: shop.index("Welcome to")].count("\n") + 1
    assert f"{tmp_path}/shop.yaml:{line}:" in ended.err


def test_an_empty_folder_is_a_problem(command: Command, tmp_path: Path) -> None:
    ended = command("dialplan", "check", str(tmp_path))
    assert ended.code == 2
    assert "no dialplan" in ended.err


def test_text_that_is_not_utf_8_has_its_place(command: Command, tmp_path: Path) -> None:
    (tmp_path / "maple.yaml").write_bytes(b"a: 1\nb: caf\xe9\n")
    ended = command("dialplan", "check", str(tmp_path))
    assert ended.code == 2
    assert f"{tmp_path}/maple.yaml:2:7: expected UTF-8 text" in ended.err


def test_a_file_beyond_the_limit_is_said_so(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialplan_files, "FILE_BYTES_MAX", 10)
    (tmp_path / "maple.yaml").write_text("a: 12345678")
    assert "longer than 10 bytes" in command("dialplan", "check", str(tmp_path)).err


def test_a_folder_of_too_many_files_is_said_so(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialplan_files, "FILES_MAX", 1)
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text("")
    assert "more than 1 files" in command("dialplan", "check", str(tmp_path)).err


def test_scenarios_stand_beside_and_are_no_dialplans(tmp_path: Path) -> None:
    for name in ("maple.yaml", "maple.scenario.yaml", "birch.scenario.yaml", "notes.txt"):
        (tmp_path / name).write_text(name)
    names = [Path(name).name for name in dialplan_files.read_dialplans(tmp_path)]
    assert names == ["maple.yaml"]
    scenarios = dialplan_files.read_scenarios(tmp_path)
    assert [Path(name).name for name in scenarios] == ["birch.scenario.yaml", "maple.scenario.yaml"]
    beside = dialplan_files.read_scenarios(tmp_path / "maple.yaml")
    assert [Path(name).name for name in beside] == ["maple.scenario.yaml"]


def test_files_that_are_not_here_are_told_and_the_dialplan_is_right(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OAK_PASSWORD", raising=False)
    (tmp_path / "centre.yaml").write_text(
        """\
certificates:
  main: {chain: tls/chain.pem, key: tls/key.pem}
listen:
  - {address: "192.0.2.1:5061", transports: tls, certificates: main, clients: optional, clients_ca: ca.pem}
tls: {ca: other.pem}
trunks:
  elm: {gateways: [192.0.2.9], country: FR, username: us, password_file: elm.password, registration: true}
  oak: {gateways: [192.0.2.8], country: FR, username: us, password_env: OAK_PASSWORD, registration: true}
"""
    )
    (tmp_path / "shop.yaml").write_text(
        "numbers: {100: main}\naccounts: {101: {}}\nflows: {main: [hangup]}\n"
    )
    ended = command("dialplan", "check", str(tmp_path))
    assert ended.code == 0, ended.err
    lines = ended.err.splitlines()
    assert all(line.endswith("(warning)") for line in lines)
    for line, words in zip(
        lines, ("certificate 'main'", "clients_ca", "other.pem", "elm.password"), strict=False
    ):
        assert words in line
        assert "No such file or directory" in line
    assert lines[0].startswith(f"{tmp_path}/centre.yaml:2:3: ")
    assert "the environment has no OAK_PASSWORD" in lines[4]
    assert len(lines) == 5
