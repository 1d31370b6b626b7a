/* WAV: PCM of 16 bits, little-endian, behind a header of 44 bytes that says how much there is. */
#ifndef SWITCH_ENGINE_WAV_H
#define SWITCH_ENGINE_WAV_H

#include <stdint.h>

enum {
    WAV_HEADER_BYTES = 44,
};

/* What its four-byte sizes can say, in whole frames. */
#define WAV_DATA_BYTES_MAX (UINT32_MAX - 64u)

void wav_header(uint8_t header[WAV_HEADER_BYTES], unsigned channels, unsigned rate, uint32_t data_bytes);

#endif
