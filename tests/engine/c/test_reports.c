/* RTCP's numbers (RFC 3550 sections 6.2 to 6.4, A.3, A.7): intervals, blocks, round trips; and bytes that lie. */
#include "reports.h"

#include <string.h>

#include "bounds.h"
#include "check.h"

static const uint8_t cname[RTCP_CNAME_BYTES] = "0123456789abcdef";

static void written_reports_are_read_again(void)
{
    struct rtcp_report report = {
        .ssrc = 7, .is_sender = true, .ntp = 0x1122334455667788, .timestamp = 9, .packets = 10, .octets = 1600,
        .has_block = true,
        .block = {.ssrc = 8, .fraction_lost = 64, .lost = -5, .highest = 70000, .jitter = 30, .last_report = 3, .delay = 4},
        .bye = true,
    };
    uint8_t datagram[RTCP_REPORT_BYTES_MAX];
    struct rtcp_report heard;
    CHECK_EQUAL(rtcp_write(&report, cname, datagram), RTCP_REPORT_BYTES_MAX);
    CHECK(rtcp_read(datagram, sizeof datagram, 8, &heard));
    CHECK(heard.ssrc == 7 && heard.is_sender && heard.ntp == report.ntp && heard.octets == 1600 && heard.bye);
    CHECK(heard.has_block && heard.block.lost == -5 && heard.block.highest == 70000 && heard.block.delay == 4);
    CHECK(rtcp_read(datagram, sizeof datagram, 99, &heard) && !heard.has_block);
    for (size_t bytes = 0; bytes < sizeof datagram; bytes++) {
        bool whole = bytes == 52 || bytes == 52 + 28;
        CHECK_EQUAL(rtcp_read(datagram, bytes, 8, &heard), whole);
    }
}

/* Every byte replaced by every value, and the whole by noise: the sanitizers look at what is read. */
static void any_bytes_are_harmless(void)
{
    struct rtcp_report report = {.ssrc = 7, .is_sender = true, .has_block = true, .block = {.ssrc = 8}, .bye = true};
    uint8_t datagram[RTCP_REPORT_BYTES_MAX];
    size_t bytes = rtcp_write(&report, cname, datagram);
    struct rtcp_report heard;
    for (size_t at = 0; at < bytes; at++) {
        uint8_t kept = datagram[at];
        for (int value = 0; value < 256; value++) {
            datagram[at] = (uint8_t)value;
            uint8_t *exact = malloc(bytes); /* so that a byte too far is seen */
            memcpy(exact, datagram, bytes);
            rtcp_read(exact, bytes, 8, &heard);
            free(exact);
        }
        datagram[at] = kept;
    }
    uint64_t random = 1;
    for (int i = 0; i < 20000; i++) {
        size_t length = (size_t)(reports_interval_us(&random, false) % 97);
        uint8_t *noise = malloc(length + 1);
        for (size_t at = 0; at < length; at++)
            noise[at] = (uint8_t)reports_interval_us(&random, false);
        if (length > 4) {
            noise[0] = (uint8_t)(0x80 | (noise[0] & 0x3F));
            noise[1] = (uint8_t)(200 + noise[1] % 4);
            noise[2] = 0;
            noise[3] = (uint8_t)(noise[3] % (length / 4 + 1));
        }
        rtcp_read(noise, length, 8, &heard);
        free(noise);
    }
}

static void intervals_are_random_around_five_seconds(void)
{
    uint64_t random = 42, again = 42, least = UINT64_MAX, most = 0, sum = 0;
    for (int i = 0; i < 10000; i++) {
        uint64_t interval = reports_interval_us(&random, false);
        CHECK_EQUAL(interval, reports_interval_us(&again, false));
        least = interval < least ? interval : least;
        most = interval > most ? interval : most;
        sum += interval;
    }
    CHECK(least >= 2052000 && least < 2060000);
    CHECK(most <= 6157000 && most > 6140000);
    CHECK(sum / 10000 > 4050000 && sum / 10000 < 4160000);
    uint64_t first = reports_interval_us(&random, true);
    CHECK(first >= 1026000 && first <= 3079000);
}

static struct reception reception;
static struct reports reports;

static void hear(uint32_t ssrc, uint16_t sequence)
{
    struct rtp_packet packet = {.ssrc = ssrc, .sequence = sequence, .timestamp = sequence * 160u};
    reception_packet(&reception, &packet, 1000000 + sequence * 20000ull, true);
}

static void begin(void)
{
    memset(&reception, 0, sizeof reception);
    reports_open(&reports, cname, 1, 0);
}

static void loss_is_told_since_the_last_report_and_in_all(void)
{
    struct rtcp_block block;
    begin();
    CHECK(!reports_block(&reports, &reception, 0, &block));
    for (uint32_t i = 65500; i < 65600; i++)
        if (i % 4 != 0 || i == 65500)
            hear(5, (uint16_t)i);
    CHECK(reports_block(&reports, &reception, 0, &block));
    CHECK(block.ssrc == 5 && block.lost == 24 && block.fraction_lost == 24 * 256 / 100);
    CHECK_EQUAL(block.highest, 0x10000 + 63);
    CHECK_EQUAL(block.last_report, 0);
    CHECK(!reports_block(&reports, &reception, 0, &block)); /* nothing was heard since */
    for (uint32_t i = 64; i < 164; i++)
        hear(5, (uint16_t)i);
    CHECK(reports_block(&reports, &reception, 0, &block));
    CHECK(block.lost == 24 && block.fraction_lost == 0);
    hear(5, 170);
    hear(5, 170);
    hear(5, 170);
    hear(6, 4000); /* another source: its own count */
    hear(6, 4002);
    CHECK(reports_block(&reports, &reception, 0, &block));
    CHECK(block.ssrc == 6 && block.lost == 1 && block.fraction_lost == 256 / 3);
}

static void round_trip_is_measured_by_our_clock(void)
{
    const uint64_t offset = 1700000000000000, sent_us = 50000000;
    struct rtcp_report report = {
        .ssrc = 9, .is_sender = true, .ntp = 0xABCD0123456789ull, .has_block = true, .block = {.ssrc = 7, .highest = 5}};
    begin();
    report.block.last_report = ntp_middle(ntp_of(sent_us, offset));
    report.block.delay = 65536 / 2;
    reports_learn(&reports, &report, 100, 8, sent_us + 580000, offset);
    CHECK(reports.peer.round_trip_us > 79900 && reports.peer.round_trip_us < 80100);
    /* A peer whose delay is too long by more than a rounding, or by hours, is not believed. */
    for (int i = 0; i < 2; i++) {
        report.block.delay = i == 0 ? 65536 : 0x7FFFFFFF;
        reports_learn(&reports, &report, 100, 8, sent_us + 580000, offset);
        CHECK(reports.peer.round_trip_us > 79900 && reports.peer.round_trips == 1);
    }
    report.block.last_report = 0;
    reports_learn(&reports, &report, 100, 8, sent_us + 580000, offset);
    CHECK_EQUAL(reports.peer.round_trips, 1);

    hear(9, 1);
    struct rtcp_block block;
    CHECK(reports_block(&reports, &reception, sent_us + 1580000, &block));
    CHECK_EQUAL(block.last_report, ntp_middle(report.ntp));
    CHECK_EQUAL(block.delay, 65536);
}

static void a_peer_that_hears_nothing_is_seen(void)
{
    struct rtcp_report deaf = {.ssrc = 9}, hears = {.ssrc = 9, .has_block = true, .block = {.ssrc = 7, .highest = 10}};
    begin();
    reports_learn(&reports, &deaf, 49, 8, 1, 0); /* too little to tell */
    CHECK_EQUAL(reports.peer.deaf, 0);
    reports_learn(&reports, &deaf, 300, 8, 1, 0);
    reports_learn(&reports, &deaf, 600, 8, 1, 0);
    CHECK_EQUAL(reports.peer.deaf, 2);
    reports_learn(&reports, &hears, 900, 8, 1, 0);
    CHECK_EQUAL(reports.peer.deaf, 0);
    reports_learn(&reports, &hears, 1200, 8, 1, 0); /* the highest number stands still */
    CHECK_EQUAL(reports.peer.deaf, 1);
    reports_learn(&reports, &hears, 1200, 8, 1, 0); /* on hold nothing is sent, and nothing is missed */
    CHECK_EQUAL(reports.peer.deaf, 1);
}

void test_reports(void)
{
    written_reports_are_read_again();
    any_bytes_are_harmless();
    intervals_are_random_around_five_seconds();
    loss_is_told_since_the_last_report_and_in_all();
    round_trip_is_measured_by_our_clock();
    a_peer_that_hears_nothing_is_seen();
}
