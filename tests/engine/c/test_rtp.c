#include "rtp.h"

#include <string.h>

#include "check.h"

/* Each datagram stands at the end of its own allocation, so that the sanitizer sees a byte read too far. */
static enum rtp_verdict parse(const void *bytes, size_t count, struct rtp_packet *packet)
{
    uint8_t *datagram = malloc(count == 0 ? 1 : count);
    memcpy(datagram, bytes, count);
    enum rtp_verdict verdict = rtp_parse(datagram, count, packet);
    if (verdict == RTP_VALID) {
        CHECK(packet->payload >= datagram + 12);
        CHECK(packet->payload + packet->payload_bytes <= datagram + count);
    }
    free(datagram);
    return verdict;
}

static void cut_at_every_byte(void)
{
    /* Two CSRCs, an extension of one word, four bytes of audio, three of padding. */
    static const uint8_t whole[] = {
        0xB2, 0x80 | 8, 0x12, 0x34, 0, 0, 0, 9, 0, 0, 0, 7, 1, 1, 1, 1, 2, 2, 2, 2,
        0xBE, 0xDE,     0,    1,    5, 5, 5, 5, 1, 2, 3, 4, 0, 0, 3,
    };
    struct rtp_packet packet;
    CHECK(parse(whole, sizeof whole, &packet) == RTP_VALID);
    CHECK_EQUAL(packet.payload_bytes, 4);
    CHECK_EQUAL(packet.sequence, 0x1234);
    CHECK_EQUAL(packet.timestamp, 9);
    CHECK_EQUAL(packet.ssrc, 7);
    CHECK_EQUAL(packet.payload_type, 8);
    CHECK(packet.marker);
    for (size_t count = 0; count < 28; count++)
        CHECK(parse(whole, count, &packet) == RTP_MALFORMED);
}

static void impossible_padding(void)
{
    uint8_t datagram[13] = {0xA0};
    struct rtp_packet packet;
    for (unsigned padding = 0; padding < 256; padding++) {
        datagram[12] = (uint8_t)padding;
        CHECK_EQUAL(parse(datagram, 13, &packet), padding == 1 ? RTP_VALID : RTP_MALFORMED);
    }
    datagram[11] = 1; /* the last byte of a header is no padding */
    CHECK_EQUAL(parse(datagram, 12, &packet), RTP_MALFORMED);
}

static void every_first_two_bytes(void)
{
    uint8_t datagram[64];
    struct rtp_packet packet;
    for (unsigned first = 0; first < 65536; first++) {
        memset(datagram, (int)(first * 7), sizeof datagram);
        datagram[0] = (uint8_t)(first >> 8);
        datagram[1] = (uint8_t)first;
        for (size_t count = 12; count <= sizeof datagram; count += 13)
            parse(datagram, count, &packet);
    }
}

static void header_round_trip(void)
{
    uint8_t buffer[32] = {0};
    struct rtp_packet out = {
        .payload = buffer + 20, .payload_bytes = 5, .timestamp = 0xFFFFFFFF, .ssrc = 0xDEADBEEF, .sequence = 0xFFFF,
        .payload_type = 101, .marker = true,
    };
    uint8_t *start = rtp_prepend_header(&out);
    struct rtp_packet in;
    CHECK(start == buffer + 8);
    CHECK(rtp_parse(start, 17, &in) == RTP_VALID);
    CHECK(in.payload == out.payload && in.payload_bytes == 5 && in.marker);
    CHECK_EQUAL(in.timestamp, out.timestamp);
    CHECK_EQUAL(in.ssrc, out.ssrc);
    CHECK_EQUAL(in.sequence, out.sequence);
    CHECK_EQUAL(in.payload_type, 101);
}

void test_rtp(void)
{
    cut_at_every_byte();
    impossible_padding();
    every_first_two_bytes();
    header_round_trip();
}
