"""Bits of G.711 and G.722, what Opus repairs, what the resampler lets through, and what fills gaps."""

from tests.mutants.mutant import Mutant

_G711 = "codecs/g711.c"
_BY = "tests/codecs/test_g711.py::"
_PLC = "codecs/plc.c"
_BY_PLC = "tests/codecs/test_plc.py::"

MUTANTS = (
    Mutant(
        _G711,
        "return sample < 0 ? ~sample : sample;",
        "return sample < 0 ? -sample : sample;",
        _BY + "test_encode_is_bit_exact",
    ),
    Mutant(
        _G711,
        "if (biased > ULAW_MAGNITUDE_MAX)",
        "if (biased > ULAW_MAGNITUDE_MAX + 1)",
        _BY + "test_encode_is_bit_exact",
    ),
    Mutant(
        _G711,
        "int value = ((((step << 1) + 33) << segment) - ULAW_BIAS) * 4;",
        "int value = (((step << 1) + 33) << segment) * 4;",
        _BY + "test_decode_is_bit_exact",
    ),
    Mutant(
        _G711,
        "int value = segment == 0 ? (step << 1) + 1 : ((step << 1) + 33) << (segment - 1);",
        "int value = ((step << 1) + 33) << (segment > 0 ? segment - 1 : 0);",
        _BY + "test_decode_is_bit_exact",
    ),
    Mutant(
        _G711,
        "transcoder->ulaw_to_alaw[code] = g711_alaw_encode(g711_ulaw_decode((uint8_t)code));",
        "transcoder->ulaw_to_alaw[code] = g711_alaw_encode(g711_alaw_decode((uint8_t)code));",
        _BY + "test_transcoding_keeps_sign_order_and_level",
    ),
    Mutant(
        _G711,
        "codes[i] = table[codes[i]];",
        "codes[0] = table[codes[0]];",
        _BY + "test_transcode_replaces_in_place",
    ),
    Mutant(
        _PLC,
        "plc->offset = offset % plc->pitch;",
        "plc->offset = offset % plc->pitch / 2;",
        _BY_PLC + "test_it_is_the_itus_reference_within_one_step",
    ),
    Mutant(
        _PLC,
        "size_t seam = plc->pitch / 4 + SEAM_GROWTH_8K * plc->rate * (plc->lost_frames - 1);",
        "size_t seam = plc->pitch / 4 + SEAM_GROWTH_8K * plc->rate * plc->lost_frames;",
        _BY_PLC + "test_it_is_the_itus_reference_within_one_step",
    ),
    Mutant(
        _PLC,
        "if (plc->lost_frames < FADED_FRAMES)",
        "if (plc->lost_frames < FADED_FRAMES - 3)",
        _BY_PLC + "test_a_long_gap_is_silent_after_60_ms_and_fades_until_then",
    ),
    Mutant(
        "codecs/g722.c",
        "unsigned code = error >= 0 ? 61 - step : step < 2 ? 63 - step : 33 - step;",
        "unsigned code = error >= 0 ? 61 - step : step < 1 ? 63 - step : 33 - step;",
        "tests/codecs/test_g722.py::test_encode_is_bit_exact",
    ),
    Mutant(
        "codecs/g722.c",
        "band->poles[1] = (int16_t)limited(first, 15360 - second);",
        "band->poles[1] = (int16_t)limited(first, 15360);",
        "tests/codecs/test_g722.py::test_decode_is_bit_exact",
    ),
    Mutant(
        "codecs/opus.c",
        "done = library.decode(state, next, (int32_t)next_bytes, samples, (int)count, 1);",
        "done = library.decode(state, next, (int32_t)next_bytes, samples, (int)count, 0);",
        "tests/codecs/test_opus.py::test_a_lost_packet_is_repaired_from_the_next_one",
    ),
    Mutant(
        "codecs/opus.c",
        "if (bytes < 0 || (encoder->pause && bytes <= SILENCE_BYTES))",
        "if (bytes < 0)",
        "tests/codecs/test_opus.py::test_dtx_sends_nothing_in_silence_and_goes_on_with_speech",
    ),
    Mutant(
        "codecs/comfort_noise.c",
        "noise->drive = SPREAD * sqrtf(share);",
        "noise->drive = SPREAD;",
        "tests/codecs/test_comfort_noise.py::test_the_level_told_is_the_level_heard",
    ),
    Mutant(
        "codecs/resample.c",
        "filter[taps - 1 - i] = (float)(tap(i * phases + phase, all, CUTOFF / factor) / sum);",
        "filter[taps - 1 - i] = (float)(tap(i * phases + phase, all, 1.1 * CUTOFF / factor) / sum);",
        "tests/codecs/test_resample.py::test_nothing_folds_back_from_above",
    ),
    Mutant(
        "codecs/resample.c",
        "memcpy(resampler->kept, heard + count, kept * sizeof heard[0]);",
        "memcpy(resampler->kept, heard, kept * sizeof heard[0]);",
        "tests/codecs/test_resample.py::test_pieces_give_what_the_whole_gives",
    ),
)
