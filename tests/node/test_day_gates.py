"""Hours, gates and exits of a day to simulate, in the dialplans' own words."""

import re
from pathlib import Path

import pytest

from switch.base.errors import ConfigurationError
from switch.node.day_files import read_day
from switch.wfm.scenario import GOOD_LINES, Accepts, BadLines, Press, Scenario
from switch.wfm.ways import ByHours, CallbackRules, CallsBack, Door, Ends, QueueRules, Queues, Shut, shut_at
from tests.node.test_day_centre import counts

SHOP = """\
name: Shop
languages: [en]
skills: [sales]
accounts: {1: {}, 2: {}, 110: {}}
agents:
  anna: {account: 1, skills: {sales: 60}, queues: [sales]}
  ben: {account: 2, skills: {sales: 30}}
hours: {shop: {mon-fri: 09:00-12:00}, night: {daily: 22:00-06:00, holidays: open}}
holidays: {12-25: Christmas}
queues:
  sales:
    hours: shop
    max_wait_s: 300
    max_estimate_s: 200
    contacts_max: 5
    leave_when: [no_agents, closed]
    widen_at_once_below: 2
    closed: [{hours: {when: night, closed: nobody, holiday: hangup}}, hangup]
    full: again
    timeout: [{take_message: sales}]
    estimate: choices
    no_agents: reception
    exit_keys: {0: reception, 9: again}
  overflow: {max_wait_s: 60}
numbers: {100: buy, 101: straight}
mailboxes: {sales: {}}
flows:
  buy:
    - hours: {when: shop, closed: reception, holiday: continue}
    - say: Welcome.
    - queue: {name: sales, needs: {sales: 50}, widen: [{after_s: 60, lower: 30}], timeout: again}
  straight:
    - menu: {keys: {1: [{queue: overflow}]}, otherwise: hangup}
  again: [{needs: {sales: 20}}, {say: Others will help.}, {queue: {name: overflow, full: again}}]
  reception: [{dial: {extension: 110}}, hangup]
  nobody: [{say: Good night.}, hangup]
  choices: [{menu: {keys: {1: again}}}]
"""

DAY = """\
dialplans: .
date: 2026-11-23
day: 08:00-14:00
calls: {orders: {flow: buy, needs: {sales: 10}, per_hour: {08:00: 5}}}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "shop.yaml").write_text(SHOP)
    return tmp_path


def read(folder: Path, text: str) -> Scenario:
    file = folder / "a.day.yaml"
    file.write_text(text)
    return read_day(file).scenario


HOUR_S = 3600


def test_the_gates_of_the_dialplans(shop: Path) -> None:
    """What each exit leads to, as far as a simulation knows: queues further, all else by its name."""
    scenario = read(shop, DAY)
    (stream,) = scenario.streams
    shut = (Shut(0, HOUR_S, "closed"), Shut(4 * HOUR_S, 25 * HOUR_S, "closed"))
    sales = scenario.rules[0]
    assert (sales.leave_when, sales.widen_at_once_below) == ({"no-agents", "closed"}, 2)
    assert sales.shut[:2] == (*shut[:1], Shut(4 * HOUR_S, 25 * HOUR_S, "closed"))
    exits = dict(stream.exits)
    night = exits["closed"]
    assert isinstance(night, ByHours)
    by_hour = [shut_at(night.shut, hour * HOUR_S) for hour in (0, 13, 14, 21, 22)]
    assert by_hour == ["closed", "closed", "", "", "closed"]
    assert (night.open, night.closed, night.holiday) == (Ends(""), Ends(""), Ends(""))
    assert exits["holiday"] == night
    assert exits["estimate"] == Ends("flow choices, step 1 menu")
    assert exits["no-agents"] == exits["key 0"] == Ends("dial 110")
    assert exits["timeout"] == exits["full"] == exits["key 9"] == Queues(0)
    assert (stream.estimate_s_max, stream.max_wait_s) == (200, 300)
    (further,) = scenario.waits
    assert (further.queue, further.max_wait_s) == ("overflow", 60)
    # What was gathered on the way goes along; what the step asked for itself does not.
    assert [need.level for need in further.requirement.steps[0].needs] == [20]
    # It sends those whom it cannot take round to itself: known, and bounded when it is run.
    assert dict(further.exits)["full"] == Queues(0)
    assert dict(further.exits)["timeout"] == Ends("")


def test_hours_before_the_queue_are_a_door(shop: Path) -> None:
    """Closed goes to reception; a holiday goes on to the queue, which then has its own gate."""
    (stream,) = read(shop, DAY).streams
    (door,) = stream.doors
    assert isinstance(door, Door)
    assert (door.closed, door.holiday) == (Ends("dial 110"), None)
    assert read(shop, DAY.replace("flow: buy", "flow: straight")).streams[0].doors == ()


@pytest.mark.parametrize(
    ("date", "at_eight", "at_ten"),
    [
        ("2026-11-23", "closed", ""),
        ("2026-11-22", "closed", "closed"),
        ("2026-12-25", "holiday", "holiday"),
    ],
)
def test_the_date_says_what_day_it_is(shop: Path, date: str, at_eight: str, at_ten: str) -> None:
    rules = read(shop, DAY.replace("2026-11-23", date)).rules[0]
    assert [shut_at(rules.shut, at_s) for at_s in (0, 2 * HOUR_S)] == [at_eight, at_ten]


def test_without_a_date_it_is_an_ordinary_monday(shop: Path) -> None:
    usual = read(shop, DAY.replace("date: 2026-11-23\n", ""))
    assert usual == read(shop, DAY)
    holidays = DAY.replace("date: 2026-11-23", "holidays: {01-05: Feast}")
    assert shut_at(read(shop, holidays).rules[0].shut, 2 * HOUR_S) == ""


def test_what_differs_is_stated_by_the_day(shop: Path) -> None:
    """Another closing time, another way out, another patience of the queue: all else stays."""
    words = """\
hours: {shop: {mon: 08:00-13:00}}
queues:
  sales: {max_wait_s: 90, max_estimate_s: 50, leave_when: no_agents, full: {queue: overflow},
          exit_keys: {9: hangup}}
"""
    (stream,) = read(shop, DAY).streams
    changed = read(shop, DAY + words)
    (other,) = changed.streams
    assert (other.max_wait_s, other.estimate_s_max) == (90, 50)
    assert changed.rules[0].shut[0] == Shut(5 * HOUR_S, 30 * HOUR_S, "closed")
    assert changed.rules[0].leave_when == {"no-agents"}
    before, after = dict(stream.exits), dict(other.exits)
    kept = {gate for gate in before if before[gate] == after[gate]}
    assert kept >= {"no-agents", "nobody-ready", "estimate", "key 0"}
    assert after["key 9"] == Ends("")
    full = after["full"]
    assert isinstance(full, Queues)
    assert changed.waits[full.wait].requirement.steps[0].needs[0].level == 10


def test_a_day_without_dialplans_has_the_same_words(tmp_path: Path) -> None:
    text = """\
day: 08:00-12:00
date: 2026-12-24
hours: {shop: {daily: 09:00-18:00, holidays: closed}}
holidays: {12-24: Christmas Eve}
queues:
  sales: {hours: shop, leave_when: closed, closed: {queue: help}, exit_keys: {0: {queue: help}},
          otherwise: hangup}
  help: {}
groups: {people: {agents: 1}}
calls:
  orders: {queue: sales, per_hour: {08:00: 30}, max_estimate_s: 60, presses: {0: {share: 0.5, after_s: 30}}}
"""
    scenario = read(tmp_path, text)
    (stream,) = scenario.streams
    shut = (Shut(0, 16 * HOUR_S, "holiday"), Shut(16 * HOUR_S, 25 * HOUR_S, "closed"))
    assert scenario.rules == (QueueRules("sales", shut, frozenset({"closed"})),)
    exits = dict(stream.exits)
    ways = [exits[gate] for gate in ("holiday", "closed", "key 0")]
    assert [scenario.waits[way.wait].queue for way in ways if isinstance(way, Queues)] == ["help"] * 3
    assert (stream.presses, stream.estimate_s_max) == ((Press("key 0", 0.5, 30),), 60)
    whole = counts(tmp_path, text, "sales")
    assert whole.entered == whole.closed == counts(tmp_path, text, "help").entered > 0


@pytest.mark.parametrize(
    ("old", "new", "place", "said"),
    [
        ("2026-11-23", "2026-13-23", "2:7", "a date such as 2026-12-24 was expected, found '2026-13-23'"),
        ("2026-11-23", "12-24", "2:7", "a date such as 2026-12-24 was expected, found '12-24'"),
        ("flow: buy,", "flow: buy, presses: {5: {share: 1}},", "4:39", "unknown key of queue 'sales' '5'"),
        ("flow: buy,", "flow: buy, presses: {0: {}},", "4:39", "share"),
        ("flow: buy,", "flow: buy, max_estimate_s: 5,", "4:29", "the flow states 'max_estimate_s'"),
        ("date:", "hours: {shop: {mon: 9-5}}\ndate:", "2:21", "hours such as"),
        (
            "date:",
            "queues: {sales: {hours: shops}}\ndate:",
            "2:25",
            "unknown hours 'shops'; did you mean 'shop'?",
        ),
        (
            "date:",
            "queues: {sales: {full: agian}}\ndate:",
            "2:24",
            "unknown flow 'agian'; did you mean 'again'?",
        ),
        ("date:", "queues: {overflow: {leave_when: closed}}\ndate:", "2:33", "'closed' never comes"),
        ("date:", "queues: {sales: {leave_when: open}}\ndate:", "2:30", "'open' is not known here"),
    ],
)
def test_mistakes_have_their_place(shop: Path, old: str, new: str, place: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read(shop, DAY.replace(old, new, 1))
    problem = refused.value.problems[0]
    assert (f"{problem.line}:{problem.column}", said in problem.message) == (place, True), problem


def test_shares_of_keys_are_together_at_most_one(shop: Path) -> None:
    keys = "presses: {0: {share: 0.6}, 9: {share: 0.6}},"
    with pytest.raises(ConfigurationError, match="shares that are 1 together"):
        read(shop, DAY.replace("flow: buy,", f"flow: buy, {keys}"))


CALLED = """\
day: 08:00-12:00
hours: {calling: {mon-fri: 08:00-11:00}}
queues:
  line:
    callback: {offer_after_s: 0, offer_every_s: 40, tries: 2, retry_minutes: 10, expires_minutes: 60,
               hours: calling, ring_s: 20}
    last_agent: {wait_s: 15, remember_days: 2}
    max_wait_s: 60
    timeout: [{callback: line}, hangup]
  plain: {}
groups: {people: {agents: 1}}
calls:
  orders: {queue: line, per_hour: {08:00: 30}, called_back: {accept: 0.5, reached: 0.6}, repeat: 0.25}
"""


def test_callbacks_and_the_last_agent_of_a_queue(tmp_path: Path) -> None:
    scenario = read(tmp_path, CALLED)
    (rules,) = scenario.rules
    shut = (Shut(3 * HOUR_S, 24 * HOUR_S, "closed"), Shut(27 * HOUR_S, 28 * HOUR_S, "closed"))
    assert rules.callback == CallbackRules(2, 600, 3600, 20, 40, shut)
    assert (rules.sticky_s, rules.remember_s) == (15, 2 * 24 * HOUR_S)
    (stream,) = scenario.streams
    assert (stream.accepts, stream.repeat) == (Accepts(0.5, 0.6, 10), 0.25)
    assert dict(stream.exits)["timeout"] == CallsBack(0, Ends(""))
    assert (scenario.waits[0].queue, counts(tmp_path, CALLED, "line").chose > 0) == ("line", True)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("hours: calling", "hours: caling", "unknown hours 'caling'; did you mean 'calling'?"),
        ("tries: 2", "tries: 0", "at least 1"),
        ("wait_s: 15", "wait: 15", "unknown word 'wait'; did you mean 'wait_s'?"),
        ("accept: 0.5", "accept: 2", "at most 1"),
        ("accept: 0.5, ", "", "accept"),
        ("{callback: line}", "{callback: plain}", "queue 'plain' calls nobody back"),
    ],
)
def test_mistakes_about_callbacks(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(said)):
        read(tmp_path, CALLED.replace(old, new, 1))


def test_nobody_is_called_back_by_a_queue_that_does_not(tmp_path: Path) -> None:
    calls = "{b: {queue: line, per_hour: {8:00: 1}, called_back: {accept: 1}}}"
    text = f"queues: {{line: {{}}}}\ngroups: {{a: {{}}}}\ncalls: {calls}\n"
    with pytest.raises(ConfigurationError, match=r"3:47: no queue calls anybody back"):
        read(tmp_path, text)


def test_bad_lines(tmp_path: Path, shop: Path) -> None:
    text = """\
groups: {people: {agents: 5, bad_lines: {share: 0.4, loss: 12}}, others: {}}
queues: {line: {}}
calls: {orders: {queue: line, per_hour: {08:00: 30}}}
"""
    workers = read(tmp_path, text).workers
    assert [worker.line for worker in workers] == [BadLines(0.4, 0.12)] * 5 + [GOOD_LINES]
    with pytest.raises(ConfigurationError, match=r"1:49: share: at most 1"):
        read(tmp_path, text.replace("0.4", "1.4"))
    named = read(shop, DAY + "bad_lines: {anna: {loss: 20}}\n")
    assert [worker.line for worker in named.workers] == [BadLines(1, 0.2), GOOD_LINES]
    assert named.watch_lines
    assert not read(shop, DAY + "routing: {watch_lines: false}\n").watch_lines
    with pytest.raises(ConfigurationError, match="unknown agent 'ana'; did you mean 'anna'"):
        read(shop, DAY + "bad_lines: {ana: {loss: 20}}\n")
