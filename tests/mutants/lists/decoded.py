"""The decoded path: nothing heard twice or out of time, no delay that stays, memory where it is needed."""

from tests.mutants.mutant import Mutant

_JITTER = "switch/engine/jitter.c"
_EAR = "switch/engine/ear.c"
_SOUND = "switch/engine/sound.c"
_SUPPLY = "switch/engine/supply.c"
_BY_SCRIPT = "tests/engine/test_jitter.py::test_script"
_BY_HOUR = "tests/engine/test_jitter_networks.py::test_an_hour_of_a_clock_that_drifts"
_BY_SOUND = "tests/engine/test_transcode.py::"

MUTANTS = (
    Mutant(
        _JITTER,
        "if (was_played || (cell->used && cell->sequence == packet->sequence)) {",
        "if (was_played && cell->used && cell->sequence == packet->sequence) {",
        _BY_SCRIPT,
    ),
    Mutant(
        _JITTER,
        "bool paused = jitter->pausing || "
        "(uint16_t)(cell->sequence - cell->asides) == jitter->next_sequence;",
        "bool paused = jitter->pausing && cell->sequence == jitter->next_sequence;",
        _BY_SCRIPT,
    ),
    Mutant(
        _JITTER,
        "forward = to_wanted > 0 ? (uint32_t)to_wanted : 0;",
        "forward = stood;",
        _BY_SCRIPT,
    ),
    Mutant(
        _JITTER,
        "jitter->next = end - target_units(jitter);",
        "jitter->next += 0;",
        _BY_SCRIPT,
    ),
    Mutant(
        _EAR,
        "bool cuts = excess_ms >= (ear->silent ? CUT_SILENCE_MS : CUT_SPEECH_MS);",
        "bool cuts = excess_ms > 1000;",
        _BY_HOUR,
    ),
    Mutant(
        _EAR,
        "bool fills = ear->silent && excess_ms <= FILL_SILENCE_MS;",
        "bool fills = false;",
        _BY_HOUR,
    ),
    Mutant(
        _SOUND,
        "if (ear == NULL || stream->listeners == 0 || ear_is_quiet(ear))",
        "if (ear == NULL || stream->listeners == 0)",
        _BY_SOUND + "test_who_is_silent_for_a_second_stops",
    ),
    Mutant(
        _SUPPLY,
        "return supply->takes_events || !partner->takes_events || supply_mouth(engine, slot);",
        "return true;",
        _BY_SOUND + "test_an_event_becomes_a_tone_for_a_partner_without_events",
    ),
    Mutant(
        "switch/engine/reporting.c",
        "if (report.has_block)",
        "if (report.has_block && now_us == 0)",
        "tests/engine/test_adapting.py::test_opus_is_corrected_once_packets_are_lost[True]",
    ),
    Mutant(
        "switch/engine/reporting.c",
        "if (report.has_block)",
        "if (report.has_block || now_us != 0)",
        "tests/engine/test_adapting.py::test_opus_is_corrected_once_packets_are_lost[True]",
    ),
    Mutant(
        "switch/engine/reporting.c",
        "if (report.has_block && reports->peer.reports == 0)",
        "if (report.has_block && reports->peer.reports != 0)",
        "tests/engine/test_adapting.py::test_opus_is_corrected_once_packets_are_lost[False]",
    ),
    Mutant(
        "codecs/opus.c",
        "if (encoder->correct)",
        "if (encoder->correct || loss_percent > 0)",
        "tests/codecs/test_opus.py::test_correction_is_sent_as_soon_as_packets_are_lost_and_not_before",
    ),
    Mutant(
        "switch/engine/threads.c",
        "atomic_load_explicit(&engine->shared->left[next->slot], memory_order_acquire) != next->move.number;",
        "next->move.number == 0;",
        "tests/engine/test_c.py::test_c_under_sanitizer[thread]",
    ),
)
