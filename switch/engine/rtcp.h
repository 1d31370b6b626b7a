/* RTCP's packets (RFC 3550 section 6): what we write, and what we believe of what comes.
 *
 * The same format in Python is switch/rtp/rtcp.py, the reference that tests compare this with. */
#ifndef SWITCH_ENGINE_RTCP_H
#define SWITCH_ENGINE_RTCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    /* RFC 7022 section 5: 96 random bits in base64, so that it says nothing of anybody. */
    RTCP_CNAME_BYTES = 16,
    /* A sender's report with one block, the name, and the good-bye. */
    RTCP_REPORT_BYTES_MAX = 52 + 28 + 8,
};

/* One report block (section 6.4.1), on what its writer has heard of one sender. */
struct rtcp_block {
    uint32_t ssrc;
    uint8_t fraction_lost; /* in 256ths, since the report before */
    int32_t lost;          /* since the beginning; negative where duplicates came */
    uint32_t highest;      /* extended sequence number */
    uint32_t jitter;       /* in units of the RTP clock */
    uint32_t last_report;  /* middle 32 bits of the NTP time in the last sender's report, 0: none came */
    uint32_t delay;        /* since that came, in 65536ths of a second */
};

/* One compound packet. In what comes, `block` is the one on `about`. */
struct rtcp_report {
    uint32_t ssrc;
    bool is_sender; /* then the next four stand */
    uint64_t ntp;
    uint32_t timestamp, packets, octets;
    bool has_block;
    struct rtcp_block block;
    bool bye;
};

/* A report, our name, and BYE if `report->bye`; returns its bytes. */
size_t rtcp_write(const struct rtcp_report *report, const uint8_t cname[RTCP_CNAME_BYTES],
                  uint8_t datagram[RTCP_REPORT_BYTES_MAX]);

/* Checks the whole compound packet (section A.2) before it believes any of it. False: it is none. Descriptions of
 * sources, feedback and whatever else is in it are stepped over: nothing here needs to know who somebody is. */
bool rtcp_read(const uint8_t *datagram, size_t bytes, uint32_t about, struct rtcp_report *report);

/* The middle 32 bits of an NTP time, in 65536ths of a second. */
uint32_t ntp_middle(uint64_t ntp);

/* An NTP time of a monotonic one. */
uint64_t ntp_of(uint64_t now_us, uint64_t wall_offset_us);

#endif
