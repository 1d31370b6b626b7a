#include "dtmf.h"

#include <string.h>

#include "check.h"

static struct dtmf_receiver receiver;
static struct key_press over[2];

static int hear(uint32_t timestamp, uint8_t key, uint16_t duration, bool end, uint64_t now_ms)
{
    struct rtp_packet packet = {.ssrc = 1, .timestamp = timestamp};
    struct telephone_event event = {.event = key, .duration = duration, .end = end};
    return dtmf_receive(&receiver, &packet, &event, now_ms * 1000, over);
}

static void begin(void)
{
    memset(&receiver, 0, sizeof receiver);
    receiver.units_per_ms = 8;
}

static void one_press_is_told_once(void)
{
    begin();
    CHECK_EQUAL(hear(0, 5, 160, false, 0), 0);
    CHECK_EQUAL(hear(0, 5, 320, false, 20), 0);
    CHECK_EQUAL(hear(0, 5, 800, true, 40), 1);
    CHECK_EQUAL(over[0].event, 5);
    CHECK_EQUAL(over[0].duration_ms, 100);
    CHECK_EQUAL(hear(0, 5, 800, true, 60), 0);
    CHECK_EQUAL(hear(0, 5, 800, true, 80), 0);
    CHECK_EQUAL(hear(0, 5, 480, false, 90), 0); /* late */
    CHECK(!dtmf_expire(&receiver, 10000000, over));
    CHECK_EQUAL(hear(1600, 5, 800, true, 200), 1); /* the same key again; its start was lost */
    CHECK_EQUAL(hear(0, 5, 800, true, 210), 0);    /* very late */
}

static void lost_end(void)
{
    begin();
    hear(0, 11, 400, false, 0);
    CHECK(!dtmf_expire(&receiver, 249000, over));
    CHECK(dtmf_expire(&receiver, 250000, over));
    CHECK_EQUAL(over[0].event, 11);
    CHECK_EQUAL(over[0].duration_ms, 50);
    CHECK(!dtmf_expire(&receiver, 900000, over));

    begin();
    hear(0, 1, 400, false, 0);
    CHECK_EQUAL(hear(1600, 2, 800, true, 100), 2);
    CHECK_EQUAL(over[0].event, 1);
    CHECK_EQUAL(over[1].event, 2);
}

static void a_key_held_for_ten_seconds_is_one(void)
{
    begin();
    hear(0, 9, 0xFFFF, false, 8191);
    CHECK_EQUAL(hear(0xFFFF, 9, 100, false, 8200), 0);
    CHECK_EQUAL(hear(0xFFFF, 9, 14465, true, 10000), 1);
    CHECK_EQUAL(over[0].duration_ms, 10000);
}

static void flash_is_no_key(void)
{
    begin();
    CHECK_EQUAL(hear(0, 16, 800, true, 0), 0);
    CHECK_EQUAL(hear(0, 255, 800, true, 0), 0);
    CHECK(!receiver.known);
}

static void keys_are_sent_in_time(void)
{
    struct dtmf_sender sender = {.units_per_ms = 8};
    struct digits digits = {.events = {1, 11}, .count = 2};
    CHECK_EQUAL(dtmf_sender_add(&sender, &digits, 100), 0);
    int packets = 0, ends = 0, firsts = 0;
    for (uint32_t tick = 100; tick < 140; tick++) {
        struct telephone_event event;
        CHECK(dtmf_sender_busy(&sender) || tick > 138);
        if (!dtmf_sender_busy(&sender))
            break;
        enum dtmf_action action = dtmf_sender_step(&sender, tick, &event);
        if (action == DTMF_WAIT)
            continue;
        uint32_t step = (tick - 100) % 20 / 2;
        CHECK_EQUAL((tick - 100) % 2, 0);
        CHECK_EQUAL(event.event, tick < 120 ? 1 : 11);
        CHECK_EQUAL(event.duration, step < 4 ? (step + 1) * 160 : 800);
        CHECK_EQUAL(event.end, step >= 4);
        packets++;
        ends += event.end;
        firsts += action == DTMF_FIRST_PACKET;
    }
    CHECK_EQUAL(packets, 14);
    CHECK_EQUAL(ends, 6);
    CHECK_EQUAL(firsts, 2);
    digits.count = DIGITS_MAX;
    CHECK_EQUAL(dtmf_sender_add(&sender, &digits, 200), 0);
    CHECK_EQUAL(dtmf_sender_add(&sender, &digits, 200), DIGITS_MAX);
}

void test_dtmf(void)
{
    one_press_is_told_once();
    lost_end();
    a_key_held_for_ten_seconds_is_one();
    flash_is_no_key();
    keys_are_sent_in_time();
}
