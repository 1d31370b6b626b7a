"""G.711, bit for bit, and the two laws in each other's words."""

from tests.mutants.mutant import Mutant

_G711 = "codecs/g711.c"
_BY = "tests/codecs/test_g711.py::"

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
        "for (size_t i = 0; i < count; i++)",
        "for (size_t i = 1; i < count; i++)",
        _BY + "test_transcode_replaces_in_place",
    ),
)
