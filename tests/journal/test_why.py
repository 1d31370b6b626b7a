"""Why that agent: the structure and the words, from hand-made journals."""

import json
from dataclasses import replace

from switch.journal.entry import Entry, Journal
from switch.journal.events import (
    AgentConnected,
    AudioAlarm,
    CallStarted,
    Event,
    GatewayTried,
    LegAnswered,
    LegEnded,
    LegHeld,
    LegMeasured,
    LegOpened,
    OfferEnded,
    Queued,
    QueueRefused,
    Transferred,
    VisitEnded,
)
from switch.journal.room_events import ToneHeard
from switch.journal.why import Explanation, document, explain
from switch.journal.words import tell
from tests.journal.sample import ONE, WALL, S, ended, offer, queued_call


def _explained(*steps: tuple[int, Event]) -> Explanation:
    journal = Journal(wall_offset_us=WALL)
    entries = [journal.write(event, at * S, tenant="acme", call="c-2") for at, event in steps]
    explanation = explain(entries)
    assert explanation is not None
    return explanation


def test_the_words_of_a_call_with_two_offers() -> None:
    explanation = explain(queued_call())
    assert explanation is not None
    assert "\n".join(tell(explanation)) == WORDS


WORDS = """\
Call c-1 of tenant acme: +33123456789 called +33800000000, inbound from carrier, \
2025-06-15 15:06:40 UTC.
    +1.0 s  carrier (caller) answered, PCMA.
    +1.0 s  flow main: menu 1.
    +4.0 s  Entered queue support at place 1, priority 0, needing french>=50.
    +5.0 s  Offer 7 went to anna.
              6 agents looked at, 3 could take it with french at 50 or more.
              Not candidates: 2 busy, 1 without a needed skill.
              Scores by most-skilled: anna 80 (idle 30.0 s), carl 70 (idle 20.0 s), and 1 more.
              anna was chosen because the score was the highest.
    +5.0 s  calling 101 (agent).
    +5.0 s  101 (agent) rings.
   +25.0 s  101 (agent) left: no-answer, by switch.
   +25.0 s  Offer 7 to anna ended after 20.0 s: the agent did not answer in time.
   +26.0 s  Offer 8 went to bob.
              6 agents looked at, 3 could take it with french at 50 or more.
              Not candidates: 2 busy, 1 without a needed skill.
              Scores by most-skilled: bob 80 (idle 30.0 s), carl 80 (idle 20.0 s), and 1 more.
              bob was chosen because scores were equal, and this agent was idle the longest.
   +26.0 s  calling 102 (agent).
   +30.0 s  Offer 8 to bob ended after 4.0 s: the agent answered.
   +30.0 s  carrier (caller) talks with 102 (agent).
   +90.0 s  carrier (caller) left: normal, by caller.
   +90.0 s  Left queue support after a wait of 26.0 s and a talk of 60.0 s with bob.
   +91.0 s  The call ended: normal, by caller, SIP status 200."""


def test_the_structure_of_a_call_with_two_offers() -> None:
    explanation = explain(reversed(queued_call()))
    assert explanation is not None
    (visit,) = explanation.visits
    missed, taken = visit.offers
    assert (missed.agent, missed.outcome, missed.lasted_us) == ("anna", "no-answer", 20 * S)
    assert (taken.agent, taken.outcome, taken.lasted_us) == ("bob", "answered", 4 * S)
    assert taken.exclusions == (("busy", 2), ("skill-missing", 1))
    assert [(rank.agent, rank.score) for rank in taken.best] == [("bob", 80 * ONE), ("carl", 80 * ONE)]
    assert (visit.agent, visit.outcome, visit.waited_us, visit.talked_us) == ("bob", "ended", 26 * S, 60 * S)


def test_the_document_is_json() -> None:
    explanation = explain(queued_call())
    assert explanation is not None
    read = json.loads(json.dumps(document(explanation)))
    assert read["visits"][0]["offers"][0]["tie_break"] == "score"
    assert read["ending"]["cause"] == "normal"


def test_no_entries_no_story() -> None:
    assert explain([]) is None


def test_a_call_that_never_queued() -> None:
    explanation = _explained(
        (0, CallStarted("internal", "101", "102", "101", "sip-2")),
        (0, LegOpened("l-1", "caller", "101")),
        (0, LegOpened("l-2", "callee", "102")),
        (3, LegAnswered("l-2", "PCMU")),
        (5, LegHeld("l-1", True)),
        (8, Transferred("l-1", "103", "connected")),
        (9, ended(queue="", agent="")),
    )
    assert explanation.visits == ()
    text = "\n".join(tell(explanation))
    assert "It never entered a queue, so no agent was chosen for it." in text
    assert "102 (callee) answered, PCMU." in text
    assert "101 (caller) transferred to 103: connected." in text


def test_a_call_to_the_outside_says_which_gateways_were_tried() -> None:
    explanation = _explained(
        (0, CallStarted("outbound", "101", "0612345678", "101", "sip-2")),
        (0, LegOpened("l-1", "caller", "101")),
        (0, LegOpened("l-2", "callee", "carrier")),
        (0, GatewayTried("l-2", "carrier", "sip.carrier.example (192.0.2.1:5060)")),
        (9, ended(queue="", agent="")),
    )
    text = "\n".join(tell(explanation))
    assert "carrier (callee) goes by gateway sip.carrier.example (192.0.2.1:5060) of trunk carrier." in text


def test_a_call_that_goes_on() -> None:
    explanation = _explained((0, CallStarted("inbound", "1", "2", "carrier", "x")))
    assert tell(explanation)[-1] == "The call has not ended."


def test_a_queue_that_refused() -> None:
    explanation = _explained(
        (0, CallStarted("inbound", "1", "2", "carrier", "x")), (1, QueueRefused("v-9", "sales", "full"))
    )
    (visit,) = explanation.visits
    assert (visit.outcome, visit.reason, visit.position) == ("refused", "full", 0)
    assert any("Queue sales refused the contact: full." in line for line in tell(explanation))


def test_a_contact_put_out_of_the_queue_it_waited_in() -> None:
    explanation = _explained(
        (0, Queued("v-1", "sales", 0, 4, ())), (6, QueueRefused("v-1", "sales", "queue-removed"))
    )
    (visit,) = explanation.visits
    assert (visit.position, visit.outcome, visit.reason, visit.ended_at_us) == (
        4,
        "refused",
        "queue-removed",
        6 * S,
    )


def test_an_abandoned_wait_without_an_offer() -> None:
    explanation = _explained(
        (0, Queued("v-1", "sales", 0, 1, ())),
        (12, VisitEnded("v-1", "sales", "abandoned", "", "", 12 * S, 0)),
    )
    lines = tell(explanation)
    assert any("No agent was offered this contact while it waited." in line for line in lines)
    assert any("Left queue sales after a wait of 12.0 s: abandoned." in line for line in lines)


def test_two_visits_of_a_transferred_call() -> None:
    explanation = _explained(
        (0, Queued("v-1", "sales", 0, 1, ())),
        (9, VisitEnded("v-1", "sales", "ended", "transferred", "anna", 2 * S, 7 * S)),
        (9, Queued("v-1", "support", 5, 1, ("french>=1",))),
        (10, offer(3, "bob", "only candidate")),
        (12, OfferEnded("v-1", 3, "bob", "caller-gone")),
    )
    assert [visit.queue for visit in explanation.visits] == ["sales", "support"]
    assert [len(visit.offers) for visit in explanation.visits] == [0, 1]
    assert "The call has not ended." in tell(explanation)


def test_words_that_this_version_does_not_know_are_shown_as_they_are() -> None:
    unknown = offer(3, "bob", "coin toss")
    explanation = _explained((0, unknown), (1, OfferEnded("v-1", 3, "bob", "eaten")))
    text = "\n".join(tell(explanation))
    assert "because coin toss" in text
    assert "eaten" in text


def test_the_order_of_entries_does_not_matter() -> None:
    entries: list[Entry] = queued_call()
    assert explain(entries) == explain(entries[::-1])


def test_who_left_and_why() -> None:
    explanation = _explained(
        (0, LegOpened("l-1", "caller", "carrier")), (2, LegEnded("l-1", "normal", "caller", 200))
    )
    assert explanation.moments[0].detail == "carrier (caller) left: normal, by caller"


def test_a_name_from_the_wire_cannot_steer_the_terminal() -> None:
    explanation = _explained((0, CallStarted("inbound", "\x1b[2Jboo\udcff\n", "2", "carrier", "x")))
    headline = tell(explanation)[0]
    assert headline.isprintable()
    assert "?[2Jboo??" in headline


def test_an_offer_whose_end_is_missing_is_not_the_one_that_was_answered() -> None:
    explanation = _explained(
        (0, Queued("v-1", "support", 0, 1, ())),
        (1, offer(3, "anna", "score")),
        (2, offer(4, "bob", "score")),
        (5, AgentConnected("v-1", "support", "bob", 5 * S)),
    )
    (visit,) = explanation.visits
    assert [(one.agent, one.outcome) for one in visit.offers] == [("anna", ""), ("bob", "answered")]


def test_audio_is_told_in_plain_words() -> None:
    heard = LegMeasured(
        "l-1", "caller", "101", "", "", 990, 1000, 10, 4200, 9000, 0, 3, 50, 20_000, 80_000, 0, 433, 392, 300
    )
    explanation = _explained(
        (0, CallStarted("internal", "101", "102", "101", "sip-2")),
        (0, LegOpened("l-1", "caller", "101")),
        (2, AudioAlarm("l-1", "no-audio", True)),
        (3, AudioAlarm("l-1", "no-audio", False)),
        (9, ended(queue="", agent="")),
        (9, heard),
        (9, replace(heard, reports=0, round_trip_us=0, mos_heard=0, mos_worst=0, alarms=("silence",))),
    )
    text = "\n".join(tell(explanation))
    assert "101 (caller): nothing is heard of it, though it is spoken to." in text
    assert "101 (caller): it is heard again." in text
    assert (
        "audio of 101 (caller): heard 990 packets with 1.0% lost, jitter 4 ms, MOS 4.33; it was sent 1000"
        " and says 5.0% were lost, jitter 20 ms, MOS 3.92; round trip 80 ms; the worst five seconds MOS 3.00."
    ) in text
    assert "MOS -; it was sent 1000 and does not report what it heard; alarms: silence." in text


def test_tones_and_clipping_are_told_in_plain_words() -> None:
    explanation = _explained(
        (0, CallStarted("internal", "101", "102", "101", "sip-2")),
        (0, LegOpened("l-1", "callee", "carrier")),
        (2, ToneHeard("l-1", "vacant-code")),
        (3, AudioAlarm("l-1", "clipping", True)),
    )
    text = "\n".join(tell(explanation))
    assert "carrier (callee) is heard: the network's vacant-code tone." in text
    assert "carrier (callee): it is too loud, and cut off at the top." in text
