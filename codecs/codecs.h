/* Audio codecs of the switch. Plain C without Python; each codec is one file beside this header.
 *
 * Linear samples are 16 bits, native byte order. G.711 keeps 14 (mu-law) or 13 (A-law) of them. */
#ifndef SWITCH_CODECS_H
#define SWITCH_CODECS_H

#include <stddef.h>
#include <stdint.h>

/* The code for a sample of zero, which pads the last packet of a playback. */
#define G711_ULAW_SILENCE 0xFF
#define G711_ALAW_SILENCE 0xD5

/* ITU-T G.711, tables 1 and 2. Total functions: every input has an output. */
uint8_t g711_ulaw_encode(int16_t sample);
uint8_t g711_alaw_encode(int16_t sample);
int16_t g711_ulaw_decode(uint8_t code);
int16_t g711_alaw_decode(uint8_t code);

/* From one law to the other by the linear value between them. Held by whoever transcodes, so that
 * no thread shares a table that another one writes. */
struct g711_transcoder {
    uint8_t ulaw_to_alaw[256];
    uint8_t alaw_to_ulaw[256];
};

void g711_transcoder_init(struct g711_transcoder *transcoder);

/* Replaces each of `codes` by its entry in one of the two tables above. */
void g711_transcode(const uint8_t table[256], uint8_t *codes, size_t count);

#endif
