"""G.711, bit for bit, and the two laws in each other's words."""

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
)
