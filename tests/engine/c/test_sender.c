#include "sender.h"

#include "check.h"

static struct sender sender;
static uint64_t now_us;

static void begin(uint16_t sequence, uint32_t timestamp)
{
    sender_open(&sender, 0xAAAA, sequence, timestamp);
    now_us = 1000000000;
}

static struct rtp_packet relay(uint32_t ssrc, uint16_t sequence, uint32_t timestamp)
{
    struct rtp_packet packet = {.ssrc = ssrc, .sequence = sequence, .timestamp = timestamp};
    CHECK(sender_relay(&sender, &packet, 160, 1, now_us, true));
    CHECK_EQUAL(packet.ssrc, 0xAAAA);
    return packet;
}

static struct rtp_packet own(void)
{
    struct rtp_packet packet = {0};
    sender_own(&sender, &packet, 160, now_us);
    return packet;
}

static void changes_of_source_are_seamless(void)
{
    begin(65535, 0xFFFFFFF0);
    struct rtp_packet packet = own();
    CHECK(packet.marker);
    CHECK_EQUAL(packet.sequence, 65535);
    CHECK_EQUAL(packet.timestamp, 0xFFFFFFF0);
    now_us += 20000;
    packet = own();
    CHECK(!packet.marker);
    CHECK_EQUAL(packet.sequence, 0);
    CHECK_EQUAL(packet.timestamp, 160 - 16); /* wrapped */

    now_us += 50000; /* the agent is heard 50 ms later */
    struct rtp_packet before = packet;
    packet = relay(1, 777, 5);
    CHECK(packet.marker);
    CHECK_EQUAL(packet.sequence, 1);
    CHECK_EQUAL(packet.timestamp, before.timestamp + 400);
    now_us += 20000;
    before = packet;
    packet = relay(1, 778, 165);
    CHECK(!packet.marker);
    CHECK_EQUAL(packet.sequence, 2);
    CHECK_EQUAL(packet.timestamp, before.timestamp + 160);

    now_us += 20000;
    before = packet;
    packet = relay(2, 60000, 123456); /* another agent's phone, or the same with a new SSRC */
    CHECK(packet.marker);
    CHECK_EQUAL(packet.sequence, 3);
    CHECK_EQUAL(packet.timestamp, before.timestamp + 160);
}

static void loss_and_reordering_stay_visible(void)
{
    begin(100, 0);
    CHECK_EQUAL(relay(1, 10, 1600).sequence, 100);
    now_us += 60000;
    struct rtp_packet packet = relay(1, 13, 2080);
    CHECK_EQUAL(packet.sequence, 103);
    CHECK_EQUAL(packet.timestamp, 480);
    packet = relay(1, 12, 1920);
    CHECK_EQUAL(packet.sequence, 102);
    CHECK_EQUAL(packet.timestamp, 320);
    now_us += 20000;
    CHECK_EQUAL(relay(1, 14, 2240).sequence, 104);
    /* What was sent before the source changed must not be sent over. */
    struct rtp_packet late = {.ssrc = 1, .sequence = 9, .timestamp = 1440};
    CHECK(!sender_relay(&sender, &late, 160, 1, now_us, true));
}

static void survives_a_day_of_packets(void)
{
    begin(0, 0);
    uint16_t expected = 0;
    for (uint32_t i = 0; i < 300000; i++) {
        now_us += 20000;
        CHECK_EQUAL(relay(1, (uint16_t)(i + 5), i * 160).sequence, expected++);
    }
}

static void restarted_clock_is_a_new_source(void)
{
    begin(0, 0);
    relay(1, 1, 160);
    now_us += 20000;
    struct rtp_packet packet = relay(1, 2, 0x80000000);
    CHECK(packet.marker);
    CHECK_EQUAL(packet.timestamp, 160);
    CHECK_EQUAL(packet.sequence, 1);
    /* Silence suppression is not: the timestamp went on with the clock. */
    now_us += 10000000;
    packet = relay(1, 3, 0x80000000 + 80000);
    CHECK(!packet.marker);
    CHECK_EQUAL(packet.timestamp, 160 + 80000);
}

static void swallowed_packets_leave_no_gap(void)
{
    begin(0, 0);
    relay(1, 10, 0);
    for (uint16_t sequence = 11; sequence < 16; sequence++) {
        struct rtp_packet event = {.ssrc = 1, .sequence = sequence, .timestamp = 160};
        sender_skip_relayed(&sender, &event);
    }
    now_us += 120000;
    struct rtp_packet packet = relay(1, 16, 960);
    CHECK_EQUAL(packet.sequence, 1);
    CHECK_EQUAL(packet.timestamp, 960);
    CHECK(!packet.marker);
}

static void long_key_does_not_disturb_the_clock(void)
{
    begin(0, 0);
    relay(1, 10, 0);
    for (uint16_t i = 0; i < 250; i++) {
        now_us += 20000;
        struct rtp_packet event = {.ssrc = 1, .sequence = (uint16_t)(11 + i), .timestamp = 160};
        CHECK(sender_relay(&sender, &event, 0, 1, now_us, false));
        CHECK_EQUAL(event.timestamp, 160);
    }
    now_us += 20000;
    struct rtp_packet packet = relay(1, 261, 251 * 160);
    CHECK_EQUAL(packet.timestamp, 251 * 160);
    CHECK(!packet.marker);
}

static void keys_of_our_own(void)
{
    begin(0, 0);
    own();
    now_us += 20000;
    uint32_t timestamp = sender_time(&sender, now_us);
    CHECK_EQUAL(timestamp, 160);
    for (int i = 0; i < 7; i++) {
        struct rtp_packet event = {0};
        sender_event(&sender, &event, timestamp, now_us);
        CHECK_EQUAL(event.sequence, 1 + i);
        now_us += 20000;
    }
    struct rtp_packet packet = own();
    CHECK(packet.marker);
    CHECK_EQUAL(packet.sequence, 8);
    CHECK_EQUAL(packet.timestamp, 160 + 7 * 160);
}

static uint16_t cut(uint16_t sequence, uint16_t pieces, bool timed)
{
    struct rtp_packet packet = {.ssrc = 1, .sequence = sequence, .timestamp = timed ? sequence * 480u : 0};
    now_us += 60000;
    CHECK(sender_relay(&sender, &packet, timed ? 480 : 0, pieces, now_us, timed));
    return packet.sequence;
}

static void packets_that_are_cut_take_several_numbers(void)
{
    begin(65530, 0);
    CHECK_EQUAL(cut(10, 3, true), 65530);
    CHECK_EQUAL(cut(11, 3, true), 65533);
    CHECK_EQUAL(cut(13, 3, true), 3); /* one was lost: three are missing */
    CHECK_EQUAL(cut(12, 3, true), 0); /* it was only late */
    CHECK_EQUAL(cut(14, 1, false), 6); /* a key in between is one packet, */
    CHECK_EQUAL(cut(15, 3, true), 7);
    struct rtp_packet late = {.ssrc = 1, .sequence = 13, .timestamp = 13 * 480};
    CHECK(!sender_relay(&sender, &late, 480, 3, now_us, true)); /* whose number those before do not know */
    CHECK_EQUAL(cut(16, 2, true), 10); /* a shorter packet, and from here on */
    CHECK_EQUAL(cut(17, 2, true), 12);
    CHECK_EQUAL(cut(19, 6, true), 16);
    late = (struct rtp_packet){.ssrc = 1, .sequence = 18, .timestamp = 18 * 480};
    CHECK(!sender_relay(&sender, &late, 480, 2, now_us, true));
    struct rtp_packet swallowed = {.ssrc = 1, .sequence = 20, .timestamp = 0};
    sender_skip_relayed(&sender, &swallowed);
    CHECK_EQUAL(cut(21, 6, true), 22);
    struct rtp_packet packet = own();
    CHECK_EQUAL(packet.sequence, 28);
    CHECK_EQUAL(cut(22, 6, true), 29);
}

void test_sender(void)
{
    packets_that_are_cut_take_several_numbers();
    changes_of_source_are_seamless();
    loss_and_reordering_stay_visible();
    survives_a_day_of_packets();
    restarted_clock_is_a_new_source();
    swallowed_packets_leave_no_gap();
    long_key_does_not_disturb_the_clock();
    keys_of_our_own();
}
