#include "opus_file.h"

#include <stdlib.h>
#include <string.h>

#include "codecs.h"
#include "ogg.h"

enum {
    CHANNELS_MAX = 2,
    FRAME_MS = 20,
    FRAME_SAMPLES_MAX = CODEC_RATE_HZ_MAX / 1000 * FRAME_MS,
    FRAME_TIME = OPUS_TIME_RATE / 1000 * FRAME_MS, /* in the units of granules */
    /* What the encoder looks ahead, for voice: 2.5 ms and 4 ms (RFC 7845 section 4.2). Players leave it out. */
    SKIPPED = 312,
    /* Speech is whole at 24 kbit/s in wide band; a channel that is silent takes less by itself. */
    BITRATE = 24000,
    PACKET_BYTES_MAX = 2 * CODEC_PAYLOAD_BYTES_MAX + 3,
};

struct opus_file {
    const struct codec *codec;
    unsigned channels, rate;
    void *encoders[CHANNELS_MAX];
    size_t frame_samples, filled; /* of one frame and channel */
    int16_t frame[CHANNELS_MAX][FRAME_SAMPLES_MAX];
    uint64_t samples; /* that were given, of one channel */
    uint64_t granule; /* of what was encoded */
    struct ogg_page page;
    uint8_t bytes[OGG_PAGE_BYTES_MAX];
};

bool opus_file_available(void)
{
    return codec_find(CODEC_OPUS, 8000) != NULL;
}

struct opus_file *opus_file_new(unsigned channels, unsigned rate)
{
    const struct codec *codec = codec_find(CODEC_OPUS, rate);
    struct opus_file *file = codec == NULL ? NULL : calloc(1, sizeof *file);
    if (file == NULL)
        return NULL;
    file->codec = codec;
    file->channels = channels;
    file->rate = rate;
    file->frame_samples = rate / 1000 * FRAME_MS;
    for (unsigned i = 0; i < channels; i++) {
        file->encoders[i] = malloc(codec->encoder_bytes);
        if (file->encoders[i] == NULL) {
            opus_file_free(file);
            return NULL;
        }
        codec->encoder_init(file->encoders[i], &(struct codec_settings){.bitrate = BITRATE});
    }
    return file;
}

void opus_file_free(struct opus_file *file)
{
    for (unsigned i = 0; file != NULL && i < CHANNELS_MAX; i++)
        free(file->encoders[i]);
    free(file);
}

static int write_page(struct opus_file *file, opus_page_taker take, void *taker)
{
    size_t bytes = ogg_page_write(&file->page, file->bytes);
    int reason = take(taker, file->bytes, bytes);
    if (reason == 0) {
        file->page.sequence++;
        file->page.first = false;
    }
    ogg_page_begin(&file->page);
    return reason;
}

int opus_file_begin(struct opus_file *file, opus_page_taker take, void *taker)
{
    uint8_t packet[80];
    /* One stream a file: its serial number tells it from nothing. */
    file->page.serial = 1;
    file->page.first = true;
    ogg_page_begin(&file->page);
    ogg_page_add(&file->page, packet, opus_head_write(packet, file->channels, file->rate, SKIPPED), 0);
    int reason = write_page(file, take, taker);
    if (reason != 0)
        return reason;
    ogg_page_add(&file->page, packet, opus_tags_write(packet), 0);
    return write_page(file, take, taker);
}

/* The frame that is full, as one packet. */
static size_t encode(struct opus_file *file, uint8_t packet[PACKET_BYTES_MAX])
{
    uint8_t payloads[CHANNELS_MAX][CODEC_PAYLOAD_BYTES_MAX];
    size_t bytes[CHANNELS_MAX] = {0};
    for (unsigned i = 0; i < file->channels; i++)
        bytes[i] = file->codec->encode(file->encoders[i], file->frame[i], file->frame_samples, payloads[i]);
    if (file->channels == 2)
        return opus_join(packet, payloads[0], bytes[0], payloads[1], bytes[1]);
    memcpy(packet, payloads[0], bytes[0]);
    return bytes[0];
}

static int add_frame(struct opus_file *file, opus_page_taker take, void *taker)
{
    uint8_t packet[PACKET_BYTES_MAX];
    size_t bytes = encode(file, packet);
    file->filled = 0;
    file->granule += FRAME_TIME;
    if (ogg_page_add(&file->page, packet, bytes, file->granule))
        return 0;
    int reason = write_page(file, take, taker);
    ogg_page_add(&file->page, packet, bytes, file->granule);
    return reason;
}

int opus_file_write(struct opus_file *file, const int16_t *samples, size_t frames, opus_page_taker take, void *taker)
{
    for (size_t i = 0; i < frames; i++) {
        for (unsigned channel = 0; channel < file->channels; channel++)
            file->frame[channel][file->filled] = *samples++;
        file->samples++;
        if (++file->filled < file->frame_samples)
            continue;
        int reason = add_frame(file, take, taker);
        if (reason != 0)
            return reason;
    }
    return 0;
}

int opus_file_flush(struct opus_file *file, opus_page_taker take, void *taker)
{
    return file->page.segments == 0 ? 0 : write_page(file, take, taker);
}

int opus_file_end(struct opus_file *file, opus_page_taker take, void *taker)
{
    uint64_t end = SKIPPED + file->samples * (OPUS_TIME_RATE / file->rate);
    /* The encoder still holds what it looked ahead: silence brings it out. */
    while (file->granule < end) {
        for (unsigned i = 0; i < file->channels; i++)
            memset(file->frame[i] + file->filled, 0, (file->frame_samples - file->filled) * sizeof(int16_t));
        int reason = add_frame(file, take, taker);
        if (reason != 0)
            return reason;
    }
    /* Less than its packets hold: players cut it to this (RFC 7845 section 4). A page without packets ends a file that
     * has just written all. */
    file->page.granule = end;
    file->page.last = true;
    return write_page(file, take, taker);
}
