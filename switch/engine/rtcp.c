#include "rtcp.h"

#include <string.h>

#include "bytes.h"

enum {
    TYPE_SENDER_REPORT = 200,
    TYPE_RECEIVER_REPORT = 201,
    TYPE_DESCRIPTION = 202,
    TYPE_BYE = 203,

    HEADER_BYTES = 4,
    SENDER_BYTES = 20,
    BLOCK_BYTES = 24,
    ITEM_CNAME = 1,
    /* The name's chunk: SSRC, type and length of the item, the name, and at least one zero up to a whole word. */
    DESCRIPTION_BYTES = HEADER_BYTES + 4 + (2 + RTCP_CNAME_BYTES + 1 + 3) / 4 * 4,
    BYE_BYTES = HEADER_BYTES + 4,
};

/* From 1900, where NTP begins, to 1970. */
#define NTP_EPOCH_S 2208988800ull

uint64_t ntp_of(uint64_t now_us, uint64_t wall_offset_us)
{
    uint64_t wall_us = now_us + wall_offset_us;
    return (wall_us / 1000000 + NTP_EPOCH_S) << 32 | (wall_us % 1000000 << 32) / 1000000;
}

uint32_t ntp_middle(uint64_t ntp)
{
    return (uint32_t)(ntp >> 16);
}

static uint8_t *write_header(uint8_t *at, uint8_t count, uint8_t type, size_t bytes)
{
    at[0] = (uint8_t)(2 << 6 | count);
    at[1] = type;
    write16(at + 2, (uint16_t)(bytes / 4 - 1));
    return at + HEADER_BYTES;
}

static uint8_t *write_block(uint8_t *at, const struct rtcp_block *block)
{
    write32(at, block->ssrc);
    write32(at + 4, (uint32_t)block->lost & 0xFFFFFF);
    at[4] = block->fraction_lost;
    write32(at + 8, block->highest);
    write32(at + 12, block->jitter);
    write32(at + 16, block->last_report);
    write32(at + 20, block->delay);
    return at + BLOCK_BYTES;
}

static void read_block(const uint8_t *at, struct rtcp_block *block)
{
    uint32_t lost = read32(at + 4) & 0xFFFFFF;
    *block = (struct rtcp_block){
        .ssrc = read32(at),
        .fraction_lost = at[4],
        .lost = lost & 0x800000 ? (int32_t)lost - 0x1000000 : (int32_t)lost,
        .highest = read32(at + 8),
        .jitter = read32(at + 12),
        .last_report = read32(at + 16),
        .delay = read32(at + 20),
    };
}

size_t rtcp_write(const struct rtcp_report *report, const uint8_t cname[RTCP_CNAME_BYTES],
                  uint8_t datagram[RTCP_REPORT_BYTES_MAX])
{
    size_t bytes = HEADER_BYTES + 4 + (report->is_sender ? SENDER_BYTES : 0) + (report->has_block ? BLOCK_BYTES : 0);
    uint8_t *at = write_header(datagram, report->has_block,
                               report->is_sender ? TYPE_SENDER_REPORT : TYPE_RECEIVER_REPORT, bytes);
    write32(at, report->ssrc);
    at += 4;
    if (report->is_sender) {
        write32(at, (uint32_t)(report->ntp >> 32));
        write32(at + 4, (uint32_t)report->ntp);
        write32(at + 8, report->timestamp);
        write32(at + 12, report->packets);
        write32(at + 16, report->octets);
        at += SENDER_BYTES;
    }
    if (report->has_block)
        at = write_block(at, &report->block);

    memset(at, 0, DESCRIPTION_BYTES);
    uint8_t *chunk = write_header(at, 1, TYPE_DESCRIPTION, DESCRIPTION_BYTES);
    write32(chunk, report->ssrc);
    chunk[4] = ITEM_CNAME;
    chunk[5] = RTCP_CNAME_BYTES;
    memcpy(chunk + 6, cname, RTCP_CNAME_BYTES);
    at += DESCRIPTION_BYTES;

    if (report->bye) {
        write32(write_header(at, 1, TYPE_BYE, BYE_BYTES), report->ssrc);
        at += BYE_BYTES;
    }
    return (size_t)(at - datagram);
}

/* The report that opens each compound packet. */
static bool read_first(const uint8_t *packet, size_t bytes, uint32_t about, struct rtcp_report *report)
{
    report->is_sender = packet[1] == TYPE_SENDER_REPORT;
    size_t blocks = packet[0] & 0x1F;
    size_t start = HEADER_BYTES + 4 + (report->is_sender ? SENDER_BYTES : 0);
    if (bytes < start + blocks * BLOCK_BYTES)
        return false;
    report->ssrc = read32(packet + 4);
    if (report->is_sender) {
        report->ntp = (uint64_t)read32(packet + 8) << 32 | read32(packet + 12);
        report->timestamp = read32(packet + 16);
        report->packets = read32(packet + 20);
        report->octets = read32(packet + 24);
    }
    for (size_t i = 0; i < blocks && !report->has_block; i++) {
        const uint8_t *at = packet + start + i * BLOCK_BYTES;
        report->has_block = read32(at) == about;
        if (report->has_block)
            read_block(at, &report->block);
    }
    return true;
}

static bool read_bye(const uint8_t *packet, size_t bytes, struct rtcp_report *report)
{
    size_t sources = packet[0] & 0x1F;
    if (bytes < HEADER_BYTES + sources * 4)
        return false;
    for (size_t i = 0; i < sources; i++)
        report->bye = report->bye || read32(packet + HEADER_BYTES + i * 4) == report->ssrc;
    return true;
}

bool rtcp_read(const uint8_t *datagram, size_t bytes, uint32_t about, struct rtcp_report *report)
{
    memset(report, 0, sizeof *report);
    for (size_t at = 0; at < bytes;) {
        const uint8_t *packet = datagram + at;
        if (bytes - at < HEADER_BYTES || packet[0] >> 6 != 2)
            return false;
        size_t length = ((size_t)read16(packet + 2) + 1) * 4;
        bool is_last = at + length == bytes;
        /* Only the last may be padded, and the first not even then, for it never stands alone. */
        bool is_padded = packet[0] & 0x20;
        if (length > bytes - at || (is_padded && (at == 0 || !is_last)))
            return false;
        if (at == 0) {
            bool is_report = packet[1] == TYPE_SENDER_REPORT || packet[1] == TYPE_RECEIVER_REPORT;
            if (!is_report || !read_first(packet, length, about, report))
                return false;
        } else if (packet[1] == TYPE_BYE && !read_bye(packet, length, report)) {
            return false;
        }
        at += length;
    }
    return bytes > 0;
}
