#include "wav.h"

#include <string.h>

static void little(uint8_t *bytes, unsigned count, uint32_t value)
{
    for (unsigned i = 0; i < count; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
}

void wav_header(uint8_t header[WAV_HEADER_BYTES], unsigned channels, unsigned rate, uint32_t data_bytes)
{
    unsigned frame_bytes = 2 * channels;
    memcpy(header, "RIFF....WAVEfmt ", 16);
    little(header + 4, 4, data_bytes + WAV_HEADER_BYTES - 8);
    little(header + 16, 4, 16);
    little(header + 20, 2, 1); /* PCM */
    little(header + 22, 2, channels);
    little(header + 24, 4, rate);
    little(header + 28, 4, rate * frame_bytes);
    little(header + 32, 2, frame_bytes);
    little(header + 34, 2, 16);
    memcpy(header + 36, "data", 4);
    little(header + 40, 4, data_bytes);
}
