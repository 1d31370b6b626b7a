"""A scenario fails where the story goes otherwise, and says where and how."""

import pytest

from switch.base.errors import ConfigurationError
from switch.dialplan.scenarios import run_scenarios
from tests.dialplan.plans import centre

CENTRE = centre(
    shop="""\
    numbers: {100: main}
    accounts: {5: {}}
    skills: [sales]
    agents: {a: {account: 5, skills: {sales: 9}}}
    queues: {q: {max_wait_s: 30}}
    prompts: {hello: Hello there}
    flows:
      main:
        - play: hello
        - queue: {name: q, needs: {sales: 5}}
    """
)


def _problem(*lines: str, called: str = "100") -> str:
    story = "".join(f"      - {line}\n" for line in lines)
    head = f"scenarios:\n  - name: x\n    call: {{to: {called}, at: 2026-07-15 10:00}}\n    story:\n"
    (result,) = run_scenarios(CENTRE, {"shop.scenario.yaml": head + story})
    return str(result.problem or "")


def test_a_right_story() -> None:
    served = ("hears: Hello there", "enters: {queue: q, needs: {sales: 5}}", "hears: music", "agent_answers")
    assert _problem(*served, "agent_hangs_up", "ends") == ""
    waited = ("hears: {en: hello}", "enters: q", "hears: music", "waits_s: 30", "leaves: timeout")
    assert _problem(*waited, "hears: all-agents-busy", "ends") == ""
    assert _problem("hears: hello", "enters: {queue: q, refused: full}", "hears: queue-full", "ends") == ""


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["hears: helo"], ":5:9: x: expected to hear helo, but the dialplan plays hello (en)"),
        (["hears: {fr: hello}"], ":5:9: x: expected to hear hello (fr), but the dialplan plays hello (en)"),
        (["ends"], ":5:9: x: expected the call to end, but the dialplan plays hello (en)"),
        (["hears: hello", "enters: r"], ":6:9: x: the dialplan enters queue q with needs {sales: 5}"),
        (["hears: hello", "enters: {queue: q, needs: {}}"], ":6:9: x: the dialplan enters queue q"),
        (["hears: hello", "enters: q"], ":6:9: x: after this the dialplan plays music"),
        (["hears: hello", "ends"], ":6:9: x: expected the call to end, but the dialplan enters queue q"),
        (["presses: 1"], ":5:9: x: before this the dialplan plays hello (en)"),
        (
            ["hears: hello", "enters: q", "hears: music", "ends"],
            "expected the call to end, but the dialplan waits",
        ),
        (
            ["hears: hello", "enters: q", "hears: music", "waits_s: 29", "leaves: timeout"],
            "the dialplan waits",
        ),
        (["hers: hello"], ":5:9: x: unknown line 'hers'; did you mean 'hears'?"),
        (["hears: hello", "enters: {queu: q}"], "unknown word 'queu'; did you mean 'queue'?"),
        (["hears: hello", "enters: q", "hears: music", "waits_s: long"], "a number of seconds was expected"),
    ],
)
def test_where_it_goes_otherwise(lines: list[str], expected: str) -> None:
    assert expected in _problem(*lines)


def test_a_number_that_leads_nowhere() -> None:
    assert "no flow for 101; did you mean '100'?" in _problem("ends", called="101")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("scenaros: []", "1:1: unknown word 'scenaros'; did you mean 'scenarios'?"),
        ("scenarios: [{name: x, call: {to: 1, at: soon}, story: [ends]}]", "text of the form"),
        ("scenarios: [{name: x, tenant: shp, call: {to: 1, at: 2026-07-15 10:00}, story: [ends]}]", "'shop'"),
        ("scenarios: [", "this is not YAML"),
    ],
)
def test_files_that_are_no_scenarios(text: str, expected: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        run_scenarios(CENTRE, {"s.scenario.yaml": text})
    assert expected in str(caught.value)
