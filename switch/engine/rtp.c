#include "rtp.h"

#include "bounds.h"
#include "bytes.h"

enum rtp_verdict rtp_parse(uint8_t *datagram, size_t bytes, struct rtp_packet *packet)
{
    if (bytes < 2 || datagram[0] >> 6 != 2)
        return RTP_MALFORMED;
    if (rtp_is_control(datagram, bytes))
        return RTP_CONTROL;
    if (bytes < RTP_HEADER_BYTES)
        return RTP_MALFORMED;

    size_t start = RTP_HEADER_BYTES + (size_t)(datagram[0] & 0x0F) * 4;
    if (datagram[0] & 0x10) {
        if (bytes < start + 4)
            return RTP_MALFORMED;
        start += 4 + (size_t)read16(datagram + start + 2) * 4;
    }
    if (bytes < start)
        return RTP_MALFORMED;

    size_t padding = 0;
    if (datagram[0] & 0x20) {
        padding = datagram[bytes - 1];
        /* With an empty payload the last byte is the header's and counts nothing. */
        if (padding == 0 || padding > bytes - start)
            return RTP_MALFORMED;
    }
    packet->payload = datagram + start;
    packet->payload_bytes = bytes - start - padding;
    packet->marker = datagram[1] & 0x80;
    packet->payload_type = datagram[1] & 0x7F;
    packet->sequence = read16(datagram + 2);
    packet->timestamp = read32(datagram + 4);
    packet->ssrc = read32(datagram + 8);
    return RTP_VALID;
}

uint8_t *rtp_prepend_header(const struct rtp_packet *packet)
{
    uint8_t *start = packet->payload - RTP_HEADER_BYTES;
    start[0] = 2 << 6;
    start[1] = (uint8_t)((packet->marker ? 0x80 : 0) | packet->payload_type);
    write16(start + 2, packet->sequence);
    write32(start + 4, packet->timestamp);
    write32(start + 8, packet->ssrc);
    return start;
}

bool telephone_event_parse(const uint8_t *payload, size_t bytes, struct telephone_event *event)
{
    if (bytes < TELEPHONE_EVENT_BYTES)
        return false;
    event->event = payload[0];
    event->end = payload[1] & 0x80;
    event->volume = payload[1] & 0x3F;
    event->duration = read16(payload + 2);
    return true;
}

void telephone_event_write(const struct telephone_event *event, uint8_t *payload)
{
    payload[0] = event->event;
    payload[1] = (uint8_t)((event->end ? 0x80 : 0) | event->volume);
    write16(payload + 2, event->duration);
}
