/* Ogg pages (RFC 3533) of an Opus stream (RFC 7845), made in memory; whoever writes them does so whole.
 *
 * Two channels are two streams of one channel each, none coupled (mapping family 1): what one party says cannot
 * leak into the other's channel, and players see stereo. */
#ifndef SWITCH_ENGINE_OGG_H
#define SWITCH_ENGINE_OGG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    OGG_SEGMENTS_MAX = 255,
    OGG_HEADER_BYTES = 27,
    /* A packet that cannot be longer than this fits any page beside others. */
    OGG_PAGE_BYTES_MAX = OGG_HEADER_BYTES + OGG_SEGMENTS_MAX + OGG_SEGMENTS_MAX * 255,
    /* Opus counts at 48 kHz whatever it was made from. */
    OPUS_TIME_RATE = 48000,
};

struct ogg_page {
    uint32_t serial, sequence;
    uint64_t granule;
    bool first, last;
    uint16_t segments;
    uint32_t bytes; /* of the packets */
    uint8_t lacing[OGG_SEGMENTS_MAX];
    uint8_t packets[OGG_SEGMENTS_MAX * 255];
};

/* An empty page that follows the last one. */
void ogg_page_begin(struct ogg_page *page);

/* Adds a packet, whose last sample is at `granule`. False: it does not fit, write the page first. */
bool ogg_page_add(struct ogg_page *page, const uint8_t *packet, size_t bytes, uint64_t granule);

/* The page as bytes, which are at most OGG_PAGE_BYTES_MAX; how many. */
size_t ogg_page_write(const struct ogg_page *page, uint8_t *out);

/* The two packets with which a stream begins; how many bytes each. `out` has room for 80. */
size_t opus_head_write(uint8_t *out, unsigned channels, unsigned rate, unsigned skipped);
size_t opus_tags_write(uint8_t *out);

/* One packet of two streams from two packets of one frame each (RFC 6716 appendix B: the first says its length).
 * 0 where `left` is no packet of one frame. `out` has room for both and three bytes more. */
size_t opus_join(uint8_t *out, const uint8_t *left, size_t left_bytes, const uint8_t *right, size_t right_bytes);

#endif
