"""A simulated day runs the router that the node would run: the same words, the same settings."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from switch.acd import events as ev
from switch.acd.decisions import Decision
from switch.acd.select import RouterLike, make_router
from switch.acd.settings import Need, Order, Preference, Step
from switch.base.errors import ConfigurationError
from switch.dialplan.centre import load_centre
from switch.node.day_files import DayFile, read_day
from switch.node.dialplan_files import read_dialplans
from switch.node.translate import router_events
from switch.wfm.day import Day, DayResult, simulate_day
from switch.wfm.draws import Draws
from switch.wfm.results import Counts, sheet_of, total

SHOP = """\
name: Shop
time_zone: Europe/Paris
languages: [fr, en]
skills: [sales, trainee, tools]
teams: [north, south]
routing: {order: service-level, assign: batch, ageing_s: 30, channels: {chat: 25}, own_calls_reset_idle: true,
          day_start: 06:00}
accounts: {1: {}, 2: {}}
agents:
  anna: {account: 1, skills: {sales: 60}, languages: {fr: 80}, teams: north, weight: 3, units: 200,
         most: {chat: 3}}
  ben: {account: 2, skills: {sales: 30, tools: 50}, languages: {en: 90}, teams: [south]}
queues:
  sales: {policy: idleness-ratio, shares: {north: 2, south: 1}, share: 4, cost: 5, handling_s: 90, target: 70,
          also_missed: [busy], match_language: 50, max_wait_s: 300}
  rings: {policy: ring-progressively, ring_more_s: 7, max_wait_s: 60}
numbers: {100: buy}
flows:
  buy:
    - queue:
        name: sales
        needs: {sales: 50}
        none_of: trainee
        prefer: {tools: 4}
        teams: north
        widen: [{after_s: 20, lower: 30, teams: all, queues: rings}, {after_s: 50, drop: language}]
  both:
    - queue: sales
    - queue: rings
"""

DAY = """\
dialplans: .
calls:
  orders: {flow: buy, language: fr, per_hour: {08:00: 5}}
"""


class Ear:
    """A router, and all that it was told."""

    def __init__(self, router: RouterLike) -> None:
        self.told: list[ev.Event] = []
        self._router = router

    def __getattr__(self, name: str) -> object:
        return getattr(self._router, name)

    def apply(self, event: ev.Event, now: int) -> Sequence[Decision]:
        self.told.append(event)
        return self._router.apply(event, now)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "shop.yaml").write_text(SHOP)
    return tmp_path


def read(folder: Path, text: str) -> DayFile:
    file = folder / "a.day.yaml"
    file.write_text(text)
    return read_day(file)


def run(folder: Path, text: str) -> tuple[DayFile, DayResult]:
    file = read(folder, text)
    return file, simulate_day(file.scenario, make_router(1), 1, 0)


def counts(folder: Path, text: str, queue: str) -> Counts:
    file, day = run(folder, text)
    return total(sheet_of(file.scenario, day).queues[queue])


def test_the_router_is_told_what_the_node_tells_it(shop: Path) -> None:
    """Routing, queues and agents of the same YAML, word for word; and a caller asks what the flow asks."""
    scenario = read(shop, DAY).scenario
    ear = Ear(make_router(1))
    Day(scenario, Draws(scenario, 1, 0), ear).run()  # type: ignore[arg-type]  # it passes all else on
    plan = load_centre(read_dialplans(shop)).tenants["shop"]
    seven_utc = 1_700_000_000_000_000 // 86_400_000_000 * 86_400_000_000 + 7 * 3_600_000_000
    by_node = router_events(plan, None, 0, seven_utc)
    settings = (ev.SetTenant, ev.SetQueue, ev.SetAgent)
    assert [event for event in ear.told if isinstance(event, settings)] == by_node
    arrived = next(event.contact for event in ear.told if isinstance(event, ev.Arrive))
    french = Need("language:fr", 50)
    none_of, prefer = (Need("trainee", 1),), (Preference("tools", 4),)
    assert arrived.requirement.steps == (
        Step(0, (french, Need("sales", 50)), (), none_of, prefer, ("north",)),
        Step(20_000_000, (Need("language:fr", 20), Need("sales", 20)), (), none_of, prefer, (), ("rings",)),
        Step(50_000_000, (Need("sales", 20),), (), none_of, prefer, (), ("rings",)),
    )
    assert (arrived.queue, arrived.priority, scenario.streams[0].max_wait_s) == ("sales", 0, 300)


def test_the_same_words_without_dialplans(shop: Path) -> None:
    """A day that states everything itself is told to the router in the same way."""
    text = """\
routing: {order: service-level, assign: batch, ageing_s: 30, channels: {chat: 25}, own_calls_reset_idle: true,
          day_start: 06:00}
queues:
  sales: {policy: idleness-ratio, shares: {north: 2, south: 1}, share: 4, cost: 5, handling_s: 90, target: 70,
          also_missed: [busy], match_language: 50, max_wait_s: 300}
  rings: {policy: ring-progressively, ring_more_s: 7, max_wait_s: 60}
groups:
  anna: {skills: {sales: 60, trainee: 1}, languages: {fr: 80}, teams: north, weight: 3, units: 200,
         most: {chat: 3}}
  ben: {skills: {sales: 30, tools: 50}, languages: {en: 90}, teams: [south]}
calls:
  orders:
    queue: sales
    language: fr
    needs: {sales: 50}
    none_of: trainee
    prefer: {tools: 4}
    teams: north
    widen: [{after_s: 20, lower: 30, teams: all, queues: rings, drop: trainee}, {after_s: 50, drop: language}]
    per_hour: {08:00: 5}
  chats: {queue: rings, channel: chat, per_hour: {08:00: 5}}
"""
    stated, named = read(shop, text).scenario, read(shop, DAY).scenario
    assert (stated.tenant, stated.queues) == (named.tenant, named.queues)
    ours, theirs = (
        [(w.agent.teams, w.agent.weight, w.agent.units, w.agent.most) for w in scenario.workers]
        for scenario in (stated, named)
    )
    assert ours == theirs
    orders, chats = stated.streams
    assert orders.requirement.steps[0] == named.streams[0].requirement.steps[0]
    assert (orders.priority, orders.max_wait_s, chats.channel) == (0, 300, "chat")


TWO_QUEUES = """\
day: 08:00-12:00
routing: {order: ORDER}
queues:
  strict: {service_level_s: 60, target: 95}
  lenient: {service_level_s: 600, target: 50}
groups: {people: {agents: 8, answer_s: 0}}
calls:
  strict: {queue: strict, per_hour: {08:00: 75}, patience_s: 300}
  lenient: {queue: lenient, per_hour: {08:00: 75}, patience_s: 300}
"""


def test_the_order_of_contacts_changes_the_figures(tmp_path: Path) -> None:
    """Who is close to missing a promise goes first: the strict queue keeps more of it, the other pays."""
    usual = counts(tmp_path, TWO_QUEUES.replace("ORDER", "first-come"), "strict")
    aware = counts(tmp_path, TWO_QUEUES.replace("ORDER", "service-level"), "strict")
    assert usual.entered == aware.entered > 200
    assert aware.in_time > usual.in_time + 10


def test_batches_change_the_figures(tmp_path: Path) -> None:
    """Two callers widen at one moment. One by one the first takes the agent who knows both subjects, and the
    second waits; matched as a whole, both are served at once."""
    (tmp_path / "calls.csv").write_text("at,handling_s\n08:00:01,60\n")
    text = """\
day: 08:00-09:00
routing: {assign: ASSIGN}
queues: {line: {policy: most-skilled}}
groups:
  both: {skills: {french: 50, tools: 50}, answer_s: 0}
  one: {skills: {french: 30}, answer_s: 0}
calls:
  words: {queue: line, needs: {french: 60}, widen: [{after_s: 10, lower: 40}], trace: calls.csv}
  tools: {queue: line, needs: {tools: 60}, widen: [{after_s: 10, lower: 40}], trace: calls.csv}
"""
    one_by_one, batch = (
        counts(tmp_path, text.replace("ASSIGN", how), "line") for how in ("one-by-one", "batch")
    )
    assert (one_by_one.answered_wait_s, batch.answered_wait_s) == (10 + 70, 10 + 10)


def test_widening_changes_the_figures(tmp_path: Path) -> None:
    """The same callers with and without a second ring: with it the other group helps after ten seconds."""
    text = """\
day: 08:00-12:00
queues: {line: {}}
groups:
  experts: {agents: 3, skills: {tools: 80}}
  others: {agents: 3, skills: {tools: 20}}
calls:
  faults: {queue: line, needs: {tools: 50}, per_hour: {08:00: 60}, patience_s: 300}
"""
    wider = text.replace("per_hour", "widen: [{after_s: 10, lower: 30}], per_hour")
    narrow, wide = (counts(tmp_path, words, "line") for words in (text, wider))
    assert narrow.entered == wide.entered
    assert narrow.abandoned > wide.abandoned + 10


def test_own_calls_keep_agents_from_the_queue(tmp_path: Path) -> None:
    text = TWO_QUEUES.replace("ORDER", "first-come").replace("08:00: 75", "08:00: 40")
    alone = counts(tmp_path, text, "strict")
    busy = counts(tmp_path, text + "own_calls_per_hour: 8\nown_call_s: 240\n", "strict")
    assert busy.speed_of_answer_s > 2 * alone.speed_of_answer_s


def test_chats_share_an_agent(tmp_path: Path) -> None:
    """Four chats at a time: one agent does what takes several with calls, at most all of it."""
    text = """\
routing: {channels: {chat: 25}}
queues: {line: {}}
groups: {people: {agents: 1, answer_s: 0}}
calls: {chats: {queue: line, channel: CHANNEL, per_hour: {08:00: 25}, handling_s: 300, patience_s: 120}}
"""
    file, day = run(tmp_path, text.replace("CHANNEL", "chat"))
    chats = sheet_of(file.scenario, day)
    calls = counts(tmp_path, text.replace("CHANNEL", "voice"), "line")
    assert total(chats.queues["line"]).answered > 2 * calls.answered
    assert sum(chats.busy_s["people"]) < sum(chats.staffed_s["people"])
    assert {part for *_, part in day.talks} == {0.25}


def test_fewest_calls_counts_from_the_start_of_the_day(tmp_path: Path) -> None:
    file = read(tmp_path, TWO_QUEUES.replace("order: ORDER", "order: cost, day_start: 07:30"))
    assert (file.scenario.tenant.day_start_us, file.scenario.tenant.order) == (-1_800_000_000, Order.COST)


@pytest.mark.parametrize(
    ("old", "new", "place", "said"),
    [
        ("order: ORDER", "order: service", "2:18", "did you mean 'service-level'?"),
        ("order: ORDER", "odrer: cost", "2:11", "unknown word 'odrer'; did you mean 'order'?"),
        ("target: 95", "shares: {west: 1}", "4:42", "unknown team 'west'"),
        ("target: 95", "policy: idleness-ratio", "4:41", "idleness-ratio needs 'shares'"),
        ("target: 95", "also_missed: [bussy]", "4:47", "'bussy' is not known here"),
        ("answer_s: 0", "most: {fax: 1}", "6:37", "unknown channel 'fax'"),
        ("answer_s: 0", "weight: 0", "6:38", "at least 1"),
        ("queue: strict,", "queue: strict, teams: west,", "8:34", "unknown team 'west'"),
        ("queue: strict,", "queue: strict, language: fr,", "8:37", "unknown language 'fr'"),
        ("queue: strict,", "queue: strict, channel: fax,", "8:36", "unknown channel 'fax'"),
        ("queue: strict,", "queue: strict, widen: [{after_s: 5}],", "8:35", "this ring widens nothing"),
        ("queue: strict,", "queue: strict, prefer: tools,", "8:35", "unknown skill 'tools'"),
        ("queue: strict,", "flow: buy,", "8:18", "state 'dialplans' as well"),
        ("queue: strict,", "per_hours: {},", "8:12", "unknown word 'per_hours'"),
    ],
)
def test_mistakes_have_their_place(tmp_path: Path, old: str, new: str, place: str, said: str) -> None:
    text = TWO_QUEUES if "ORDER" in old else TWO_QUEUES.replace("ORDER", "cost")
    assert old in text
    with pytest.raises(ConfigurationError) as refused:
        read(tmp_path, text.replace(old, new, 1))
    problem = refused.value.problems[0]
    assert (f"{problem.line}:{problem.column}", said in problem.message) == (place, True), problem


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("flow: bye", "unknown flow 'bye'; did you mean 'buy'?"),
        ("flow: both", "found: rings, sales; state which 'queue' is meant"),
        ("flow: buy, priority: 3", "the flow states 'priority'; state 'queue' instead of it"),
        ("flow: buy, needs: {sales: 90, tools: 90}", "no agent of queue 'sales' can satisfy"),
        ("queue: sales, needs: {sale: 9}", "unknown skill 'sale'; did you mean 'sales'?"),
    ],
)
def test_mistakes_about_flows(shop: Path, words: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        read(shop, DAY.replace("flow: buy, language: fr", words))


def test_a_flow_with_two_queues(shop: Path) -> None:
    day = read(shop, DAY.replace("flow: buy, language: fr", "flow: both, queue: rings"))
    assert day.scenario.streams[0].queue == "rings"
