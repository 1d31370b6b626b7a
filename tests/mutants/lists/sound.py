"""What is heard, mixed, recorded and reported: each side alone, as long as it was, about whom it is."""

from tests.mutants.mutant import Mutant

_EAR = "switch/engine/ear.c"
_MOUTH = "switch/engine/mouth.c"
_JITTER = "switch/engine/jitter.c"
_MIX = "switch/engine/mix.c"
_RECORDER = "switch/engine/recorder.c"
_RECORDING = "switch/engine/recording.c"
_RTCP = "switch/engine/rtcp.c"
_DTMF = "switch/engine/dtmf.c"
_BY_C = "tests/engine/test_c.py::test_c_under_sanitizer[address,undefined]"
_BY_SOUND = "tests/engine/test_transcode.py::"
_BY_MIX = "tests/engine/test_mixing.py::"
_BY_FILE = "tests/engine/test_recording.py::"
_TEMPO = "codecs/tempo.c"
_PACE = "switch/engine/pace.c"
_BY_NOISE = "tests/engine/test_noise.py::"

MUTANTS = (
    Mutant(
        _EAR,
        "ear->held -= ear->frame_samples;",
        "ear->held -= ear->frame_samples / 2;",
        _BY_C,
    ),
    Mutant(
        _EAR,
        "if (samples == 0 || packet->payload_bytes > cell_bytes(ear->codec))",
        "if (samples == 0)",
        _BY_C,
    ),
    Mutant(
        _MOUTH,
        "mouth->packet_frames = ticks;",
        "mouth->packet_frames = 2;",
        _BY_SOUND + "test_packets_are_made_anew_in_the_packet_time_that_was_agreed[60]",
    ),
    Mutant(
        _MOUTH,
        "payload->units = mouth->held_frames * mouth->frame_units;",
        "payload->units = mouth->held_frames * mouth->frame_samples;",
        _BY_SOUND + "test_each_codec_is_heard_in_the_other[PCMA-G722]",
    ),
    Mutant(
        _JITTER,
        "if ((int32_t)(end - jitter->next) > (int32_t)(JITTER_DELAY_MS_MAX * jitter->units_per_ms))",
        "if ((int32_t)(end - jitter->next) > (int32_t)(9 * JITTER_DELAY_MS_MAX * jitter->units_per_ms))",
        "tests/engine/test_jitter.py::test_script",
    ),
    Mutant(
        _MIX,
        "heard[i] = own == NULL ? sum[i] : sum[i] - own[i];",
        "heard[i] = own == NULL ? sum[i] : sum[i];",
        _BY_MIX + "test_a_conference_of_three_hears_the_two_others",
    ),
    Mutant(
        _MIX,
        "if (loudest > LIMIT)",
        "if (loudest > 4 * LIMIT)",
        _BY_C,
    ),
    Mutant(
        _RECORDER,
        "bool wanted = stream->open && (stream->recording != NULL || "
        "(beside != NULL && beside->order.channels == 2));",
        "bool wanted = stream->open && stream->recording != NULL && beside == NULL;",
        _BY_FILE + "test_both_sides_of_a_talk_are_left_and_right",
    ),
    Mutant(
        _RECORDER,
        "recording->paused = paused;",
        "recording->paused = !paused;",
        _BY_FILE + "test_a_pause_is_silence_of_the_same_length",
    ),
    Mutant(
        _RECORDER,
        "taker->recording = giver->recording;",
        "taker->recording = NULL;",
        _BY_FILE + "test_it_goes_on_with_another_stream",
    ),
    Mutant(
        _RECORDING,
        "recording->skipped++;",
        "recording->skipped = 0;",
        _BY_C,
    ),
    Mutant(
        _RTCP,
        "if (bytes < start + blocks * BLOCK_BYTES)",
        "if (bytes < start)",
        _BY_C,
    ),
    Mutant(
        _RTCP,
        "report->has_block = read32(at) == about;",
        "report->has_block = read32(at) != about;",
        _BY_C,
    ),
    Mutant(
        _DTMF,
        "sender->before_ms = dtmf_sender_length_ms(sender) + KEY_PAUSE_MS;",
        "sender->before_ms = KEY_MS + KEY_PAUSE_MS;",
        _BY_SOUND + "test_keys_are_sent_as_long_as_they_are_said_to_be",
    ),
    Mutant(
        _MOUTH,
        "if (described % each != 0)",
        "if (described % each == 1)",
        _BY_NOISE + "test_silence_is_described_and_not_sent[0]",
    ),
    Mutant(
        "switch/engine/stream.c",
        "if (kind == PAYLOAD_NOISE && to->plan.noise_payload_type < 0) {",
        "if (kind == PAYLOAD_NOISE && now_us == 0) {",
        _BY_NOISE + "test_noise_for_one_that_takes_none_is_dropped_without_a_gap",
    ),
    Mutant(
        _TEMPO,
        "tempo->natural = place + count;",
        "tempo->natural = tempo->natural + count;",
        _BY_C,
    ),
    Mutant(
        _TEMPO,
        "if (found > best->likeness)",
        "if (found < best->likeness || best->likeness < 0)",
        "tests/codecs/test_tempo.py::test_a_tone_keeps_its_frequency[150-8000]",
    ),
    Mutant(
        _TEMPO,
        "tempo->parts = on % PERCENT;",
        "tempo->parts = 0;",
        "tests/codecs/test_tempo.py::test_speech_lasts_as_long_as_the_speed_says[111-8000]",
    ),
    Mutant(
        _PACE,
        "player->state = ahead(pace) > 0 ? PLAYER_RUNNING : PLAYER_ENDED;",
        "player->state = PLAYER_ENDED;",
        _BY_C,
    ),
    Mutant(
        _PACE,
        "return player_position(player, clips) - ahead(pace) / wide;",
        "return player_position(player, clips) - ahead(pace) % wide;",
        _BY_C,
    ),
    Mutant(
        _PACE,
        "pace->rate_hz = 0;",
        "pace->rate_hz += 0;",
        _BY_C,
    ),
)
