"""A day of a whole switch, with calls, pauses, lost phones and a reload, repeated from its store."""

import json
import re
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from switch.acd import trail as trail_module
from switch.base.clock import MINUTE
from switch.cli.main import main
from switch.dialplan.plan import Centre
from switch.store.store import Store
from tests.sim.centres import TRUNKS, _big, big
from tests.sim.hour import Hour
from tests.sim.recorded import Recorder

SEED = 20_261_122
PART_US = 8 * MINUTE


def other_skills() -> Centre:
    """As an administrator changes it in the middle of the day: everybody knows a little more."""
    centre = big()
    plan = centre.tenants["big"]
    agents = {
        name: replace(agent, skills=tuple((skill, min(100, level + 7)) for skill, level in agent.skills))
        for name, agent in plan.agents.items()
    }
    return replace(centre, tenants={**centre.tenants, "big": replace(plan, agents=agents)})


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of a part of an hour."""
    path = tmp_path_factory.mktemp("day") / "switch.db"
    store = Store.open(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trail_module, "DIGEST_EVERY", 100)
        patch.setattr(trail_module, "SNAPSHOT_EVERY", 200)
        hour = Hour(SEED)
        recorder = Recorder(hour.world, store)
        hour.world.run(PART_US // 2)
        hour.world.reload(other_skills())
        hour.world.run(PART_US // 2)
        recorder.finish()
    store.close()
    return path


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of some minutes in which nobody touches the configuration."""
    path = tmp_path_factory.mktemp("still") / "switch.db"
    store = Store.open(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trail_module, "SNAPSHOT_EVERY", 100)
        hour = Hour(SEED)
        recorder = Recorder(hour.world, store)
        hour.world.run(PART_US // 2)
        recorder.finish()
    store.close()
    return path


def command(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    monkeypatch.setattr("sys.argv", ["softswitch", *map(str, words)])
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def copy(day: Path, tmp_path: Path, sql: str = "") -> Path:
    """A copied journal, as an operator sends it to somebody, with something done to it."""
    path = tmp_path / "copy.db"
    path.write_bytes(day.read_bytes())
    with sqlite3.connect(path) as file:
        file.execute(sql or "SELECT 1")
    return path


def test_every_decision_is_made_again(
    day: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(monkeypatch, "replay", day, "--json") == 0
    (run,) = json.loads(capsys.readouterr().out)
    assert run["tenant"] == "big"
    assert run["events"] > 800
    assert run["decisions"] > 800
    assert run["proofs"] >= 3
    assert run["difference"] is None
    assert command(monkeypatch, "replay", day) == 0
    out = capsys.readouterr().out
    assert re.search(r"big .* equal", out)
    assert f"Every decision is equal: {run['decisions']} of them." in out


def test_a_part_of_the_day_begins_at_a_snapshot(
    day: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Store.open_to_read(day)
    (run,) = store.trails.runs()
    store.close()
    middle = (run.from_wall_us + run.until_wall_us) // 2
    since = datetime.fromtimestamp(middle / 1_000_000, UTC).astimezone()
    assert command(monkeypatch, "replay", day, "--from", f"{since:%Y-%m-%d %H:%M:%S}", "--json") == 0
    (part,) = json.loads(capsys.readouterr().out)
    assert 0 < part["events"] < run.last - 200
    assert part["difference"] is None


@pytest.mark.parametrize("kind", ["offer-made", "agent-connected", "visit-ended", "agent-changed"])
def test_a_journal_that_says_otherwise_is_different(
    kind: str, day: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was written is changed in one entry, as if the router had decided another thing then."""
    one = f"(SELECT MIN(sequence) FROM journal WHERE kind = '{kind}' AND body LIKE '%agent1%')"
    otherwise = f"UPDATE journal SET body = replace(body, 'agent1', 'agent3') WHERE sequence = {one}"
    path = copy(day, tmp_path, otherwise)
    assert command(monkeypatch, "replay", path) == 1
    out = capsys.readouterr().out
    assert "DIFFERENT" in out
    assert "the first difference is at event" in out
    assert "Every decision is equal" not in out


def test_an_entry_too_few_is_different(
    day: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one = "(SELECT MIN(sequence) FROM journal WHERE kind = 'visit-ended')"
    assert (
        command(monkeypatch, "replay", copy(day, tmp_path, f"DELETE FROM journal WHERE sequence = {one}"))
        == 1
    )
    assert "recorded: nothing" in capsys.readouterr().out


def test_a_damaged_trail_is_said_with_its_events(
    day: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one = "(SELECT MIN(first) FROM router_trail WHERE kind = 'events' AND first > 500)"
    path = copy(day, tmp_path, f"UPDATE router_trail SET body = zeroblob(50) WHERE first = {one}")
    assert command(monkeypatch, "replay", path) == 1
    assert re.search(
        r"softswitch: events 5\d\d to 5\d\d of router big cannot be read", capsys.readouterr().err
    )
    path = copy(day, tmp_path, f"DELETE FROM router_trail WHERE first = {one}")
    assert command(monkeypatch, "replay", path) == 1
    assert "before it are not there" in capsys.readouterr().err


def test_a_time_or_tenant_of_which_nothing_is_kept(
    day: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (("--tenant", "nobody"), ("--from", "2030-01-01")):
        assert command(monkeypatch, "replay", day, *words) == 1
        assert "no router events" in capsys.readouterr().err
    assert command(monkeypatch, "replay", day.parent / "none.db") == 1
    assert "there is no such file" in capsys.readouterr().err


def offered_call(day: Path) -> str:
    """A call that was offered to somebody in the second half of the day."""
    with sqlite3.connect(day) as file:
        query = "SELECT call FROM journal WHERE kind = 'offer-made' ORDER BY sequence LIMIT 1 OFFSET 60"
        (call,) = file.execute(query).fetchone()
    return str(call)


def test_why_tells_each_agents_own_reason(
    day: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    call = offered_call(day)
    assert command(monkeypatch, "why", call, "--journal", day, "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    (first, *_) = answer["offers"]
    assert first["untold"] == ""
    assert len(first["agents"]) == 40
    told = [agent["reason"] for agent in first["agents"]]
    assert told.count("chosen") == 1
    assert told.count("candidate") == first["candidates_count"] - 1
    for reason, count in first["exclusions"]:
        assert told.count(reason) == count, reason
    assert command(monkeypatch, "why", call, "--journal", day) == 0
    text = capsys.readouterr().out
    assert f"Each agent at that moment (event {first['event']} of the router):" in text
    assert re.search(rf"{first['agent']} +chosen: score", text)
    assert re.search(r"level too low: (french|english) \d+ of \d+ needed|skill missing", text)


def test_why_says_what_it_cannot_tell(
    day: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    call = offered_call(day)
    path = copy(day, tmp_path, "DELETE FROM router_trail")
    assert command(monkeypatch, "why", call, "--journal", path) == 0
    out = capsys.readouterr().out
    assert "was chosen because" in out
    assert "Each agent's own reason cannot be told: what the router was told then is not kept" in out
    path = copy(day, tmp_path, "UPDATE router_trail SET body = zeroblob(50) WHERE kind = 'events'")
    assert command(monkeypatch, "why", call, "--journal", path) == 0
    assert "cannot be read: the check sum does not fit" in capsys.readouterr().out
    assert command(monkeypatch, "why", "c-of-nobody", "--journal", path) == 1
    assert f"`softswitch calls recent --journal {path}` lists what it has" in capsys.readouterr().err


def test_a_stopped_switchs_folder_is_enough_to_find_a_call_and_ask_why(
    day: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each of the three takes the folder as well as the file in it."""
    for journal in (day, day.parent):
        assert command(monkeypatch, "calls", "recent", "--limit", "500", "--journal", journal, "--json") == 0
        records = json.loads(capsys.readouterr().out)
        served = [record["call"] for record in records if record["agent"]]
        assert len(records) > len(served) > 10
        assert command(monkeypatch, "why", served[0], "--journal", journal) == 0
        assert "was chosen because" in capsys.readouterr().out
    assert command(monkeypatch, "calls", "recent", "--limit", "3", "--journal", day.parent) == 0
    assert records[2]["call"] in capsys.readouterr().out
    assert command(monkeypatch, "replay", day.parent) == 0
    assert "Every decision is equal" in capsys.readouterr().out


def written(folder: Path, change: tuple[str, str] = ("", "")) -> Path:
    """The centre's files, with something else in them."""
    folder.mkdir()
    (folder / "centre.yaml").write_text(TRUNKS)
    text = _big()
    assert change[0] in text
    (folder / "big.yaml").write_text(text.replace(*change) if change[0] else text)
    return folder


class TestAnotherConfiguration:
    """`replay --config`: the recorded day, decided by another configuration."""

    @pytest.mark.parametrize("part", [0, 2])
    def test_the_same_one_changes_nothing(
        self,
        part: int,
        still: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """Every contact goes as it went, whatever is drawn: also from the middle of a run, with talks and
        rings that had begun before."""
        config = written(tmp_path / "same")
        store = Store.open_to_read(still)
        (run,) = store.trails.runs()
        store.close()
        since = run.from_wall_us + part * MINUTE
        at = datetime.fromtimestamp(since / 1_000_000, UTC).astimezone()
        words = ("--config", config, "--draws", 2, "--from", f"{at:%Y-%m-%d %H:%M:%S}", "--json")
        assert command(monkeypatch, "replay", still, *words) == 0
        (one,) = json.loads(capsys.readouterr().out)
        assert one["examples"] == []
        assert {what for what, _ in one["changes"]} <= {"same agent", "as before"}
        assert sum(count for _, count in one["changes"]) == one["contacts"] > 20
        assert one["asked"] > one["contacts"] - 10
        for was, now in zip(one["recorded"]["queues"], one["estimate"]["queues"], strict=True):
            assert now["answered"] == {"mean": was["answered"]["mean"], "half": 0}
            assert now["speed_of_answer_s"]["mean"] == pytest.approx(was["speed_of_answer_s"]["mean"])

    def test_flows_that_ask_otherwise_are_asked(
        self, still: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Nobody's French is so good: by the new flow these callers wait as long as they may, though its step
        has another number than on that day. Who came by a flow that is gone asks what was recorded."""
        change = (
            "sales_fr: [{queue: {name: sales, needs: {french: 60}}}",
            "sales_fr: [{pause_s: 1}, {queue: {name: sales, needs: {french: 85}, max_wait_s: 20}}",
        )
        config = written(tmp_path / "better", change)
        assert command(monkeypatch, "replay", still, "--config", config, "--draws", 2, "--json") == 0
        (one,) = json.loads(capsys.readouterr().out)
        changes = dict(one["changes"])
        assert one["asked"] == one["contacts"]
        assert changes["answered, now withdrawn"] > 3
        (sales,) = (queue for queue in one["estimate"]["queues"] if queue["queue"] == "sales")
        assert sales["too_long"]["mean"] >= changes["answered, now withdrawn"]
        gone = written(tmp_path / "gone", ("sales_fr", "vente_fr"))
        text = (gone / "big.yaml").read_text().replace("1: sales_fr", "1: vente_fr")
        (gone / "big.yaml").write_text(text)
        assert command(monkeypatch, "replay", still, "--config", gone, "--draws", 2) == 0
        told = re.search(r"(\d+) of (\d+) contacts ask what these flows ask", capsys.readouterr().out)
        assert told is not None
        assert int(told[1]) < int(told[2]) == one["contacts"]

    def test_the_same_one_decides_as_before(
        self, day: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """What follows from the router follows again; figures are those that were recorded, nearly."""
        config = written(tmp_path / "same")
        assert command(monkeypatch, "replay", day, "--config", config, "--draws", 3, "--json") == 0
        (one,) = json.loads(capsys.readouterr().out)
        changes = dict(one["changes"])
        same = changes.pop("same agent") + changes.pop("as before", 0)
        assert same > 0.8 * one["contacts"] > 50, one["changes"]
        for was, now in zip(one["recorded"]["queues"], one["estimate"]["queues"], strict=True):
            assert was["queue"] == now["queue"]
            assert was["entered"]["mean"] == now["entered"]["mean"]
            assert now["answered"]["mean"] == pytest.approx(was["answered"]["mean"], rel=0.1)
            assert now["service_level"]["mean"] == pytest.approx(was["service_level"]["mean"], abs=0.1)

    def test_fewer_who_may_serve_show_in_the_figures(
        self, day: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        config = written(tmp_path / "fewer", ("french: 80", "french: 10"))
        assert command(monkeypatch, "replay", day, "--config", config, "--draws", 3, "--json") == 0
        (one,) = json.loads(capsys.readouterr().out)
        assert command(monkeypatch, "replay", day, "--config", config, "--draws", 3) == 0
        text = capsys.readouterr().out
        was, now = one["recorded"]["queues"], one["estimate"]["queues"]
        assert now[0]["speed_of_answer_s"]["mean"] > was[0]["speed_of_answer_s"]["mean"]
        assert any(example["now_agent"] != example["recorded_agent"] for example in one["examples"])
        assert "another agent" in dict(one["changes"])
        assert "These are estimates." in text
        assert "Kaplan and Meier" in text
        assert re.search(r"sales .* recorded", text)
        assert "The first that differ" in text

    def test_a_configuration_that_does_not_fit(
        self, day: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        wrong = written(tmp_path / "wrong", ("most-skilled", "most-skillful"))
        assert command(monkeypatch, "replay", day, "--config", wrong) == 2
        assert re.search(r"big.yaml:\d+:\d+: ", capsys.readouterr().err)
        other = written(tmp_path / "other")
        (other / "big.yaml").rename(other / "oak.yaml")
        assert command(monkeypatch, "replay", day, "--config", other) == 1
        assert "has none of the tenants recorded: big" in capsys.readouterr().err
