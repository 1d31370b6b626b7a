/* RTP's fixed header and what may stand around the payload (RFC 3550 section 5.1).
 *
 * The same format in Python is switch/rtp/packet.py, the reference that tests compare this with. */
#ifndef SWITCH_ENGINE_RTP_H
#define SWITCH_ENGINE_RTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rtp_packet {
    uint8_t *payload; /* into the datagram, at least 12 bytes behind its start */
    size_t payload_bytes;
    uint32_t timestamp, ssrc;
    uint16_t sequence;
    uint8_t payload_type;
    bool marker;
};

enum rtp_verdict {
    RTP_VALID,
    RTP_MALFORMED,
    RTP_CONTROL, /* RTCP on the same port (RFC 5761 section 4) */
};

/* RTCP's packet types 192 to 223 would be payload types 64 to 95 with the marker, which nobody assigns. */
static inline bool rtp_is_control(const uint8_t *datagram, size_t bytes)
{
    return bytes >= 2 && datagram[0] >> 6 == 2 && datagram[1] >= 192 && datagram[1] <= 223;
}

enum rtp_verdict rtp_parse(uint8_t *datagram, size_t bytes, struct rtp_packet *packet);

/* Writes a header without CSRC or extension into the 12 bytes before `packet->payload`, so that a payload is
 * sent from where it was received. Returns the datagram's start. */
uint8_t *rtp_prepend_header(const struct rtp_packet *packet);

/* RFC 4733 section 2.3: one named telephone event. */
struct telephone_event {
    uint8_t event, volume;
    bool end;
    uint16_t duration;
};

enum { TELEPHONE_EVENT_BYTES = 4 };

bool telephone_event_parse(const uint8_t *payload, size_t bytes, struct telephone_event *event);
void telephone_event_write(const struct telephone_event *event, uint8_t *payload);

#endif
