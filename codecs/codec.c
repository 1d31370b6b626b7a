/* The table of codecs. */
#include "codecs.h"

static const struct codec *const TABLE[] = {
    &g711_ulaw_codec,
    &g711_alaw_codec,
    &g722_codec,
    &l16_8k_codec,
    &l16_16k_codec,
};

const struct codec *codec_find(enum codec_id id, uint32_t rate_hz)
{
    if (id == CODEC_OPUS)
        return opus_codec(rate_hz);
    for (size_t i = 0; i < sizeof TABLE / sizeof TABLE[0]; i++) {
        if (TABLE[i]->id == id && (rate_hz == 0 || TABLE[i]->sample_rate_hz == rate_hz))
            return TABLE[i];
    }
    return NULL;
}
