#include "ogg.h"

#include <string.h>

enum { FLAG_FIRST = 2, FLAG_LAST = 4, CHECKSUM_AT = 22 };

static uint8_t *little(uint8_t *bytes, unsigned count, uint64_t value)
{
    for (unsigned i = 0; i < count; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
    return bytes + count;
}

/* RFC 3533 section 6: polynomial 0x04c11db7, neither reflected nor inverted. By halves of bytes: a page comes once a
 * second. */
static uint32_t checksum(const uint8_t *bytes, size_t count)
{
    static const uint32_t table[16] = {
        0x00000000, 0x04c11db7, 0x09823b6e, 0x0d4326d9, 0x130476dc, 0x17c56b6b, 0x1a864db2, 0x1e475005,
        0x2608edb8, 0x22c9f00f, 0x2f8ad6d6, 0x2b4bcb61, 0x350c9b64, 0x31cd86d3, 0x3c8ea00a, 0x384fbdbd,
    };
    uint32_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum = sum << 4 ^ table[(sum >> 28 ^ bytes[i] >> 4) & 15];
        sum = sum << 4 ^ table[(sum >> 28 ^ bytes[i]) & 15];
    }
    return sum;
}

void ogg_page_begin(struct ogg_page *page)
{
    page->segments = 0;
    page->bytes = 0;
}

bool ogg_page_add(struct ogg_page *page, const uint8_t *packet, size_t bytes, uint64_t granule)
{
    size_t segments = bytes / 255 + 1;
    if (page->segments + segments > OGG_SEGMENTS_MAX)
        return false;
    for (size_t i = 0; i + 1 < segments; i++)
        page->lacing[page->segments++] = 255;
    page->lacing[page->segments++] = (uint8_t)(bytes % 255);
    memcpy(page->packets + page->bytes, packet, bytes);
    page->bytes += (uint32_t)bytes;
    page->granule = granule;
    return true;
}

size_t ogg_page_write(const struct ogg_page *page, uint8_t *out)
{
    memcpy(out, "OggS", 4);
    out[4] = 0;
    out[5] = (uint8_t)((page->first ? FLAG_FIRST : 0) | (page->last ? FLAG_LAST : 0));
    uint8_t *at = little(out + 6, 8, page->granule);
    at = little(at, 4, page->serial);
    at = little(at, 4, page->sequence);
    at = little(at, 4, 0);
    *at++ = (uint8_t)page->segments;
    memcpy(at, page->lacing, page->segments);
    memcpy(at + page->segments, page->packets, page->bytes);
    size_t bytes = OGG_HEADER_BYTES + page->segments + page->bytes;
    little(out + CHECKSUM_AT, 4, checksum(out, bytes));
    return bytes;
}

size_t opus_head_write(uint8_t *out, unsigned channels, unsigned rate, unsigned skipped)
{
    memcpy(out, "OpusHead", 8);
    out[8] = 1;
    out[9] = (uint8_t)channels;
    uint8_t *at = little(out + 10, 2, skipped);
    at = little(at, 4, rate);
    at = little(at, 2, 0); /* gain */
    *at++ = channels > 1;
    if (channels > 1) {
        *at++ = (uint8_t)channels; /* streams */
        *at++ = 0;                 /* of them coupled */
        for (unsigned channel = 0; channel < channels; channel++)
            *at++ = (uint8_t)channel;
    }
    return (size_t)(at - out);
}

size_t opus_tags_write(uint8_t *out)
{
    static const char vendor[] = "softswitch";
    memcpy(out, "OpusTags", 8);
    uint8_t *at = little(out + 8, 4, sizeof vendor - 1);
    memcpy(at, vendor, sizeof vendor - 1);
    at = little(at + sizeof vendor - 1, 4, 0); /* no comments */
    return (size_t)(at - out);
}

size_t opus_join(uint8_t *out, const uint8_t *left, size_t left_bytes, const uint8_t *right, size_t right_bytes)
{
    /* RFC 6716 section 3.1: the lowest bits of the first byte are 0 for one frame. */
    if (left_bytes == 0 || right_bytes == 0 || (left[0] & 3) != 0)
        return 0;
    size_t frame = left_bytes - 1;
    uint8_t *at = out;
    *at++ = left[0];
    /* Section 3.2.1: from 252 on in two bytes, the second counts fours. */
    if (frame < 252) {
        *at++ = (uint8_t)frame;
    } else {
        *at++ = (uint8_t)(252 + (frame & 3));
        *at++ = (uint8_t)((frame - 252 - (frame & 3)) / 4);
    }
    memcpy(at, left + 1, frame);
    memcpy(at + frame, right, right_bytes);
    return (size_t)(at - out) + frame + right_bytes;
}
