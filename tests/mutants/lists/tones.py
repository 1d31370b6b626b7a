"""Networks' tones, packets that are cut, names of members, sources under one key."""

from tests.mutants.mutant import Mutant

_TONES = "switch/exchange/tones.py"
_BY_TONES = "tests/exchange/test_tones.py"
_RELAY = "tests/engine/test_relay.py::"

MUTANTS = (
    Mutant(_TONES, "return _CAUSES[tone] if goes_on or another else None", "return _CAUSES[tone]", _BY_TONES),
    Mutant(_TONES, "return _HUNG_UP if tone in _ENDS_A_LINE else None", "return _HUNG_UP", _BY_TONES),
    Mutant(
        "switch/exchange/endings.py",
        "outcome = dials.outcome_of(cause) if cause in tones.REFUSALS else DialOutcome.ENDED",
        "outcome = DialOutcome.ENDED",
        _BY_TONES,
    ),
    Mutant(
        "switch/engine/detection.c",
        "return detection->pause_ticks > 0;",
        "return false;",
        "tests/engine/test_detection.py::test_who_answers_is_not_judged_by_the_tones_of_a_network",
    ),
    Mutant(
        "switch/engine/stream.c",
        "piece.timestamp += piece_units;",
        "piece.timestamp += 0 * piece_units;",
        _RELAY + "test_no_packet_is_longer_than_its_receiver_takes",
    ),
    Mutant(
        "switch/engine/sender.c",
        "sender->sequence_offset = (uint16_t)(sender->sequence_offset - (sender->pieces - pieces));",
        "(void)pieces;",
        _RELAY + "test_keys_between_packets_that_are_cut",
    ),
    Mutant(
        "switch/engine/stream.c",
        "from->packets_left -= from->packets_left < pieces - 1u ? from->packets_left : pieces - 1u;",
        "",
        "tests/engine/test_flood.py::test_a_flood_does_not_become_several_by_being_cut",
    ),
    Mutant(
        "switch/engine/security.c",
        "if (security->heard_count == SOURCES_MAX)",
        "if (security->heard_count == SOURCES_MAX && authentic)",
        "tests/engine/test_srtp.py::test_a_peer_with_ever_new_sources_is_bounded",
    ),
    Mutant(
        "switch/exchange/mail.py",
        "if is_name(path):",
        "if False:",
        "tests/exchange/test_conferences.py::test_members_are_announced_by_the_names_that_they_say",
    ),
)
