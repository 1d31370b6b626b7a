"""docs/peers.md names tests that exist, and knobs that stand in dialplans which these tests load and try."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "peers.md").read_text()
KNOBS = PAGE[PAGE.index("## Knobs") :]
EXAMPLES = "\n".join(path.read_text() for path in sorted((ROOT / "dialplans" / "peers").glob("*.yaml")))

SHOWN_ELSEWHERE = {"max_estimate_s", "unservable"}
"""Words by which a reason names what to use instead; tests/exchange/test_gates.py shows them."""

PEERS = ROOT.parent / "shared" / "PEERS.md"
"""What the page must answer to: the customer's list, kept beside the checkout."""

PROSE = {
    *("conf", "Distribution", "Timing", "Availability", "Announcements", "Also", "Outcomes", "to caller"),
    *("** Strategies", "**Asterisk queues", "**FreeSWITCH mod_callcenter", "**Clouds", "workflows of"),
    *("AND of level ≥ n", "duration", "then the next", "up to 6", "100 in all", "voice 100", "chat 20"),
}
"""Headings and halves of sentences of that list, which are no knobs."""

CALLED_HERE = {
    "max by seconds waited": "penalty rules",
    "priority of the caller": "the caller's priority",
    "with delay": "autopausedelay",
    "to agent": "to the agent",
    "hold time": "announce-holdtime",
    "rounding": "announce-round-seconds",
    "music class": "musicclass",
    "recording": "monitor-type",
    "member sub-routine": "membermacro",
    "max wait with no agent": "max-wait-time-with-no-agent",
    "delays after reject": "reject-delay-time",
    "expression filters with targets": "expression filters, targets",
    "capacity units by channel": "capacity by channel",
    "outbound calls that do not reset the idle order": "outbound calls keep the idle order",
}
"""What the list says in other words than the page, which has the peers' own."""


def rows(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("|") and not line.startswith("| ---")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in cells if row[0] != "there"]


def defined(pattern: str) -> set[str]:
    sources = "\n".join(path.read_text() for path in (ROOT / "tests").rglob(pattern))
    return set(re.findall(r"def (test_\w+)", sources))


def test_each_test_that_is_named_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    assert len(named) > 50
    assert named <= defined("test_*.py"), sorted(named - defined("test_*.py"))


NOT_ROUTING = {22}
"""Recordings and transfers: docs/decisions/0017 has it."""


def test_each_bug_of_others_that_concerns_routing_has_its_row() -> None:
    """There are 25 in the customers' list; a row may stand for two."""
    bugs = [row for row in rows(PAGE[: PAGE.index("## Knobs")]) if row[0][0].isdigit()]
    assert {int(number) for row in bugs for number in row[0].split(", ")} == set(range(1, 26)) - NOT_ROUTING
    for row in bugs:
        assert re.search(r"`test_\w+`", row[2]), row


def test_each_knob_has_a_test_with_ringing_phones_or_a_reason() -> None:
    tried = defined("test_knobs_*.py")
    assert len(rows(KNOBS)) > 70
    for knob in rows(KNOBS):
        assert len(knob) == 3, knob
        shown = set(re.findall(r"`(test_\w+)`", knob[2]))
        assert shown <= tried, (knob, shown - tried)
        assert shown or knob[1].startswith(("not supported, because", "always")), knob


def plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", text.lower()).strip()


def test_each_knob_of_the_customers_list_has_a_row() -> None:
    if not PEERS.exists():
        pytest.skip("the list is not here: expected ../shared/PEERS.md beside the checkout")
    text = PEERS.read_text()
    listed = text[text.index("**Asterisk queues.conf.**") : text.index("## 3.")]
    words = {word.strip() for word in re.split(r"[,;:.()\u00d7\n]| and |/", listed)} - PROSE - {""}
    assert len(words) > 120
    there = plain(" ".join(row[0] for row in rows(KNOBS)))
    assert sorted(word for word in words if plain(CALLED_HERE.get(word, word)) not in there) == []


def test_each_knob_that_is_tried_is_on_the_page() -> None:
    assert defined("test_knobs_*.py") - set(re.findall(r"`(test_\w+)`", KNOBS)) == set()


@pytest.mark.parametrize(
    "knob",
    rows(KNOBS[: KNOBS.index("The words of `queue_log`")]) + rows(KNOBS[KNOBS.index("### FreeSWITCH") :]),
    ids=lambda knob: knob[0][:40],
)
def test_each_word_stands_in_an_example_and_is_explained(knob: list[str]) -> None:
    """Values such as `ring-all` as well as words; commands and states are no words of YAML."""
    told = (ROOT / "docs" / "administrators.md").read_text()
    supported = knob[1].partition("not supported")[0]
    for word in re.findall(r"[a-z][a-z0-9_-]+", " ".join(re.findall(r"`([^`]+)`", supported))):
        if (
            word
            in {"softswitch", "recordings", "dialplan", "check", "missed", "longest", "yaml"}
            | SHOWN_ELSEWHERE
        ):
            continue
        assert re.search(rf"(?<![\w-]){word}(?![\w-])", EXAMPLES), word
        assert re.search(rf"(?<![\w-]){word}(?![\w-])", told), word
