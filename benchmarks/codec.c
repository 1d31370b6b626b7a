/* One codec without anything around it: what the transcoding benchmark's packets carry, and what they cost.
 *
 *   codec NAME RATE SECONDS < samples > payloads
 *
 * Reads 16-bit samples at RATE, writes them as packets of 20 ms, each behind its length in two bytes, and before all of
 * them the units of the RTP clock that a packet lasts. Then packs and unpacks them for so long, and prints microseconds
 * of CPU a packet for each on the standard error. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "codecs.h"

enum { PACKET_MS = 20, PACKETS_MAX = 3000 };

static const struct codec *find(const char *name, uint32_t rate_hz)
{
    static const enum codec_id ids[] = {CODEC_PCMU, CODEC_PCMA, CODEC_G722, CODEC_OPUS};
    opus_load(OPUS_LIBRARY);
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        const struct codec *codec = codec_find(ids[i], rate_hz);
        if (codec != NULL && strcmp(codec->name, name) == 0)
            return codec;
    }
    return NULL;
}

static void write16(size_t value)
{
    putchar((int)(value >> 8));
    putchar((int)(value & 0xFF));
}

static double cpu_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

int main(int arguments, char **argument)
{
    static int16_t samples[PACKETS_MAX][CODEC_RATE_HZ_MAX / 1000 * PACKET_MS], decoded[CODEC_SAMPLES_MAX];
    static uint8_t payloads[PACKETS_MAX][CODEC_PAYLOAD_BYTES_MAX];
    static size_t bytes[PACKETS_MAX];
    const struct codec *codec = arguments == 4 ? find(argument[1], (uint32_t)atoi(argument[2])) : NULL;
    if (codec == NULL)
        return 2;
    size_t count = codec->sample_rate_hz / 1000 * PACKET_MS, packets = 0;
    void *encoder = calloc(1, codec->encoder_bytes + 1), *decoder = calloc(1, codec->decoder_bytes + 1);
    codec->encoder_init(encoder, &(struct codec_settings){0});
    codec->decoder_init(decoder);
    while (packets < PACKETS_MAX && fread(samples[packets], sizeof(int16_t), count, stdin) == count)
        packets++;
    if (packets == 0)
        return 2;
    write16(codec->rtp_clock_hz / 1000 * PACKET_MS);
    for (size_t i = 0; i < packets; i++) {
        bytes[i] = codec->encode(encoder, samples[i], count, payloads[i]);
        write16(bytes[i]);
        fwrite(payloads[i], 1, bytes[i], stdout);
    }
    double encoding = 0, decoding = 0, began = cpu_us();
    size_t done = 0;
    while (cpu_us() - began < atof(argument[3]) * 1e6) {
        double start = cpu_us();
        for (size_t i = 0; i < packets; i++)
            codec->encode(encoder, samples[i], count, payloads[i]);
        double middle = cpu_us();
        for (size_t i = 0; i < packets; i++)
            codec->decode(decoder, payloads[i], bytes[i], decoded);
        encoding += middle - start;
        decoding += cpu_us() - middle;
        done += packets;
    }
    fprintf(stderr, "%.3f %.3f\n", encoding / (double)done, decoding / (double)done);
    return 0;
}
