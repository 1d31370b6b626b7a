"""The one order of what happened."""

from switch.journal.entry import Journal
from switch.journal.events import FlowStep

EVENT = FlowStep("main", "greet", "")


def test_sequences_have_no_gap_and_go_on_after_a_restart() -> None:
    journal = Journal(last_sequence=41)
    assert [journal.write(EVENT, now).sequence for now in range(3)] == [42, 43, 44]
    assert journal.last_sequence == 44


def test_each_entry_is_drained_once_and_in_order() -> None:
    journal = Journal()
    written = [journal.write(EVENT, now, tenant="shop", call="c-1") for now in range(3)]
    assert journal.drain() == written
    assert journal.drain() == []
    last = journal.write(EVENT, 3)
    assert journal.drain() == [last]


def test_wall_time_follows_a_clock_that_was_set() -> None:
    journal = Journal(wall_offset_us=1_000)
    assert journal.wall(5) == 1_005
    before = journal.write(EVENT, 5)
    journal.set_wall_offset(900)
    after = journal.write(EVENT, 6)
    assert [(entry.at, entry.wall_us) for entry in (before, after)] == [(5, 1_005), (6, 906)]
